// What goes wrong in a brick, under the names that pages know.
import type { BrickError } from '../bricks';

const MESSAGES = {
  already_initialized: 'There is a brick in this container already; unmount it to make another one',
  amount_is_not_number: 'initialization.amount should be a number above zero',
  amount_is_not_number_in_update: 'update: amount should be a number above zero',
  card_token_creation_failed: 'The card token could not be made',
  secure_fields_card_token_creation_failed: 'The card token could not be made',
  container_not_found: 'There is no element with the container’s id',
  fields_setup_failed: 'The card’s fields could not be loaded',
  financial_institution_not_found: 'The method has no bank to choose',
  get_card_bin_payment_methods_failed: 'The card’s payment method could not be looked up',
  get_card_issuers_failed: 'The card’s issuers could not be looked up',
  get_identification_types_failed: 'The document types could not be looked up',
  get_payment_data_failed: 'The payment could not be looked up',
  get_payment_installments_failed: 'The installments could not be looked up',
  get_payment_methods_failed: 'The payment methods could not be looked up',
  get_preference_details_failed: 'The preference could not be looked up',
  get_saved_cards_failed: 'The saved cards could not be looked up',
  incomplete_fields: 'The form is not complete',
  incorrect_initialization: 'The brick was not given what it needs',
  invalid_fast_payment_token: 'Fast payments are not supported here',
  invalid_preference_purpose: 'The preference is not for this purpose',
  missing_amount_property: 'initialization.amount is missing',
  missing_container_id: 'The container’s id is missing',
  missing_payment_information: 'No payment method is chosen',
  missing_payment_type: 'customization.paymentMethods names no method that can pay this amount',
  missing_required_callbacks: 'A callback is missing',
  missing_required_review_props: 'The review step needs initialization.items',
  no_installments_in_selected_range: 'The card has no installments between minInstallments and maxInstallments',
  no_issuers_found_for_card: 'The card has no issuer',
  no_payment_method_for_provided_bin: 'No payment method has this card',
  no_preference_provided: 'There is no preference: give initialization.preferenceId, or resolve onSubmit with its id',
  payment_method_not_in_allowed_methods: 'The card’s payment method is not among those that customization allows',
  payment_method_not_in_allowed_types: 'The card’s type is not among those that customization allows',
  payment_review_invalid_update_object: 'update: nothing that can be updated was given',
  settings_empty: 'The settings are missing',
  unauthorized_payment_method: 'The payment method is not offered to this seller',
  window_redirect_was_blocked: 'The browser did not let the page be opened',
} satisfies Record<string, string>;

export type ErrorCause = keyof typeof MESSAGES;

export function brickError(type: BrickError['type'], cause: ErrorCause, detail = ''): BrickError {
  return { type, cause, message: detail ? `${MESSAGES[cause]}: ${detail}` : MESSAGES[cause] };
}
