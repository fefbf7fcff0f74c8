//! The REST API, route by route: a given world, a request, what is answered. Start reading at `test_app.rs`.

mod authentication;
mod browser;
mod card_tokens;
mod cards;
mod catalogue;
mod checkout;
mod customers;
mod hosted_pages;
mod hostile;
mod library;
mod openapi;
mod payment_shape;
mod payments;
mod promotions;
mod quality;
mod sandbox;
mod secrets;
mod test_app;
mod users;
mod webhooks;
