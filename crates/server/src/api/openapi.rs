//! The OpenAPI 3.1 description, generated from the routes and the types.

use pasarela_domain::card_token::CardToken;
use pasarela_domain::customer::Customer;
use pasarela_domain::customer::card::SavedCard;
use pasarela_domain::payment::body::{Payment, Refund};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pasarela",
        description = "A payments platform that speaks the Mercado Pago API. Amounts are JSON numbers in the site's \
                       currency; dates are ISO 8601 with milliseconds and offset; every error has `message`, `error`, \
                       `status` and `cause`.",
    ),
    paths(
        super::card_tokens::create,
        super::card_tokens::read,
        super::card_tokens::update,
        super::card_tokens::call,
        super::devices::start,
        super::error_reports::take,
        super::yape::create,
        super::payments::create,
        super::payments::read,
        super::payments::change,
        super::payments::search,
        super::payments::refund,
        super::payments::refunds,
        super::payments::refund_of,
        super::customers::create,
        super::customers::read,
        super::customers::change,
        super::customers::delete,
        super::customers::search,
        super::cards::save,
        super::cards::list,
        super::cards::read,
        super::cards::change,
        super::cards::delete,
        super::preferences::create,
        super::preferences::read,
        super::preferences::change,
        super::preferences::search,
        super::merchant_orders::create,
        super::merchant_orders::read,
        super::merchant_orders::change,
        super::merchant_orders::search,
        super::catalogue::payment_methods,
        super::catalogue::search,
        super::catalogue::card_issuers,
        super::catalogue::installments,
        super::promotions::deals,
        super::catalogue::site_payment_methods,
        super::item_categories::list,
        super::currency_conversions::search,
        super::catalogue::identification_types,
        super::browser::payment,
        super::browser::saved_cards,
        super::browser::preference,
        super::quality::list_rules,
        super::quality::read_rule,
        super::quality::measure,
        super::quality::list,
        super::quality::read,
        super::going_live::gate,
        super::going_live::read,
        super::going_live::change,
        super::going_live::check,
        super::users::me,
        super::policies::read,
        super::policies::change,
        super::users::create_test_user,
        super::pix_keys::list,
        super::pix_keys::register,
        super::pix_keys::delete,
        super::oauth::token,
        super::oauth::revoke,
        super::applications::list,
        super::applications::create,
        super::applications::read,
        super::applications::change,
        super::applications::delete,
        super::applications::credentials,
        super::applications::renew,
        super::shares::list,
        super::shares::share,
        super::shares::unshare,
        super::applications::read_name,
        super::applications::credential,
        super::applications::audit,
        super::branding::read,
        super::branding::change,
        super::webhooks::read,
        super::webhooks::change,
        super::webhooks::rotate_secret,
        super::webhooks::resume,
        super::webhooks::simulate,
        super::webhooks::stream,
        super::webhooks::history,
        super::webhooks::delivery,
        super::webhooks::resend,
        super::webhooks::answer,
        super::applications::activate,
        super::sandbox::act,
        super::sandbox::clock,
        super::sandbox::advance,
        super::sandbox::counters,
        super::sandbox_wallets::read,
        super::sandbox_wallets::add_money,
    ),
    components(schemas(Payment, Refund, CardToken, Customer, SavedCard, super::schema::ApiError)),
    tags(
        (name = "card tokens", description = "A card becomes a token in the browser; the token pays once"),
        (name = "payments", description = "Charge, reserve, capture, cancel, read, search"),
        (name = "refunds", description = "Give money back, whole or in part"),
        (name = "customers", description = "The buyers that a seller remembers"),
        (name = "cards", description = "Their saved cards; one pays again by a token made from its `card_id` and the CVV"),
        (name = "preferences", description = "What is for sale on the hosted checkout, behind `init_point`"),
        (name = "merchant orders", description = "What the payments of a sale have covered of it"),
        (name = "catalogue", description = "What a checkout asks before it charges"),
        (name = "bricks", description = "What the browser library's bricks read by a public key: this platform's own"),
        (name = "quality", description = "How well an integration is made: rules, and measurements by them; this platform's own"),
        (name = "users", description = "The account behind a credential"),
        (name = "applications", description = "The integrations of an account: their fields, credentials and renewal, and the log of sensitive acts"),
        (name = "pix keys", description = "By which a Brazilian account is paid; without one that is proved, Pix is not offered"),
        (name = "oauth", description = "Sellers let applications act for them: the authorization page is `/authorization`"),
        (name = "branding", description = "What buyers see of an application on the hosted checkout: this platform's own"),
        (name = "webhooks", description = "Where an application is told what happens, and what it was told: this platform's own"),
        (name = "sandbox", description = "What buyers, banks and time do later, done now: test credentials only"),
    ),
)]
struct Description;

/// The description of the API that is served at `public_url`.
pub fn document(public_url: &str) -> Value {
    let mut description = Description::openapi();
    description.info.version = env!("CARGO_PKG_VERSION").to_owned();
    description.servers = Some(vec![utoipa::openapi::Server::new(public_url)]);
    let components = description.components.get_or_insert_default();
    components.add_security_scheme(
        "access_token",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(
                    "An application's access token; also taken as the query parameter `access_token`",
                ))
                .build(),
        ),
    );
    components.add_security_scheme(
        "public_key",
        SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(
            "public_key",
            "An application's public key: tokens and catalogue, nothing else",
        ))),
    );
    let mut document = serde_json::to_value(&description).unwrap_or_default();
    add_shared_answers(&mut document);
    document
}

/// What every operation may answer before its own code runs, and each says of itself only what it says differently.
fn add_shared_answers(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    let operations =
        paths.flat_map(|path| path.as_object_mut().into_iter().flat_map(|methods| methods.values_mut()));
    for operation in operations {
        let accepts = |scheme: &str| {
            operation["security"]
                .as_array()
                .is_some_and(|ways| ways.iter().any(|way| way.get(scheme).is_some()))
        };
        let is_for_everybody = operation["security"].as_array().is_some_and(|ways| ways.contains(&json!({})));
        let mut shared = vec![(503, "Busy, or the disk is full; come again after `Retry-After` seconds")];
        if !is_for_everybody {
            shared.push((401, "Without valid credentials"));
            shared.push(if accepts("public_key") {
                (400, "No such public key")
            } else {
                (403, "With credentials that may not do this, such as a public key")
            });
        }
        if operation.get("requestBody").is_some() {
            shared.push((408, "The body did not come in time"));
            shared.push((413, "The body is larger than 256 KiB"));
        }
        let Some(responses) = operation["responses"].as_object_mut() else { continue };
        for (status, description) in shared {
            let schema = json!({"$ref": "#/components/schemas/ApiError"});
            responses.entry(status.to_string()).or_insert_with(
                || json!({"description": description, "content": {"application/json": {"schema": schema}}}),
            );
        }
    }
}
