// What a card's first digits tell: its method, its issuers, and what it costs in instalments; as far as the brick allows them.
import type { Issuer, PaymentMethod } from '../../core';
import type { Brick } from '../brick';
import type { ErrorCause } from '../errors';

export interface PayerCost {
  installments: number;
  installment_rate: number;
  installment_amount: number;
  total_amount: number;
  recommended_message: string;
  labels?: string[];
  payment_method_option_id?: string | null;
}

/** What cards a form takes. */
export interface Allowed {
  /** `credit_card`, `debit_card`, `prepaid_card`. */
  types: string[];
  /** Ids of methods; all of the types where there is none. */
  methods?: string[];
  minInstallments?: number;
  maxInstallments?: number;
}

/** Why a card can't pay here. */
export class LookupError extends Error {
  constructor(
    readonly errorCause: ErrorCause,
    /** What the buyer reads. */
    readonly text: string,
    readonly at: 'card' | 'installments' | 'network',
  ) {
    super(text);
  }
}

export class CardLookup {
  constructor(
    private readonly brick: Brick,
    private readonly allowed: Allowed,
  ) {}

  async method(bin: string): Promise<PaymentMethod> {
    const { words, core } = this.brick;
    const { results } = await this.look('get_card_bin_payment_methods_failed', core.getPaymentMethods({ bin }));
    if (results.length === 0) throw new LookupError('no_payment_method_for_provided_bin', words.unknownCard, 'card');
    const ofType = results.filter(({ payment_type_id: type }) => this.allowed.types.includes(type));
    if (ofType.length === 0) throw new LookupError('payment_method_not_in_allowed_types', words.typeNotTaken, 'card');
    const { methods } = this.allowed;
    const method = ofType.find(({ id }) => !methods || methods.includes(id));
    if (!method) throw new LookupError('payment_method_not_in_allowed_methods', words.typeNotTaken, 'card');
    return method;
  }

  /** The issuers among which the buyer must choose; none where the card tells its own. */
  async issuers(method: PaymentMethod, bin: string): Promise<Issuer[]> {
    if (!method.additional_info_needed.includes('issuer_id')) return [];
    const found = await this.look('get_card_issuers_failed', this.brick.core.getIssuers({ paymentMethodId: method.id, bin }));
    if (found.length === 0) throw new LookupError('no_issuers_found_for_card', this.brick.words.unknownCard, 'card');
    return found;
  }

  async installments(card: { methodId: string; typeId: string; issuerId?: string }, bin: string, amount: number): Promise<PayerCost[]> {
    const { words, core, locale } = this.brick;
    const asked = { amount: String(amount), bin, paymentTypeId: card.typeId, payment_method_id: card.methodId, ...(card.issuerId && { issuer_id: card.issuerId }), locale };
    const found = await this.look('get_payment_installments_failed', core.getInstallments(asked));
    const offer = found.find(({ payment_method_id: id }) => id === card.methodId) ?? found[0];
    const { minInstallments = 1, maxInstallments = Infinity } = this.allowed;
    const all = (offer?.payer_costs ?? []) as unknown as PayerCost[];
    const rows = all.filter(({ installments }) => installments >= minInstallments && installments <= maxInstallments);
    if (rows.length === 0) throw new LookupError('no_installments_in_selected_range', words.noInstallments, 'installments');
    return rows;
  }

  private async look<T>(cause: ErrorCause, asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch {
      throw new LookupError(cause, this.brick.words.notReached, 'network');
    }
  }
}
