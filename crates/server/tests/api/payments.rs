mod change;
mod create;
mod every_method;
mod idempotency;
mod read;
mod refunds;
mod refusals;
mod search;
