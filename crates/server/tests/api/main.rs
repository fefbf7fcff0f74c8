//! The REST API, route by route: a given world, a request, what is answered. Start reading at `test_app.rs`.

mod applications;
mod authentication;
mod branding;
mod browser;
mod card_tokens;
mod cards;
mod catalogue;
mod checkout;
mod customers;
mod going_live;
mod hosted_pages;
mod hostile;
mod library;
mod oauth;
mod openapi;
mod panel;
mod payment_shape;
mod payments;
mod pix_keys;
mod promotions;
mod quality;
mod sandbox;
mod secrets;
mod test_app;
mod users;
mod webhooks;
