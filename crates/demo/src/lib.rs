//! Barro, a ceramics shop that takes payments through Pasarela: the code to start reading when you build your own.
//!
//! It knows the platform as every shop does: by its address, two keys and a secret. Each way to pay is one file of `pay/`
//! with one script of `assets/`; each page shows them beside itself, and what is shown is what runs. `webhooks.rs` is
//! where the shop learns what became of a payment, `orders.rs` what it does about it, `seller.rs` the shop's back office.
//!
//! Never here: anything of the platform's own code, or a call that another shop couldn't make.

mod bank;
mod fulfilment;
mod goods;
mod orders;
mod orders_pages;
mod page;
mod pay;
mod platform;
mod seller;
mod source;
mod storefront;
mod visit;
mod webhooks;
mod words;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use orders::OrderBook;
use platform::Platform;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Where the shop keeps the secret that webhooks are signed with. It is asked for each webhook: who owns the shop may change the
/// secret at the platform any day.
pub type WebhookSecret = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send + Sync>;

/// What a shop is told before it opens.
#[derive(Clone)]
pub struct Settings {
    /// Where the platform is, for this server and for its buyers' browsers: `http://127.0.0.1:8080`.
    pub platform_url: String,
    /// Where buyers find the shop: `http://localhost:8081`.
    pub url: String,
    /// Where the platform finds it: `http://127.0.0.1:8081`.
    pub inner_url: String,
    /// The key that pages use.
    pub public_key: String,
    /// The key that stays on this server.
    pub access_token: String,
    /// What webhooks are signed with.
    pub webhook_secret: WebhookSecret,
    /// E-mail and password of a test buyer with money in its wallet, which are shown to whoever pays by it.
    pub buyer: (String, String),
    /// The file of orders; without one they are forgotten when the shop closes.
    pub orders_file: Option<PathBuf>,
}

/// An open shop.
#[derive(Clone)]
pub struct Shop {
    settings: Arc<Settings>,
    platform: Arc<Platform>,
    orders: Arc<OrderBook>,
}

impl Shop {
    /// Opens the shop with the orders that it knows from last time.
    ///
    /// # Errors
    /// When the file of orders is there and can't be read, or the platform's address is none.
    pub fn open(settings: Settings) -> io::Result<Shop> {
        let platform = Platform::new(&settings.platform_url, &settings.access_token)?;
        let orders = OrderBook::open(settings.orders_file.clone())?;
        Ok(Shop { settings: Arc::new(settings), platform: Arc::new(platform), orders: Arc::new(orders) })
    }

    /// Serves buyers and the platform at `listener` until `closed` resolves.
    pub async fn serve(self, listener: TcpListener, closed: impl Future<Output = ()> + Send + 'static) {
        if let Err(error) = axum::serve(listener, self.router()).with_graceful_shutdown(closed).await {
            tracing::error!(%error, "the demo shop has closed");
        }
    }

    fn router(self) -> Router {
        let router = Router::new()
            .route("/", get(storefront::shelf))
            .route("/cart", get(storefront::cart).post(storefront::change_cart))
            .route("/orders", get(orders_pages::list).post(storefront::order))
            .route("/orders/{id}", get(orders_pages::order))
            .route("/orders/{id}/version", get(orders_pages::version))
            .route("/orders/{id}/bank", post(bank::act))
            .route("/orders/{id}/pay", get(pay::choice))
            .route("/orders/{id}/pay/card-form", get(pay::card_form::page).post(pay::card_form::pay))
            .route(
                "/orders/{id}/pay/secure-fields",
                get(pay::secure_fields::page).post(pay::secure_fields::pay),
            )
            .route("/orders/{id}/pay/bricks", get(pay::bricks::page).post(pay::bricks::pay))
            .route("/orders/{id}/pay/checkout", get(pay::checkout::page).post(pay::checkout::pay))
            .route("/orders/{id}/pay/pix", get(pay::pix::page).post(pay::pix::pay))
            .route("/orders/{id}/pay/wallet", get(pay::wallet::page).post(pay::wallet::pay))
            .route("/orders/{id}/back", get(pay::checkout::back))
            .route("/seller", get(seller::desk))
            .route("/seller/version", get(seller::version))
            .route("/seller/{id}/{act}", post(seller::act))
            .route("/language", post(visit::change_language))
            .fallback(page::missing)
            .layer(from_fn_with_state(self.clone(), visit::admit))
            // The platform is no browser: it has no cookies, and comes by another name.
            .route("/webhooks", post(webhooks::receive))
            .route("/assets/{name}", get(page::asset));
        router.with_state(self)
    }
}
