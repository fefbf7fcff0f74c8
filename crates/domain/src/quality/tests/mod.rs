//! An integration that does everything right, and each way of doing one thing wrong.

mod both_ways;
mod gate;
mod opened;
mod reports;

use super::checks::{Check, Outcome, look};
use super::evidence::{Deliveries, Evidence, Probes, Surroundings};
use super::marks::{Mark, Marks, TokenChannel};
use super::page::{CardInput, PageFacts, ResultPages};
use super::says::Says;
use super::sdk::Sdk;
use super::site::{Answered, SiteProbe, WebhookProbe};
use super::traffic::{Count, Traffic};
use crate::card_token::{CardToken, TokenStatus};
use crate::catalogue::Catalogue;
use crate::context::{Context, Ids};
use crate::identity::Mode;
use crate::json::Json;
use crate::payment::PaymentState;
use crate::payment::body::Cardholder;
use crate::payment::create::{CardFacts, Collector, Facts, Provenance, card_answered, plan};
use crate::payment::request::CreatePayment;
use crate::preference::{Birth, Preference, PreferenceState, request};
use crate::rail::CardOutcome;
use crate::site::Site;
use crate::timestamp::Timestamp;
use serde_json::{Value, json};

/// 2026-11-21T12:40:10Z
const NOW: Timestamp = Timestamp(1_795_264_810_000);

struct Counter(i64);

impl Ids for Counter {
    fn next_id(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }

    fn random_below(&mut self, bound: u64) -> u64 {
        self.next_id().unsigned_abs() % bound
    }

    fn uuid(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.next_id())
    }
}

/// All that one integration did.
#[derive(Clone)]
struct World {
    site: Site,
    /// The request for the payment.
    body: Value,
    provenance: Provenance,
    channel: Option<TokenChannel>,
    saved_card: Option<String>,
    device_in_token: Option<String>,
    outcome: CardOutcome,
    /// The request for the preference, where the rules of the hosted checkout are looked at.
    preference: Option<Value>,
    preference_marks: Marks,
    is_live: bool,
    around: Surroundings,
}

/// One that leaves nothing to be wished for.
fn good() -> World {
    let item = json!({"id": "G-1", "title": "Guitar", "description": "Cedar", "category_id": "musical", "quantity": 1,
                      "unit_price": 100});
    let body = json!({
        "transaction_amount": 100, "token": "0123456789abcdef0123456789abcdef", "installments": 1,
        "payment_method_id": "master", "issuer_id": 24, "statement_descriptor": "GUITARS", "binary_mode": false,
        "capture": false, "external_reference": "order-1", "notification_url": "https://shop.example/hooks",
        "payer": {"type": "customer", "id": "7-abc", "email": "test_user_1@testuser.com", "first_name": "Ana", "last_name": "Luz",
                  "identification": {"type": "CPF", "number": "19119119100"}},
        "additional_info": {"items": [item], "payer": {
            "first_name": "Ana", "last_name": "Luz", "phone": {"area_code": "11", "number": "987654321"},
            "address": {"zip_code": "01310-100", "street_name": "Av. Paulista"}}},
    });
    let preference = json!({
        "items": [item], "statement_descriptor": "GUITARS", "external_reference": "order-1",
        "notification_url": "https://shop.example/hooks", "date_of_expiration": "2026-12-31T23:59:59.000-04:00",
        "expires": true, "expiration_date_to": "2026-12-31T23:59:59.000-04:00",
        "back_urls": {"success": "https://shop.example/a", "failure": "https://shop.example/b"},
        "payer": {"name": "Ana", "surname": "Luz", "email": "ana@mail.example", "phone": {"area_code": "11", "number": "987654321"},
                  "identification": {"type": "CPF", "number": "19119119100"},
                  "address": {"zip_code": "01310-100", "street_name": "Av. Paulista"}},
        "payment_methods": {"installments": 6, "excluded_payment_methods": [{"id": "amex"}],
                            "excluded_payment_types": [{"id": "ticket"}]},
        "shipments": {"mode": "custom", "cost": 15},
        "tracks": [{"type": "google_ad", "values": {}}],
    });
    let mut traffic = Traffic::default();
    for count in
        [Count::ReadAfterNews, Count::Refund, Count::Cancellation, Count::LaterCapture, Count::LibraryCall]
    {
        traffic.add(count, 9);
    }
    let there =
        |url: &str, words| PageFacts { url: url.to_owned(), status: 200, words, ..PageFacts::default() };
    let taken = Answered { status: Some(200), fault: None, ms: 12 };
    World {
        site: Site::MLB,
        body,
        provenance: Provenance {
            sdk: Some(Sdk::Node),
            device_session: Some("armor.1".to_owned()),
            ..Provenance::default()
        },
        channel: Some(TokenChannel::SecureFields),
        saved_card: Some("77".to_owned()),
        device_in_token: None,
        outcome: CardOutcome::Authorized { authorization_code: "123456".to_owned() },
        preference: Some(preference),
        preference_marks: Marks::of(Some(Sdk::Node)).with(Mark::BinaryMode, true),
        is_live: false,
        around: Surroundings {
            collector_email: "seller@shop.example".to_owned(),
            is_reference_reused: false,
            is_issuer_foreign: false,
            has_webhook: true,
            traffic,
            recent: traffic,
            deliveries: Deliveries { delivered: 10, failed: 0, news: 10 },
            are_names_reported: false,
            has_pix_key: Some(true),
            probes: Probes {
                site: Some(SiteProbe {
                    url: "https://shop.example".to_owned(),
                    tls_version: Some("TLSv1.3".to_owned()),
                    valid_until: Some("2027-01-01".to_owned()),
                    days_left: Some(40),
                    leads_to_https: true,
                    ..SiteProbe::default()
                }),
                page: Some(PageFacts {
                    official_libraries: vec!["https://sdk.mercadopago.com/js/v2".to_owned()],
                    has_secure_fields: true,
                    card_inputs: vec![CardInput {
                        selector: "input#cardholder".to_owned(),
                        takes: "cardholderName".to_owned(),
                        name: None,
                        data_checkout: Some("cardholderName".to_owned()),
                    }],
                    is_first_version: true,
                    terms_link: Some("/terms".to_owned()),
                    promotions: Some("/promociones".to_owned()),
                    logo: Some("mercadopago.svg".to_owned()),
                    opens_checkout_inside: true,
                    financing: super::page::Financing {
                        offers_installments: true,
                        shows_cash_price: true,
                        shows_plan: true,
                        shows_cft: true,
                        shows_tea: true,
                        shows_total: true,
                        claims_no_interest: false,
                        ..super::page::Financing::default()
                    },
                    ..there("https://shop.example/pay", 1)
                }),
                terms: Some(there("https://shop.example/terms", 2)),
                results: Some(ResultPages {
                    approved: there("https://shop.example/a", 3),
                    rejected: PageFacts { says: Says::Refused, ..there("https://shop.example/b", 4) },
                }),
                refusals: None,
                home: None,
                webhook: Some(WebhookProbe {
                    url: "https://shop.example/hooks".to_owned(),
                    signed: taken.clone(),
                    repeated: taken,
                    forged: Answered { status: Some(401), fault: None, ms: 3 },
                }),
            },
        },
    }
}

impl World {
    /// One of the API's payments: without a preference.
    fn by_api(mut self) -> World {
        self.preference = None;
        self
    }

    fn payment(&self) -> PaymentState {
        let json = Json::from(&self.body);
        let request = CreatePayment::from_json(&json, self.site).unwrap();
        let collector = Collector {
            takes_pix: true,
            statement_descriptor: None,
            account_id: 7,
            site: self.site,
            name: "Guitars".to_owned(),
            application_id: 12,
            application_owner: 7,
        };
        let is_card = self.body.get("token").is_some();
        let card = is_card.then(|| CardFacts {
            token: self.token(),
            bin: "50314332".to_owned(),
            number_length: 16,
            fingerprint: "f".to_owned(),
        });
        let catalogue = Catalogue::compiled_in();
        let facts = Facts {
            catalogue: &catalogue,
            collector: &collector,
            card: card.as_ref(),
            payer_id: 9,
            wallet_owner: None,
            provenance: &self.provenance,
            public_url: "http://pasarela.test",
        };
        let mut ids = Counter(0);
        let mut context = Context { now: NOW, mode: Mode::Test, ids: &mut ids };
        let plan = plan(&request, &facts, &mut context).unwrap();
        if !is_card {
            return plan.state;
        }
        let mut state =
            card_answered(plan, self.outcome.clone(), "http://pasarela.test", &context).unwrap().state;
        state.payment.live_mode = self.is_live;
        state
    }

    fn token(&self) -> CardToken {
        CardToken {
            id: String::new(),
            public_key: None,
            card_id: self.saved_card.clone(),
            payment_method_id: None,
            first_six_digits: Some("503143".to_owned()),
            expiration_month: 11,
            expiration_year: 2030,
            last_four_digits: Some("6351".to_owned()),
            cardholder: Cardholder { name: Some("APRO".to_owned()), ..Cardholder::default() },
            status: TokenStatus::Active,
            date_created: NOW,
            date_last_updated: NOW,
            date_due: NOW.plus_ms(1_000),
            date_used: None,
            luhn_validation: true,
            live_mode: false,
            require_esc: false,
            card_number_length: 16,
            security_code_length: 3,
            device_session: self.device_in_token.clone(),
            channel: self.channel,
            application_id: Some(12),
        }
    }

    fn preference(&self) -> Option<PreferenceState> {
        let mut preference = Preference::empty(&Birth {
            id: "7-11111111-1111-4111-8111-111111111111",
            collector_id: 7,
            application_id: 12,
            site: self.site,
            live_mode: self.is_live,
            public_url: "http://pasarela.test",
            now: NOW,
        });
        request::apply(&Json::from(self.preference.as_ref()?), &mut preference).unwrap();
        let internals = crate::preference::Internals { marks: self.preference_marks, ..Default::default() };
        Some(PreferenceState { preference, internals })
    }

    fn look(&self, check: Check) -> Outcome {
        let (payment, preference) = (self.payment(), self.preference());
        look(check, &Evidence::of(&payment, preference.as_ref(), &self.around))
    }
}

#[test]
fn the_tables_weights_and_texts_are_in_order() {
    use super::rules::{self, Gate, Kind, Product};
    for product in [Product::CheckoutPro, Product::CheckoutApi, Product::CheckoutBricks] {
        let points =
            |kind: Kind| rules::of(product).filter(|r| r.kind == kind).map(|r| r.points).sum::<u32>();
        assert_eq!(
            (points(Kind::Mandatory), points(Kind::Recommended), points(Kind::BestPractice)),
            (73, 27, 0)
        );
    }
    let mut ids: Vec<_> = rules::all().iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules::all().len());
    for rule in rules::all() {
        assert_eq!(rules::find(&rule.id.to_lowercase()), Some(rule));
        assert_eq!(rule.points > 0, rule.gate == Gate::Score, "{}", rule.id);
        let texts = super::texts::of(rule.check);
        for said in [&texts.title, &texts.remedy, texts.why()] {
            assert!([&said.en, &said.es, &said.pt].iter().all(|text| text.len() > 3), "{}", rule.id);
        }
        assert!(!texts.before.is_empty() && texts.before != texts.after, "{}", rule.id);
    }
}
