//! What each rule looks at. Every check is a pure function over the evidence.

mod addresses;
mod buyer;
mod items;
mod offer;
mod pages;
mod requests;

use super::evidence::Evidence;
use super::texts::Languages;
use serde::{Deserialize, Serialize};

/// What a check saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be; where that was seen.
    Met {
        /// What was seen, without anything personal.
        evidence: String,
    },
    /// It is not.
    Missing {
        /// The exact field, header or request.
        missing: String,
        /// What was seen in its place.
        evidence: String,
    },
    /// The rule is not for this integration.
    NotApplicable(Reason),
    /// There is no evidence.
    Unknown(Reason),
}

/// Why there is nothing to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No card pays.
    NoCard,
    /// Another country's rule.
    OtherCountry,
    /// No saved card pays.
    NoSavedCard,
    /// Nothing is sent to the buyer.
    NothingShipped,
    /// No method is offered that is paid later.
    NothingPaidLater,
    /// Asked in production; no production site is declared.
    NoSiteWhileTesting,
    /// The platform's frames or pages take the card.
    CardsTakenByPlatform,
    /// The page does not use the first version of the library.
    NotFirstVersion,
    /// No notification was delivered in 30 days.
    NothingDelivered,
    /// The request was made before it was looked at.
    BeforeMarks,
    /// No page was declared to look at.
    NoPage,
    /// No page was declared to look at, and pages reported card inputs with a name.
    NamesReported,
    /// No address for notifications was looked at.
    NoWebhook,
    /// The page offers no instalments.
    NoInstallments,
    /// The hosted checkout shows it.
    HostedCheckout,
    /// Pix keys are not kept here.
    NoPixKeys,
}

/// The checks, by their names in the table of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Check {
    ItemQuantity,
    ItemUnitPrice,
    ItemCategoryId,
    ItemDescription,
    ItemId,
    ItemTitle,
    StatementDescriptor,
    BackUrls,
    WebhooksIpn,
    ExternalReference,
    Email,
    PayerFirstName,
    PayerLastName,
    BackEndSdk,
    DeviceId,
    WebFrontEndSdk,
    SecureForm,
    Ssl,
    Tls,
    IssuerId,
    BinaryMode,
    DateOfExpiration,
    MarketingInformation,
    Expiration,
    MaxInstallments,
    Modal,
    Logos,
    ResponseMessages,
    ExcludedPaymentMethods,
    ExcludedPaymentTypes,
    ShipmentAmount,
    PaymentGetOrSearchApi,
    CancellationApi,
    RefundsApi,
    Address,
    PayerIdentification,
    PayerIdentificationMlm,
    PayerPhone,
    CustomerId,
    AuthAndCapt,
    FrontEndSdkPro,
    ProductionCredentials,
    CredentialsSameApplication,
    SiteCertificate,
    HttpsPaymentForm,
    OfficialLibraryUnmodified,
    NoNameAttribute,
    DataCheckoutAttribute,
    NoPanInServerTraffic,
    TokenNotInQuery,
    TermsAndConditionsPage,
    NotificationEndpointOk,
    NotificationSignatureChecked,
    NotificationIdempotent,
    IdempotencyKey,
    RejectionMessages,
    PromotionsVisible,
    MlaCftTeaShown,
    MlaNoInterestClaim,
    MlbPixKey,
}

impl Check {
    /// Its name in the table.
    pub fn name(self) -> String {
        // A unit variant is written as a text.
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether it looks at a payment and nothing else, so that it can be asked of any payment.
    pub const fn is_of_payment(self) -> bool {
        matches!(
            self,
            Check::ItemQuantity
                | Check::ItemUnitPrice
                | Check::ItemCategoryId
                | Check::ItemDescription
                | Check::ItemId
                | Check::ItemTitle
                | Check::StatementDescriptor
                | Check::Email
                | Check::PayerFirstName
                | Check::PayerLastName
                | Check::DeviceId
                | Check::IssuerId
                | Check::Address
                | Check::PayerIdentification
                | Check::PayerIdentificationMlm
                | Check::PayerPhone
                | Check::CustomerId
        )
    }
}

/// Holds `check` against the evidence.
pub fn look(check: Check, evidence: &Evidence<'_>) -> Outcome {
    use Check as C;
    match check {
        C::ItemQuantity => items::quantity(evidence),
        C::ItemUnitPrice => items::unit_price(evidence),
        C::ItemCategoryId => items::category(evidence),
        C::ItemDescription => items::description(evidence),
        C::ItemId => items::id(evidence),
        C::ItemTitle => items::title(evidence),
        C::Email => buyer::email(evidence),
        C::PayerFirstName => buyer::first_name(evidence),
        C::PayerLastName => buyer::last_name(evidence),
        C::Address => buyer::address(evidence),
        C::PayerIdentification => buyer::identification(evidence, false),
        C::PayerIdentificationMlm => buyer::identification(evidence, true),
        C::PayerPhone => buyer::phone(evidence),
        C::CustomerId => buyer::customer(evidence),
        C::DeviceId => buyer::device(evidence),
        C::StatementDescriptor => requests::statement_descriptor(evidence),
        C::WebhooksIpn => requests::webhook(evidence),
        C::ExternalReference => requests::external_reference(evidence),
        C::BackEndSdk => requests::sdk(evidence),
        C::WebFrontEndSdk => requests::browser_library(evidence),
        C::SecureForm => requests::secure_form(evidence),
        C::IssuerId => requests::issuer(evidence),
        C::BinaryMode => requests::binary_mode(evidence),
        C::PaymentGetOrSearchApi => requests::reads_after_news(evidence),
        C::CancellationApi => requests::cancellations(evidence),
        C::RefundsApi => requests::refunds(evidence),
        C::AuthAndCapt => requests::later_capture(evidence),
        C::FrontEndSdkPro => requests::browser_library_for_preferences(evidence),
        C::ProductionCredentials => requests::production_credentials(evidence),
        C::CredentialsSameApplication => requests::same_application(evidence),
        C::NoPanInServerTraffic => requests::no_card_numbers(evidence),
        C::TokenNotInQuery => requests::token_in_header(evidence),
        C::IdempotencyKey => requests::idempotency_key(evidence),
        C::BackUrls => offer::back_urls(evidence),
        C::DateOfExpiration => offer::date_of_expiration(evidence),
        C::MarketingInformation => offer::marketing(evidence),
        C::Expiration => offer::expiration(evidence),
        C::MaxInstallments => offer::max_installments(evidence),
        C::ExcludedPaymentMethods => offer::excluded_methods(evidence),
        C::ExcludedPaymentTypes => offer::excluded_types(evidence),
        C::ShipmentAmount => offer::shipment_amount(evidence),
        C::Ssl => addresses::ssl(evidence),
        C::SiteCertificate => addresses::certificate(evidence),
        C::Tls => addresses::tls(evidence),
        C::NotificationEndpointOk => addresses::notifications_taken(evidence),
        C::NotificationSignatureChecked => addresses::signature_checked(evidence),
        C::NotificationIdempotent => addresses::repetition_taken(evidence),
        C::MlbPixKey => addresses::pix_key(evidence),
        C::Modal => pages::modal(evidence),
        C::Logos => pages::logo(evidence),
        C::ResponseMessages | C::RejectionMessages => pages::messages(evidence),
        C::HttpsPaymentForm => pages::https(evidence),
        C::OfficialLibraryUnmodified => pages::library(evidence),
        C::NoNameAttribute => pages::no_names(evidence),
        C::DataCheckoutAttribute => pages::data_checkout(evidence),
        C::TermsAndConditionsPage => pages::terms(evidence),
        C::PromotionsVisible => pages::promotions(evidence),
        C::MlaCftTeaShown => pages::financing_cost(evidence),
        C::MlaNoInterestClaim => pages::no_interest_claim(evidence),
    }
}

fn met(evidence: impl Into<String>) -> Outcome {
    Outcome::Met { evidence: evidence.into() }
}

fn missing(missing: impl Into<String>, evidence: impl Into<String>) -> Outcome {
    Outcome::Missing { missing: missing.into(), evidence: evidence.into() }
}

/// Met at `path`, or missing there.
fn sent(is_so: bool, path: &str) -> Outcome {
    if is_so { met(path) } else { missing(path, "") }
}

/// A text that says something.
fn says(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

impl Reason {
    /// In words.
    pub const fn words(self) -> Languages<&'static str> {
        match self {
            Reason::NoCard => Languages {
                en: "No card pays this one.",
                es: "Este pago no es con tarjeta.",
                pt: "Este pagamento não é com cartão.",
            },
            Reason::OtherCountry => Languages {
                en: "This is a rule of another country.",
                es: "Es una regla de otro país.",
                pt: "É uma regra de outro país.",
            },
            Reason::NoSavedCard => Languages {
                en: "No saved card pays this one.",
                es: "Este pago no usa una tarjeta guardada.",
                pt: "Este pagamento não usa um cartão salvo.",
            },
            Reason::NothingShipped => {
                Languages { en: "Nothing is shipped.", es: "No se envía nada.", pt: "Nada é enviado." }
            }
            Reason::NothingPaidLater => Languages {
                en: "Cash and tickets are not offered.",
                es: "No se ofrece efectivo ni boletas.",
                pt: "Dinheiro e boletos não são oferecidos.",
            },
            Reason::NoSiteWhileTesting => Languages {
                en: "Asked in production; no production site is declared yet.",
                es: "Se exige en producción; todavía no hay un sitio de producción declarado.",
                pt: "Exigido em produção; ainda não há um site de produção declarado.",
            },
            Reason::CardsTakenByPlatform => Languages {
                en: "The platform's own fields take the card.",
                es: "Los campos de la plataforma reciben la tarjeta.",
                pt: "Os campos da plataforma recebem o cartão.",
            },
            Reason::NotFirstVersion => Languages {
                en: "The page does not use the library's first version.",
                es: "La página no usa la primera versión de la biblioteca.",
                pt: "A página não usa a primeira versão da biblioteca.",
            },
            Reason::NothingDelivered => Languages {
                en: "No notification was delivered in the last 30 days.",
                es: "No se entregó ninguna notificación en los últimos 30 días.",
                pt: "Nenhuma notificação foi entregue nos últimos 30 dias.",
            },
            Reason::BeforeMarks => Languages {
                en: "This request is older than the measurement: measure a newer one.",
                es: "Esta solicitud es anterior a la medición: mida una más nueva.",
                pt: "Esta solicitação é anterior à medição: meça uma mais nova.",
            },
            Reason::NoPage => Languages {
                en: "No payment page is declared, so none was looked at.",
                es: "No hay una página de pago declarada, por eso no se revisó ninguna.",
                pt: "Não há uma página de pagamento declarada, por isso nenhuma foi verificada.",
            },
            Reason::NamesReported => Languages {
                en: "No payment page is declared; a page reported card inputs with a name: declare yours to have it looked at.",
                es: "No hay una página de pago declarada; una página informó campos de tarjeta con name: declare la suya para que se revise.",
                pt: "Não há uma página de pagamento declarada; uma página informou campos de cartão com name: declare a sua para que seja verificada.",
            },
            Reason::NoWebhook => Languages {
                en: "No address for notifications was tried out yet.",
                es: "Todavía no se probó ninguna dirección de notificaciones.",
                pt: "Nenhum endereço de notificações foi testado ainda.",
            },
            Reason::NoInstallments => Languages {
                en: "The page offers no instalments.",
                es: "La página no ofrece cuotas.",
                pt: "A página não oferece parcelas.",
            },
            Reason::HostedCheckout => Languages {
                en: "The hosted checkout does this.",
                es: "El checkout de la plataforma lo hace.",
                pt: "O checkout da plataforma faz isso.",
            },
            Reason::NoPixKeys => Languages {
                en: "It is not known whether there is a Pix key.",
                es: "No se sabe si hay una clave Pix.",
                pt: "Não se sabe se há uma chave Pix.",
            },
        }
    }
}
