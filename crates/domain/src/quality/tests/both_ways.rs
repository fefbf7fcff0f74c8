//! Each check: what it takes, and what it finds.

use super::*;
use crate::quality::checks::Reason;
use crate::quality::rules;

/// One thing done wrong: the check that must find it, what it names as missing, and the deed.
type Fault = (Check, &'static str, fn(&mut World));

fn remove(value: &mut Value, pointer: &str, name: &str) {
    value.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name).unwrap();
}

fn info(world: &mut World, pointer: &str, name: &str) {
    remove(&mut world.body, &format!("/additional_info{pointer}"), name);
}

fn offered(world: &mut World, pointer: &str, name: &str) {
    remove(world.preference.as_mut().unwrap(), pointer, name);
}

fn page(world: &mut World) -> &mut PageFacts {
    world.around.probes.page.as_mut().unwrap()
}

fn probe(world: &mut World) -> &mut SiteProbe {
    world.around.probes.site.as_mut().unwrap()
}

fn hooks(world: &mut World) -> &mut WebhookProbe {
    world.around.probes.webhook.as_mut().unwrap()
}

/// Faults of payments by API.
fn by_api() -> Vec<Fault> {
    vec![
        (Check::ItemQuantity, "payment: additional_info.items[0].quantity", |w| {
            info(w, "/items/0", "quantity")
        }),
        (Check::ItemUnitPrice, "payment: additional_info.items[0].unit_price", |w| {
            info(w, "/items/0", "unit_price")
        }),
        (Check::ItemUnitPrice, "payment: additional_info.items[0].unit_price", |w| {
            w.body["additional_info"]["items"][0]["unit_price"] = json!(0);
        }),
        (Check::ItemCategoryId, "payment: additional_info.items[0].category_id", |w| {
            w.body["additional_info"]["items"][0]["category_id"] = json!("photography");
        }),
        (Check::ItemDescription, "payment: additional_info.items[0].description", |w| {
            info(w, "/items/0", "description")
        }),
        (Check::ItemId, "payment: additional_info.items[0].id", |w| info(w, "/items/0", "id")),
        (Check::ItemTitle, "payment: additional_info.items[0].title", |w| info(w, "/items/0", "title")),
        (Check::ItemTitle, "payment: additional_info.items", |w| info(w, "", "items")),
        (Check::ItemTitle, "payment: additional_info.items[1].title", |w| {
            w.body["additional_info"]["items"].as_array_mut().unwrap().push(json!({"id": "G-2"}));
        }),
        (Check::Email, "payment: payer.email", |w| {
            w.around.collector_email = "TEST_USER_1@testuser.com".to_owned()
        }),
        (Check::PayerFirstName, "payment: additional_info.payer.first_name", |w| {
            info(w, "/payer", "first_name");
            remove(&mut w.body, "/payer", "first_name");
        }),
        (Check::PayerLastName, "payment: additional_info.payer.last_name", |w| {
            info(w, "/payer", "last_name");
            remove(&mut w.body, "/payer", "last_name");
        }),
        (Check::Address, "payment: additional_info.payer.address.{zip_code,street_name}", |w| {
            info(w, "/payer", "address")
        }),
        (Check::PayerIdentification, "payment: payer.identification", |w| {
            remove(&mut w.body, "/payer", "identification")
        }),
        (Check::PayerPhone, "payment: additional_info.payer.phone.number", |w| info(w, "/payer", "phone")),
        (Check::CustomerId, "payment: payer.{type: customer, id}", |w| remove(&mut w.body, "/payer", "type")),
        (Check::DeviceId, "header: X-meli-session-id", |w| {
            w.provenance.device_session = None;
            w.channel = Some(TokenChannel::Server);
        }),
        (Check::StatementDescriptor, "payment: statement_descriptor", |w| {
            remove(&mut w.body, "", "statement_descriptor")
        }),
        (Check::StatementDescriptor, "payment: statement_descriptor", |w| {
            w.body["statement_descriptor"] = json!("A NAME THAT IS FAR TOO LONG");
        }),
        (Check::WebhooksIpn, "payment: notification_url", |w| {
            remove(&mut w.body, "", "notification_url");
            w.around.has_webhook = false;
        }),
        (Check::ExternalReference, "payment: external_reference", |w| {
            remove(&mut w.body, "", "external_reference")
        }),
        (Check::ExternalReference, "payment: external_reference", |w| w.around.is_reference_reused = true),
        (Check::BackEndSdk, "header: X-Product-Id", |w| w.provenance.sdk = None),
        (Check::WebFrontEndSdk, "page: script src \u{2026}/js/v2", |w| w.channel = Some(TokenChannel::Page)),
        (Check::SecureForm, "page: secure fields (fields.create, or cardForm with iframe: true)", |w| {
            w.channel = Some(TokenChannel::Library);
        }),
        (Check::IssuerId, "payment: issuer_id", |w| remove(&mut w.body, "", "issuer_id")),
        (Check::IssuerId, "payment: issuer_id", |w| w.around.is_issuer_foreign = true),
        (Check::BinaryMode, "payment: binary_mode", |w| remove(&mut w.body, "", "binary_mode")),
        (Check::AuthAndCapt, "payment: capture = false", |w| {
            remove(&mut w.body, "", "capture");
            w.around.traffic = Traffic::default();
        }),
        (Check::PaymentGetOrSearchApi, "traffic: GET /v1/payments/{id} after each notification", |w| {
            w.around.deliveries.news = 20;
        }),
        (Check::CancellationApi, "traffic: PUT /v1/payments/{id} {\"status\": \"cancelled\"}", |w| {
            w.around.traffic = Traffic::default();
        }),
        (Check::RefundsApi, "traffic: POST /v1/payments/{id}/refunds", |w| {
            w.around.traffic = Traffic::default()
        }),
        (Check::Ssl, "http://shop.example redirects to https", |w| probe(w).leads_to_https = false),
        (Check::Ssl, "a trusted certificate of shop.example", |w| {
            probe(w).fault = Some("expired".to_owned())
        }),
        (Check::Ssl, "application: the production site's address", |w| {
            w.is_live = true;
            w.around.probes.site = None;
        }),
        (Check::SiteCertificate, "a trusted certificate of shop.example", |w| {
            probe(w).fault = Some("expired".to_owned())
        }),
        (Check::Tls, "TLS 1.2 or later at shop.example", |w| probe(w).tls_version = None),
        (Check::Tls, "TLS 1.2 or later at hooks.example", |w| {
            w.is_live = true;
            w.body["notification_url"] = json!("http://hooks.example/in");
        }),
        (Check::ProductionCredentials, "payment: live_mode = true", |w| w.is_live = false),
        (
            Check::CredentialsSameApplication,
            "card_token: by the public key of the application that pays",
            |w| w.around.recent.add(Count::ForeignToken, 1),
        ),
        (Check::NoPanInServerTraffic, "requests without card numbers", |w| {
            w.around.recent.add(Count::CardNumberOutside, 1);
        }),
        (Check::NoPanInServerTraffic, "POST /v1/card_tokens by the buyer's browser", |w| {
            w.around.recent.add(Count::ServerToken, 1);
        }),
        (Check::TokenNotInQuery, "header: Authorization", |w| w.around.recent.add(Count::TokenInQuery, 1)),
        (Check::NotificationEndpointOk, "200 or 201 to a signed notification", |w| {
            hooks(w).signed.status = Some(500)
        }),
        (Check::NotificationEndpointOk, "95 % of notifications answered with 200 or 201", |w| {
            w.around.deliveries.failed = 10;
        }),
        (Check::NotificationSignatureChecked, "4xx to a notification with a wrong x-signature", |w| {
            hooks(w).forged.status = Some(200);
        }),
        (Check::NotificationIdempotent, "200 or 201 to a notification that was there before", |w| {
            hooks(w).repeated.status = Some(409);
        }),
        (Check::MlbPixKey, "account: a Pix key", |w| w.around.has_pix_key = Some(false)),
        (Check::Modal, "page: bricks().create(\"wallet\", \u{2026})", |w| {
            page(w).opens_checkout_inside = false
        }),
        (Check::Logos, "page: the official logo", |w| page(w).logo = None),
        (Check::ResponseMessages, "page: other words after a refusal", |w| {
            w.around.probes.results.as_mut().unwrap().rejected.words = 3;
        }),
        (Check::RejectionMessages, "page: that the payment was refused", |w| {
            w.around.probes.results.as_mut().unwrap().rejected.says = Says::Nothing;
        }),
        (Check::RejectionMessages, "200 of https://shop.example/b", |w| {
            w.around.probes.results.as_mut().unwrap().rejected.status = 404;
        }),
        (Check::HttpsPaymentForm, "page: an https address", |w| {
            page(w).url = "http://shop.example/pay".to_owned()
        }),
        (Check::HttpsPaymentForm, "page: form action over https", |w| {
            page(w).plain_forms.push("http://x".to_owned())
        }),
        (Check::HttpsPaymentForm, "page: scripts over https", |w| {
            page(w).plain_scripts.push("http://x".to_owned())
        }),
        (Check::OfficialLibraryUnmodified, "page: script src of the platform's library", |w| {
            page(w).library_copies.push("/static/mp.js".to_owned());
        }),
        (Check::OfficialLibraryUnmodified, "page: script src of the platform's library", |w| {
            page(w).official_libraries.clear();
        }),
        (Check::NoNameAttribute, "page: input#cardholder without name", |w| {
            page(w).card_inputs[0].name = Some("holder".to_owned());
        }),
        (Check::DataCheckoutAttribute, "page: input#cardholder with data-checkout", |w| {
            page(w).card_inputs[0].data_checkout = None;
        }),
        (Check::TermsAndConditionsPage, "page: a link to terms and conditions", |w| {
            page(w).terms_link = None;
            w.around.probes.terms = None;
        }),
        (Check::TermsAndConditionsPage, "200 of /terms", |w| {
            w.around.probes.terms.as_mut().unwrap().status = 404
        }),
        (Check::PromotionsVisible, "page: a link to promotions, or the banner of methods", |w| {
            page(w).promotions = None
        }),
    ]
}

/// Faults of preferences.
fn by_preference() -> Vec<Fault> {
    vec![
        (Check::ItemCategoryId, "preference: items[0].category_id", |w| {
            offered(w, "/items/0", "category_id")
        }),
        (Check::ItemId, "preference: items[0].id", |w| offered(w, "/items/0", "id")),
        (Check::Email, "preference: payer.email", |w| offered(w, "/payer", "email")),
        (Check::PayerFirstName, "preference: payer.name", |w| offered(w, "/payer", "name")),
        (Check::PayerLastName, "preference: payer.surname", |w| offered(w, "/payer", "surname")),
        (Check::Address, "preference: payer.address.{zip_code,street_name}", |w| {
            offered(w, "/payer", "address")
        }),
        (Check::PayerIdentification, "preference: payer.identification", |w| {
            offered(w, "/payer", "identification")
        }),
        (Check::PayerPhone, "preference: payer.phone.number", |w| offered(w, "/payer", "phone")),
        (Check::StatementDescriptor, "preference: statement_descriptor", |w| {
            offered(w, "", "statement_descriptor")
        }),
        (Check::WebhooksIpn, "preference: notification_url", |w| {
            offered(w, "", "notification_url");
            w.around.has_webhook = false;
        }),
        (Check::ExternalReference, "preference: external_reference", |w| {
            offered(w, "", "external_reference")
        }),
        (Check::BackEndSdk, "header: X-Product-Id", |w| w.preference_marks = Marks::of(None)),
        (Check::BinaryMode, "preference: binary_mode", |w| w.preference_marks = Marks::of(None)),
        (Check::BackUrls, "preference: back_urls.success", |w| offered(w, "", "back_urls")),
        (Check::BackUrls, "preference: back_urls.failure", |w| {
            w.preference.as_mut().unwrap()["back_urls"]["failure"] = json!("http://shop.example/b");
        }),
        (Check::DateOfExpiration, "preference: date_of_expiration", |w| offered(w, "", "date_of_expiration")),
        (Check::MarketingInformation, "preference: tracks[].type", |w| offered(w, "", "tracks")),
        (Check::Expiration, "preference: expires", |w| offered(w, "", "expires")),
        (Check::MaxInstallments, "preference: payment_methods.installments", |w| {
            offered(w, "/payment_methods", "installments");
        }),
        (Check::ExcludedPaymentMethods, "preference: payment_methods.excluded_payment_methods", |w| {
            offered(w, "/payment_methods", "excluded_payment_methods");
        }),
        (Check::ExcludedPaymentTypes, "preference: payment_methods.excluded_payment_types", |w| {
            offered(w, "/payment_methods", "excluded_payment_types");
        }),
        (Check::ShipmentAmount, "preference: shipments.cost", |w| offered(w, "/shipments", "cost")),
        (Check::FrontEndSdkPro, "page: script src \u{2026}/js/v2", |w| {
            w.around.probes.page = None;
            w.around.traffic = Traffic::default();
        }),
    ]
}

/// Faults that only Argentina or Mexico know.
fn abroad() -> Vec<(Site, Fault)> {
    vec![
        (
            Site::MLA,
            (Check::MlaCftTeaShown, "page: CFT beside the instalments", |w| {
                page(w).financing.shows_cft = false
            }),
        ),
        (
            Site::MLA,
            (Check::MlaNoInterestClaim, "page: CFT 0 beside \u{201c}sin interés\u{201d}", |w| {
                page(w).financing.claims_no_interest = true;
                page(w).financing.shows_cft = false;
            }),
        ),
        (
            Site::MLM,
            (Check::PayerIdentificationMlm, "preference: payer.identification", |w| {
                offered(w, "/payer", "identification");
            }),
        ),
    ]
}

fn found(world: &World, (check, expected, spoil): &Fault) {
    let good = world.look(*check);
    // The bar of live credentials is the one thing that a test integration cannot meet.
    if *check != Check::ProductionCredentials {
        assert!(matches!(good, Outcome::Met { .. }), "{check:?}: {good:?}");
    }
    let mut spoilt = world.clone();
    spoil(&mut spoilt);
    match spoilt.look(*check) {
        Outcome::Missing { missing, .. } => assert_eq!(missing, *expected, "{check:?}"),
        other => panic!("{check:?} did not find it: {other:?}"),
    }
}

#[test]
fn each_fault_of_a_payment_by_api_is_found_and_named() {
    for fault in by_api() {
        found(&good().by_api(), &fault);
    }
    let mut live = good().by_api();
    live.is_live = true;
    assert!(matches!(live.look(Check::ProductionCredentials), Outcome::Met { .. }));
}

#[test]
fn each_fault_of_a_preference_is_found_and_named() {
    for fault in by_preference() {
        found(&good(), &fault);
    }
}

/// Pays elsewhere than in Brazil what is paid there.
fn at(site: Site) -> World {
    let mut world = good();
    world.site = site;
    world.body = json!({
        "transaction_amount": 1000, "token": "0123456789abcdef0123456789abcdef", "installments": 1,
        "payment_method_id": "master", "payer": {"email": "test_user_1@testuser.com"},
    });
    let kind = if site == Site::MLA { "DNI" } else { "RFC" };
    world.preference.as_mut().unwrap()["payer"]["identification"] =
        json!({"type": kind, "number": "28860490"});
    world
}

#[test]
fn each_fault_of_one_countrys_is_found_there_and_asked_for_nowhere_else() {
    for (site, fault) in abroad() {
        found(&at(site), &fault);
        assert!(matches!(good().look(fault.0), Outcome::NotApplicable(_)), "{:?}", fault.0);
    }
    assert!(matches!(at(Site::MLM).look(Check::PayerIdentification), Outcome::NotApplicable(_)));
    assert!(matches!(at(Site::MLA).look(Check::MlbPixKey), Outcome::NotApplicable(_)));
}

#[test]
fn no_rule_is_without_a_fault_that_it_finds() {
    let tested: Vec<_> = by_api()
        .into_iter()
        .chain(by_preference())
        .chain(abroad().into_iter().map(|(_, fault)| fault))
        .map(|(check, ..)| check)
        .collect();
    for rule in rules::all() {
        // Without a key there is no payment to look at: it can't be missing.
        let is_always_met = rule.check == Check::IdempotencyKey;
        assert!(is_always_met || tested.contains(&rule.check), "{} has no fault", rule.id);
    }
}

#[test]
fn what_pays_without_a_card_is_not_asked_for_a_card() {
    let mut world = good().by_api();
    world.body = json!({
        "transaction_amount": 100, "payment_method_id": "pix", "payer": {"email": "test_user_1@testuser.com"},
    });
    for check in [
        Check::DeviceId,
        Check::IssuerId,
        Check::StatementDescriptor,
        Check::SecureForm,
        Check::WebFrontEndSdk,
        Check::CustomerId,
    ] {
        assert!(matches!(world.look(check), Outcome::NotApplicable(_)), "{check:?}");
    }
}

#[test]
fn the_device_may_come_by_the_header_by_the_token_or_by_the_library() {
    let mut world = good().by_api();
    world.provenance.device_session = None;
    assert!(matches!(world.look(Check::DeviceId), Outcome::Met { .. }), "the library told it");
    world.channel = Some(TokenChannel::Server);
    world.device_in_token = Some("phone".to_owned());
    assert!(matches!(world.look(Check::DeviceId), Outcome::Met { .. }), "the token told it");
}

#[test]
fn the_developers_own_machine_is_safe_while_testing_and_not_live() {
    let mut world = good();
    world.preference.as_mut().unwrap()["back_urls"] = json!({"success": "http://localhost:3000/thanks"});
    assert!(matches!(world.look(Check::BackUrls), Outcome::Met { .. }));
    world.is_live = true;
    assert!(matches!(world.look(Check::BackUrls), Outcome::Missing { .. }));
}

#[test]
fn what_was_not_looked_at_is_not_held_against_anybody_unseen() {
    let mut world = good().by_api();
    world.around.probes = Probes::default();
    assert!(matches!(world.look(Check::Ssl), Outcome::NotApplicable(_)), "a test has no site yet");
    assert!(matches!(world.look(Check::NoNameAttribute), Outcome::Unknown(Reason::NoPage)));
    world.around.are_names_reported = true;
    assert_eq!(world.look(Check::NoNameAttribute), Outcome::Unknown(Reason::NamesReported), "it warns");
    assert!(matches!(world.look(Check::NotificationEndpointOk), Outcome::Unknown(_)));
}

#[test]
fn evidence_repeats_nothing_personal() {
    let world = good();
    for rule in rules::all() {
        for seen in [world.look(rule.check), world.clone().by_api().look(rule.check)] {
            let text = format!("{seen:?}");
            for personal in [
                "Ana",
                "Luz",
                "19119119100",
                "987654321",
                "mail.example",
                "testuser",
                "Paulista",
                "01310",
                "armor",
            ] {
                assert!(!text.contains(personal), "{}: {text}", rule.id);
            }
        }
    }
}
