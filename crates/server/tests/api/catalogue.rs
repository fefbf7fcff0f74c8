mod card_issuers;
mod identification_types;
mod payment_methods;
mod search;
