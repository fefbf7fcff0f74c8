//! Documents as operators write them: what counts afterwards, and what is refused with which words.

use super::*;
use crate::catalogue::installments::{InstallmentPlan, InstallmentRefusal, OfferQuery};
use crate::catalogue::{self, SiteCatalogue, fees};
use crate::money::Money;
use crate::timestamp::Timestamp;
use serde_json::json;

fn with(document: Value) -> Catalogue {
    Catalogue::with(1, &document).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The faults, each on a line.
fn refused(document: Value) -> Vec<String> {
    let faults = Catalogue::with(1, &document).expect_err("a fault");
    faults.iter().map(ToString::to_string).collect()
}

fn row(installments: u32, rate: &str, min: i64) -> Value {
    json!({"installments": installments, "rate_percent": rate, "min_amount": min})
}

#[test]
fn an_empty_document_is_the_compiled_in_catalogue() {
    let catalogue = with(json!({}));
    assert_eq!(catalogue.version(), 1);
    assert_eq!(differences(&Catalogue::compiled_in(), &catalogue), []);
    assert!(std::ptr::eq(catalogue.site(Site::MLB), catalogue::of(Site::MLB)), "nothing is copied");
}

#[test]
fn a_document_changes_what_it_says_and_nothing_else() {
    let document = json!({"MLB": {"methods": {
        "visa": {"max_allowed_amount": 80_000.5, "name": "Visa Crédito"},
        "pix": {"status": "temporally_deactive"},
    }}});
    let catalogue = with(document);
    let changes: Vec<String> =
        differences(&Catalogue::compiled_in(), &catalogue).into_iter().map(|change| change.path).collect();
    let methods = ["visa.name", "visa.max_allowed_amount", "pix.status"];
    let mut expected = methods.map(|path| format!("MLB.methods.{path}"));
    let mut changes = changes;
    changes.sort();
    expected.sort();
    assert_eq!(changes, expected);
    let mlb = catalogue.site(Site::MLB);
    assert_eq!(mlb.method("visa").unwrap().max_allowed, Money::new(8_000_050, Site::MLB.currency()));
    assert!(!mlb.method("pix").unwrap().is_offered());
    assert!(!mlb.payment_methods_json("https://logos.example").contains("\"pix\""));
    assert!(mlb.payment_methods_json("https://logos.example").contains("Visa Crédito"));
}

#[test]
fn a_fee_of_the_document_counts_before_the_compiled_in_ones_and_the_most_specific_one_first() {
    let row =
        |percent: &str| json!({"percent": percent, "fixed": "0.1", "vat_percent": 0, "release_days": 2});
    let mut for_pix = row("0.5");
    for_pix["methods"] = json!(["pix"]);
    let mut for_cards = row("1.5");
    for_cards["kinds"] = json!(["credit_card"]);
    let catalogue = with(json!({"MLB": {"fees": [row("2.5"), for_pix, for_cards]}}));
    let mlb = catalogue.site(Site::MLB);
    let percent = |method: &str| fees::terms(mlb, mlb.method(method).unwrap()).percent.to_string();
    assert_eq!([percent("pix"), percent("visa"), percent("bolbradesco")], ["0.5", "1.5", "2.5"]);
    let mla = catalogue.site(Site::MLA);
    assert_eq!(fees::terms(mla, mla.method("visa").unwrap()).percent.to_string(), "3.49", "as compiled in");
}

#[test]
fn instalments_are_priced_by_issuer_and_method_before_either_and_before_the_market() {
    let list = |rate: &str| json!([row(1, "0", 1), row(3, rate, 30)]);
    let document = json!({"MPE": {"installments": [
        {"rows": list("9")},
        {"methods": ["visa"], "rows": list("8")},
        {"issuers": [12], "rows": list("7")},
    ]}});
    let mpe = catalogue::of(Site::MPE);
    let issuer = mpe.issuers().iter().find(|issuer| issuer.issues("visa")).unwrap();
    let mut document = document;
    document["MPE"]["installments"][2]["issuers"] = json!([issuer.id]);
    document["MPE"]["installments"][2]["methods"] = json!(["visa"]);
    let catalogue = with(document.clone());
    let mpe = catalogue.site(Site::MPE);
    let rate = |method: &str, bin: &str| plan(mpe, method, bin, 3).unwrap().terms.rate_percent.to_string();
    let own = mpe.issuer_for("visa", "400917").unwrap().id;
    assert_eq!(rate("visa", "400917"), if own == issuer.id { "7" } else { "8" });
    assert_eq!(rate("master", "503175"), "9");
    document["MPE"]["installments"][1]["methods"] = json!(["master"]);
    assert!(plan(mpe, "visa", "400917", 6).is_err(), "a number that the list does not have");
}

fn plan(
    catalogue: &SiteCatalogue,
    method: &str,
    bin: &str,
    installments: u32,
) -> Result<InstallmentPlan, InstallmentRefusal> {
    let query = OfferQuery {
        method: catalogue.method(method).unwrap(),
        bin,
        issuer_id: None,
        collector_id: 1,
        differential_pricing_id: None,
        now: Timestamp(0),
    };
    catalogue.plan(&query, Money::new(100_000, catalogue.site().currency()), installments)
}

#[test]
fn an_argentine_list_is_given_by_annual_rates_and_its_costs_follow() {
    let row = |installments: u32, tea: &str, first: u32| json!({"installments": installments, "tea_percent": tea, "first_in_months": first, "min_amount": 1});
    let rows = json!([
        {"installments": 1, "rate_percent": 0, "min_amount": 1}, row(12, "78", 1),
        {"installments": 18, "rate_percent": 50, "min_amount": 1},
    ]);
    let catalogue = with(json!({"MLA": {"installments": [{"rows": rows}]}}));
    let rates = catalogue.site(Site::MLA).market_rates();
    let cost = rates[1].annual_cost.unwrap();
    assert_eq!(
        (rates[1].rate_percent.to_string(), cost.cft_percent.to_string()),
        ("42.11".into(), "98.26".into())
    );
    assert!(rates[2].annual_cost.unwrap().cft_percent > rates[2].annual_cost.unwrap().tea_percent);
    let deferred = json!([{"installments": 1, "rate_percent": 0, "min_amount": 1}, row(12, "78", 3)]);
    let catalogue = with(json!({"MLA": {"installments": [{"rows": deferred}]}}));
    assert!(catalogue.site(Site::MLA).market_rates()[1].rate_percent > rates[1].rate_percent);
}

#[test]
fn a_new_card_is_found_by_its_bins_and_belongs_to_the_issuers_of_what_it_is_like() {
    let document = json!({"MLB": {"methods": {"lojacard": {
        "like": "elo", "name": "Loja Card",
        "settings": [{
            "card_number": {"length": 16},
            "bin": {"pattern": "^(999[0-4])", "installments_pattern": "^(9990)"},
            "security_code": {"length": 3, "mode": "optional"},
        }],
    }}}});
    let catalogue = with(document);
    let mlb = catalogue.site(Site::MLB);
    let found = mlb.offered_method_of("99912345").unwrap();
    assert_eq!((found.id.as_str(), found.logo.as_str()), ("lojacard", "lojacard.gif"));
    assert!(!found.demands_security_code("99912345", 16));
    assert!(found.allows_installments("99901234") && !found.allows_installments("99912345"));
    assert_eq!(
        mlb.issuer_for("lojacard", "99912345").map(|issuer| issuer.id),
        mlb.issuer_for("elo", "").map(|issuer| issuer.id)
    );
    assert!(mlb.offered_method_of("99950000").is_none());
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_do() {
    let faults = refused(json!({
        "MLX": {},
        "MLB": {"methods": {
            "visa": {"status": "on", "colour": "blue", "min_allowed_amount": -1},
            "pix": {"min_allowed_amount": 500, "max_allowed_amount": 400, "settings": []},
            "unheard": {"name": "Of"},
            "transfer": {"like": "pix", "name": "Transfer"},
        }},
    }));
    assert_eq!(
        faults,
        [
            "MLX: this is no site. The sites are MLB, MLA, MLM, MLC, MCO, MPE, MLU.",
            "MLB.methods.visa.colour: this name is not known. Known here: like, name, status, deferred_capture, settings, \
             additional_info_needed, min_allowed_amount, max_allowed_amount, accreditation_time, processing_modes, \
             thumbnail.",
            "MLB.methods.visa.status: \"on\" is none of what is possible. Write one of active, testing, \
             temporally_deactive, deactive.",
            "MLB.methods.visa.min_allowed_amount: -1 does not fit. Write an amount of BRL with at most 2 decimals, not \
             below 0.",
            "MLB.methods.pix.settings: only cards have settings. Take them away.",
            "MLB.methods.pix.settings: a card has one shape at least. Write `[[…settings]]`.",
            "MLB.methods.pix.min_allowed_amount: the smallest amount is not below the largest. Lower the one or raise \
             the other.",
            "MLB.methods.unheard: the site has no such method. Check its id, or, to add a method, say by `like = \"…\"` \
             which one of the site it is like.",
            "MLB.methods.transfer.like: a method of this kind can't be added. New methods are cards with BINs, tickets, \
             or deposits at cash machines.",
        ]
    );
}

#[test]
fn prices_that_can_not_be_are_refused() {
    let list = |rows: Value| json!({"MLB": {"installments": [{"rows": rows}]}});
    let starts = |document: Value, with: &str| {
        let faults = refused(document);
        assert!(faults.iter().any(|fault| fault.contains(with)), "{with}: {faults:?}");
    };
    starts(list(json!([row(2, "1", 1)])), "a single payment must always be possible");
    starts(list(json!([row(1, "1", 1)])), "a single payment must always be possible");
    starts(list(json!([row(1, "0", 1), row(3, "2", 1), row(3, "2", 1)])), "do not ascend");
    starts(list(json!([row(1, "0", 1), row(3, "-2", 1)])), "rows[1].rate_percent: \"-2\" does not fit");
    starts(list(json!([])), "a single payment must always be possible");
    let neither = json!({"installments": 1, "min_amount": 1});
    starts(list(json!([neither])), "one rate is needed, and one only");
    let annual = json!({"installments": 3, "tea_percent": 69, "min_amount": 1});
    starts(list(json!([row(1, "0", 1), annual])), "annual rates make prices in Argentina alone");
    let both = json!({"installments": 1, "tea_percent": 0, "rate_percent": 0, "min_amount": 1});
    starts(json!({"MLA": {"installments": [{"rows": [both]}]}}), "one rate is needed, and one only");
    let fee = |fee: Value| json!({"MLB": {"fees": [fee]}});
    starts(fee(json!({"percent": 1})), "MLB.fees[0]: `fixed` is missing");
    let whole =
        json!({"methods": ["nothing"], "percent": 51, "fixed": 0.001, "vat_percent": 0, "release_days": 1.5});
    let faults = refused(fee(whole));
    assert_eq!(faults.len(), 4, "{faults:?}");
    let twice = json!({"percent": 1, "fixed": 0, "vat_percent": 0, "release_days": 1});
    starts(json!({"MLB": {"fees": [twice.clone(), twice]}}), "sets the terms of all methods");
}

/// A discount of a seller's own, on all days of a year.
fn discount(id: &str, percent: i64, collector_id: i64) -> Value {
    json!({"id": id, "collector_id": collector_id, "first_day": "2026-01-01", "last_day": "2026-12-31",
           "discount": {"percent": percent, "borne_by": "seller"}})
}

#[test]
fn a_campaign_of_the_document_is_for_whom_it_says_and_preferred_to_the_compiled_in_ones() {
    let free = json!({"id": "mlb-hipercard-6", "methods": ["hipercard"], "first_day": "2026-01-01", "last_day": "2026-12-31",
                      "interest_free": {"installments": [2], "borne_by": "issuer"}});
    let document = json!({"MLB": {
        "campaigns": [discount("own", 10, 1), discount("others", 20, 2), free],
        "without_campaigns": ["mlb-parcelas-do-vendedor"],
    }});
    let catalogue = with(document.clone());
    let mlb = catalogue.site(Site::MLB);
    let ids: Vec<&str> = mlb.promotions().iter().map(|campaign| campaign.id.as_str()).collect();
    assert_eq!(ids, ["own", "others", "mlb-hipercard-6", "mlb-desconto-do-vendedor"]);

    let now = Timestamp::parse("2026-06-01T12:00:00Z").unwrap();
    let plan = |collector_id: i64, differential_pricing_id: Option<i64>, now: Timestamp| {
        let query = OfferQuery {
            method: mlb.method("visa").unwrap(),
            bin: "",
            issuer_id: None,
            collector_id,
            differential_pricing_id,
            now,
        };
        let plan = mlb.plan(&query, Money::new(10_000, mlb.site().currency()), 1).unwrap();
        (plan.promotion_id, plan.price.total.minor)
    };
    assert_eq!(plan(1, None, now), (Some("own".to_owned()), 9_000));
    assert_eq!(plan(2, None, now), (Some("others".to_owned()), 8_000));
    assert_eq!(plan(3, None, now), (None, 10_000));
    assert_eq!(plan(3, Some(30_056), now), (Some("mlb-desconto-do-vendedor".to_owned()), 9_000));
    assert_eq!(plan(1, None, Timestamp::parse("2027-06-01T12:00:00Z").unwrap()), (None, 10_000));

    let mut changes: Vec<String> =
        differences(&Catalogue::compiled_in(), &catalogue).into_iter().map(|change| change.path).collect();
    changes.sort();
    assert_eq!(
        changes,
        [
            "MLB.campaigns.mlb-desconto-do-vendedor.place",
            "MLB.campaigns.mlb-hipercard-6.from_amount",
            "MLB.campaigns.mlb-hipercard-6.interest_free.installments",
            "MLB.campaigns.mlb-hipercard-6.issuers",
            "MLB.campaigns.mlb-hipercard-6.last_day",
            "MLB.campaigns.mlb-hipercard-6.place",
            "MLB.campaigns.mlb-parcelas-do-vendedor",
            "MLB.campaigns.others",
            "MLB.campaigns.own",
        ]
    );
}

#[test]
fn campaigns_that_can_not_be_are_refused() {
    let says = |campaign: Value, with: &str| {
        let faults = refused(json!({"MLB": {"campaigns": [campaign]}}));
        assert!(faults.iter().any(|fault| fault.contains(with)), "{with}: {faults:?}");
    };
    let changed = |name: &str, value: Value| {
        let mut campaign = discount("own", 10, 1);
        campaign[name] = value;
        campaign
    };
    says(
        json!({"id": "x", "first_day": "2026-01-01", "last_day": "2026-01-01"}),
        "a campaign is about something",
    );
    says(changed("collector_id", json!(0)), "campaigns[0].collector_id: 0 does not fit");
    let mut nobodys = discount("own", 10, 1);
    nobodys.as_object_mut().unwrap().remove("collector_id");
    says(nobodys, "what a seller bears it has named or owns. Write collector_id");
    says(changed("last_day", json!("2025-12-31")), "a campaign begins before it ends");
    says(changed("last_day", json!("2026-02-30")), "this is no day");
    says(changed("methods", json!(["pix"])), "campaigns are for cards");
    says(changed("methods", json!(["nothing"])), "the site has no method `nothing`");
    says(changed("issuers", json!([1])), "not all of these are issuers");
    says(changed("weekdays", json!(["caturday"])), "these are not all days of the week");
    says(changed("id", json!("a b")), "an id stands in addresses");
    says(changed("discount", json!({"percent": 51, "borne_by": "seller"})), "51 does not fit");
    let free = |numbers: Value| json!({"installments": numbers, "borne_by": "seller", "seller_percent": 3});
    says(changed("interest_free", free(json!([47]))), "no price list of the site has 47 instalments");
    says(changed("interest_free", free(json!([3, 2]))), "do not ascend");
    says(changed("interest_free", free(json!([]))), "do not ascend");
    says(
        changed("interest_free", json!({"installments": [3], "borne_by": "issuer", "seller_percent": 3})),
        "the issuer bears it",
    );
    says(
        changed("interest_free", json!({"installments": [3], "borne_by": "seller"})),
        "`seller_percent` is missing",
    );
    let twice = json!({"MLB": {"campaigns": [discount("own", 10, 1), discount("own", 11, 1)]}});
    assert!(refused(twice)[0].contains("a campaign before it has this id"));
    let ended = json!({"MLB": {"without_campaigns": ["own"], "campaigns": [discount("own", 10, 1)]}});
    assert!(refused(ended)[0].contains("no compiled-in campaign of the site is `own`"));
}

#[test]
fn cards_that_another_method_has_already_are_refused() {
    let card = |pattern: &str| {
        json!({"MLB": {"methods": {"lojacard": {"like": "elo", "name": "Loja", "settings": [{
            "card_number": {"length": 16}, "bin": {"pattern": pattern}, "security_code": {"length": 3, "mode": "optional"},
        }]}}}})
    };
    let faults = refused(card("^(45)"));
    assert!(faults[0].contains("are visa's as well"), "{faults:?}");
    for hostile in ["(", "^(((((((((1)))))))))", "[9-0]", "9{999999999}", "^(?!", "x", "(1|2){8}{8}{8}"] {
        assert!(!refused(card(hostile)).is_empty(), "{hostile}");
    }
    assert!(refused(card(&"(".repeat(40_000)))[0].contains("32768 characters"));
}

#[test]
fn a_document_that_is_too_large_is_refused_whole() {
    let name = "x".repeat(LARGEST_DOCUMENT);
    assert_eq!(refused(json!({"MLB": {"methods": {"visa": {"name": name}}}})).len(), 1);
    assert_eq!(refused(json!([])).len(), 1);
    let many: Map<String, Value> = (0..50).map(|number| (format!("m{number}"), json!(1))).collect();
    assert_eq!(refused(json!({"MLB": {"methods": many}})).len(), 20, "no more than twenty faults at once");
}

/// Every shape of a document with some odd value in every place is answered, and never by a panic.
#[test]
fn odd_values_in_any_place_are_faults() {
    let whole = json!({
        "methods": {"visa": {
            "name": "Visa", "status": "active", "deferred_capture": "supported", "additional_info_needed": ["issuer_id"],
            "min_allowed_amount": 1, "max_allowed_amount": 9, "accreditation_time": 1, "processing_modes": ["gateway"],
            "thumbnail": "visa.gif",
            "settings": [{
                "card_number": {"length": 16, "validation": "standard"},
                "bin": {"pattern": "^4", "exclusion_pattern": "^(40)", "installments_pattern": "^4"},
                "security_code": {"length": 3, "mode": "mandatory", "card_location": "back"},
            }],
        }},
        "installments": [{"methods": ["visa"], "issuers": [25], "rows": [row(1, "0", 1)]}],
        "fees": [{"methods": ["visa"], "kinds": ["ticket"], "percent": 1, "fixed": 1, "vat_percent": 1, "release_days": 1}],
        "campaigns": [{
            "id": "all", "collector_id": 7, "differential_pricing_id": 8, "methods": ["visa"], "issuers": [25],
            "weekdays": ["monday"], "first_day": "2026-01-01", "last_day": "2026-01-31", "from_amount": 1,
            "interest_free": {"installments": [1], "borne_by": "seller", "seller_percent": 1},
            "discount": {"percent": 1, "at_most": 1, "borne_by": "issuer"},
        }],
        "without_campaigns": ["mlb-hipercard-6"],
    });
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    places(&whole, "", &mut found);
    assert!(found.len() > 40);
    for place in found {
        for odd in
            [Value::Null, json!(true), json!(-1), json!("\u{0}"), json!(1e300), json!([[]]), json!({"": {}})]
        {
            let mut document = whole.clone();
            *document.pointer_mut(&place).unwrap() = odd.clone();
            assert!(!refused(json!({"MLB": document})).is_empty(), "{place} {odd}");
        }
    }
}

#[test]
fn the_schema_knows_the_names_that_the_reader_knows() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let names = |pointer: &str| -> Vec<String> {
        schema.pointer(pointer).unwrap()["properties"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names("")[1..], SITES.map(Site::id));
    assert_eq!(names("/$defs/site"), SITE_NAMES);
    assert_eq!(names("/$defs/method"), methods::NAMES);
    assert_eq!(names("/$defs/installment_list"), super::installments::NAMES);
    assert_eq!(names("/$defs/installment_row"), super::installments::ROW_NAMES);
    assert_eq!(names("/$defs/fee"), super::fees::NAMES);
    assert_eq!(names("/$defs/campaign"), campaigns::NAMES);
    assert_eq!(names("/$defs/interest_free"), campaigns::INTEREST_FREE_NAMES);
    assert_eq!(names("/$defs/discount"), campaigns::DISCOUNT_NAMES);
}
