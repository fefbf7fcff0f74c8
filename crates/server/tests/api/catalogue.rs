mod card_issuers;
mod conditional;
mod identification_types;
mod installments;
mod other_lists;
mod payment_methods;
mod search;
