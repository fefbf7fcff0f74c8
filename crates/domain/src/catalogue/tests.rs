//! The catalogue as a whole: every table of every site, the documented test cards, and the answers' shapes.

use super::*;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

const LOGOS: &str = "https://logos.example/";

fn test_cards() -> impl Iterator<Item = (Site, &'static str, &'static str)> {
    table::rows(include_str!("../../data/test_cards.csv"))
        .map(|row| (Site::from_id(row[0]).unwrap(), row[2], row[3]))
}

fn ids(methods: &[&PaymentMethod]) -> Vec<String> {
    methods.iter().map(|method| method.id.clone()).collect()
}

fn search(site: Site, parameters: SearchParameters) -> Value {
    serde_json::from_str(&of(site).search_json(&parameters, LOGOS)).unwrap()
}

fn for_bin(bin: &str) -> SearchParameters {
    SearchParameters { bin: Some(bin.to_owned()), status: Some("active".to_owned()), ..Default::default() }
}

#[test]
fn every_test_card_belongs_to_exactly_one_offered_method() {
    let mut count = 0;
    for (site, kind, number) in test_cards() {
        for digits in [&number[..6], &number[..8], number] {
            let methods = of(site).resolve_bin(digits);
            let offered: Vec<_> = methods.iter().filter(|method| method.is_offered()).collect();
            assert_eq!(offered.len(), 1, "{site} {}", &digits[..6]);
            assert_eq!(offered[0].payment_type.id(), kind, "{site} {}", &digits[..6]);
            assert_eq!(offered[0].id, methods[0].id, "the offered method comes first");
            assert!(of(site).settings_for(offered[0], digits).is_some());
        }
        assert!(crate::documents::is_luhn(number));
        count += 1;
    }
    assert_eq!(count, 28);
}

#[test]
fn credit_and_debit_twins_are_told_apart() {
    let one = |site, bin| ids(&of(site).resolve_bin(bin));
    assert_eq!(one(Site::MLA, "400276"), ["debvisa"]);
    assert_eq!(one(Site::MLA, "450995"), ["visa"]);
    assert_eq!(one(Site::MLB, "506776"), ["debelo"]);
    assert_eq!(one(Site::MLB, "423564"), ["visa", "debvisa"], "methods in testing come last");
    assert_eq!(one(Site::MLB, "502121"), ["debmaster"]);
    assert!(of(Site::MLB).offered_method_of("502121").is_none());
    assert_eq!(one(Site::MLC, "602711"), [""; 0], "methods of the past are not resolved");
}

#[test]
fn a_whole_number_is_held_to_its_length() {
    let mla = of(Site::MLA);
    assert_eq!(ids(&mla.resolve_bin("4509953566233704")), ["visa"]);
    assert!(mla.resolve_bin("450995356623370").is_empty());
    assert!(mla.resolve_bin("45099535662337049").is_empty());
    assert_eq!(ids(&mla.resolve_bin("2799512345678")), ["tarshop"]);
    let maestro = mla.method("maestro").unwrap();
    for length in [18, 19] {
        let number = format!("{:0<length$}", "501041");
        assert_eq!(ids(&mla.resolve_bin(&number)), ["maestro"], "{length}");
        assert_eq!(mla.settings_for(maestro, &number).unwrap().number_length, length);
    }
}

#[test]
fn the_security_code_is_demanded_by_the_shape_of_the_card_or_else_by_the_strictest() {
    let demands = |method: &str, bin: &str, length| {
        of(Site::MLA).method(method).unwrap().demands_security_code(bin, length)
    };
    assert!(!demands("cordobesa", "", 0));
    assert!(!demands("tarshop", "27995000", 13));
    assert!(demands("tarshop", "60348800", 16));
    assert!(demands("tarshop", "99999999", 16), "no shape of it");
}

#[test]
fn what_is_no_card_number_resolves_to_nothing() {
    for digits in ["", "4", "45099", "45099a", "4509953566x33704", "４５０９９５", "-45099", " 450995"]
    {
        assert!(of(Site::MLA).resolve_bin(digits).is_empty(), "{digits}");
        assert!(of(Site::MLA).offered_method_of(digits).is_none());
    }
    assert!(of(Site::MLA).resolve_bin(&"4".repeat(10_000)).is_empty());
}

#[test]
fn tables_are_whole() {
    for site in SITES {
        let catalogue = of(site);
        assert_eq!(catalogue.site(), site);
        assert!(catalogue.method("visa").is_some() && catalogue.method("account_money").is_some());
        let mut seen = std::collections::BTreeSet::new();
        for method in catalogue.methods() {
            assert!(seen.insert(&method.id), "{site} {} stands twice", method.id);
            assert!(method.min_allowed <= method.max_allowed);
            assert!(!method.processing_modes.is_empty() && method.logo.ends_with(".gif"));
            if method.payment_type.is_card() {
                let issuer = catalogue.issuer_for(&method.id, "");
                assert!(issuer.is_some(), "{site} {} has no issuer", method.id);
            }
        }
        for issuer in catalogue.issuers() {
            for method in &issuer.payment_methods {
                assert!(catalogue.method(method).is_some(), "{site} {} issues {method}", issuer.id);
            }
        }
    }
}

#[test]
fn sites_are_what_their_table_says() {
    let table: Vec<Value> = serde_json::from_str(include_str!("../../data/sites.json")).unwrap();
    assert_eq!(table.len(), SITES.len());
    for row in table {
        let site = Site::from_id(row["id"].as_str().unwrap()).unwrap();
        assert_eq!(row["country_id"], site.country_id());
        assert_eq!(row["default_currency_id"], site.currency().code());
        assert_eq!(row["decimal_places"], site.currency().decimals());
        assert_eq!(row["time_zone"], site.time_zone());
        assert_eq!(row["locale"], site.locale());
        let vat = rust_decimal::Decimal::from(row["vat_rate_on_fees_percent"].as_u64().unwrap());
        for method in of(site).methods() {
            assert_eq!(fees::terms(of(site), method).vat_percent, vat, "{site} {}", method.id);
        }
    }
}

#[test]
fn the_issuer_is_known_by_the_bin_or_is_the_default() {
    let mla = of(Site::MLA);
    assert_eq!(mla.issuer_for("visa", "450995").unwrap().id, 310);
    assert_eq!(mla.issuer_for("visa", "4509953566233704").unwrap().id, 310);
    assert_eq!(mla.issuer_for("master", "511111").unwrap().id, 338);
    assert_eq!(mla.issuer_for("cencosud", "").unwrap().id, 692, "the only one, though no default");
    assert_eq!(of(Site::MLB).issuer_for("master", "503143").unwrap().name, "Mastercard");
    assert!(of(Site::MLB).issuer_for("pix", "").is_none());
    assert_eq!(mla.card_issuers("master", "503175").len(), 1);
    assert!(mla.card_issuers("master", "511111").len() > 3);
    assert!(mla.card_issuers("nothing", "511111").is_empty());
}

#[test]
fn the_list_shows_offered_methods_in_the_documented_shape() {
    for site in SITES {
        let list: Vec<Value> = serde_json::from_str(&of(site).payment_methods_json(LOGOS)).unwrap();
        assert!(list.iter().all(|method| method["status"] == "active"));
        for method in &list {
            let keys: Vec<&String> = method.as_object().unwrap().keys().collect();
            assert_eq!(keys.len(), 14, "{site} {}: {keys:?}", method["id"]);
            let logo = method["thumbnail"].as_str().unwrap();
            assert!(logo.starts_with("https://logos.example/") && logo.matches("//").count() == 1, "{logo}");
            assert!(method["settings"].is_array() && method["min_allowed_amount"].is_number());
        }
    }
    let list = of(Site::MLB).payment_methods_json(LOGOS);
    assert!(list.contains(r#""min_allowed_amount":0.5"#), "amounts are written as they stand in the table");
}

#[test]
fn a_search_by_bin_finds_the_card_with_its_issuer_and_instalments() {
    let answer = search(Site::MLB, for_bin("50314332"));
    assert_eq!(answer["paging"], serde_json::json!({"total": 1, "limit": 30, "offset": 0}));
    let result = &answer["results"][0];
    assert_eq!((&result["id"], &result["site_id"]), (&"master".into(), &"MLB".into()));
    assert_eq!(result["issuer"], serde_json::json!({"id": 24, "name": "Mastercard", "default": true}));
    assert_eq!(result["payer_costs"].as_array().unwrap().len(), 12);
    assert_eq!(result["payer_costs"][2]["installment_rate"].to_string(), "9.73");
    assert_eq!(result["payer_costs"][2]["min_allowed_amount"].to_string(), "15");
    assert_eq!((&result["max_accreditation_days"], &result["marketplace"]), (&2.into(), &"NONE".into()));
    assert_eq!(result["financing_deals"]["status"], "deactive");
}

#[test]
fn a_search_tells_of_the_campaign_that_changes_its_prices() {
    let now = crate::timestamp::Timestamp::parse("2026-11-27T12:00:00-03:00").unwrap();
    let deals = |now| {
        search(Site::MLA, SearchParameters { now, ..for_bin("371180") })["results"][0]["financing_deals"]
            .clone()
    };
    assert_eq!(
        (&deals(now)["status"], &deals(now)["installments"]),
        (&"active".into(), &serde_json::json!([3, 6]))
    );
    assert_eq!(deals(crate::timestamp::Timestamp(0))["status"], "deactive");
}

#[test]
fn a_search_shows_the_cards_own_shape_first() {
    let lengths = |bin: &str| {
        let answer = search(Site::MLA, for_bin(bin));
        let settings = answer["results"][0]["settings"].as_array().unwrap().clone();
        settings
            .iter()
            .map(|settings| settings["card_number"]["length"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(lengths("603488"), [16, 13]);
    assert_eq!(lengths("279951"), [13, 16]);
}

#[test]
fn a_search_finds_nothing_for_an_unknown_bin_and_pages_the_rest() {
    assert_eq!(search(Site::MLA, for_bin("999999"))["results"], serde_json::json!([]));
    assert_eq!(search(Site::MLA, for_bin("4"))["paging"]["total"], 0);
    let page = SearchParameters { limit: Some(1), status: Some("active".into()), ..Default::default() };
    let first = search(Site::MCO, page.clone());
    assert_eq!(first["results"].as_array().unwrap().len(), 1);
    assert_eq!(first["results"][0]["site_id"], "MCO");
    let total = usize::try_from(first["paging"]["total"].as_u64().unwrap()).unwrap();
    let beyond = search(Site::MCO, SearchParameters { offset: Some(total), limit: Some(usize::MAX), ..page });
    assert_eq!((&beyond["results"], &beyond["paging"]["limit"]), (&serde_json::json!([]), &100.into()));
    let tickets = SearchParameters { payment_type_id: Some("ticket".into()), ..Default::default() };
    assert_eq!(search(Site::MLU, tickets)["paging"]["total"], 2);
    let testing = SearchParameters { status: Some("testing".into()), ..Default::default() };
    assert_eq!(search(Site::MLB, testing)["paging"]["total"], 6);
}

#[test]
fn argentine_rows_carry_the_costs_that_its_law_wants_shown() {
    let answer = search(Site::MLA, for_bin("450995"));
    let costs = answer["results"][0]["payer_costs"].as_array().unwrap();
    assert_eq!(costs[0]["labels"][0], "CFT_0,00%|TEA_0,00%");
    assert_eq!(costs[1]["labels"][0], "CFT_87,82%|TEA_69,00%");
    let names: BTreeMap<String, ()> =
        costs.iter().map(|cost| (cost["payment_method_option_id"].to_string(), ())).collect();
    assert_eq!(names.len(), costs.len());
    assert_eq!(
        search(Site::MPE, for_bin("400917"))["results"][0]["payer_costs"][1]["labels"],
        serde_json::json!([])
    );
}

#[test]
fn issuers_and_documents_are_shown_in_the_documented_shape() {
    let issuers: Value =
        serde_json::from_str(&of(Site::MLA).card_issuers_json("visa", "450995", LOGOS)).unwrap();
    assert_eq!(
        issuers,
        serde_json::json!([{
            "id": "310",
            "name": "Banco Santander",
            "secure_thumbnail": "https://logos.example/310.gif",
            "thumbnail": "https://logos.example/310.gif",
            "processing_mode": "aggregator",
            "merchant_account_id": null,
        }])
    );
    for site in SITES {
        assert_eq!(of(site).identification_types_json().is_none(), site == Site::MLM);
    }
    let types = of(Site::MLB).identification_types_json().unwrap();
    assert!(
        types.starts_with(r#"[{"id":"CPF","name":"CPF","type":"number","min_length":11,"max_length":11}"#)
    );
}

/// The expanded patterns say what the regular expressions say, for every BIN of the table's own and its neighbours.
#[test]
fn expanded_patterns_agree_with_the_regular_expressions() {
    let file: BTreeMap<String, Vec<Value>> =
        serde_json::from_str(include_str!("../../data/payment_methods.json")).unwrap();
    let patterns =
        file.values().flatten().flat_map(|method| method["settings"].as_array().unwrap()).flat_map(|s| {
            ["pattern", "exclusion_pattern", "installments_pattern"]
                .map(|key| s["bin"][key].as_str().unwrap_or_default())
        });
    let distinct: std::collections::BTreeSet<&str> = patterns.collect();
    let mut compared = 0;
    for pattern in distinct.into_iter().filter(|pattern| !pattern.is_empty() && !pattern.contains("(?!")) {
        let expression = regex::Regex::new(pattern).unwrap();
        let set = PrefixSet::parse(pattern).unwrap();
        for &(first, last) in set.ranges() {
            for edge in [first.saturating_sub(1), first, last, (last + 1).min(99_999_999)] {
                let number = format!("{edge:08}");
                for digits in [&number[..6], &number[..7], &number] {
                    assert_eq!(set.matches(digits), expression.is_match(digits), "{digits} in {pattern}");
                }
            }
        }
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}

/// Where the membership of numbers changes is where a range starts or has ended: asking there asks for all BINs.
#[test]
fn a_bin_belongs_to_one_offered_method_except_where_the_table_itself_overlaps() {
    let mut shared = Vec::new();
    for site in SITES {
        let catalogue = of(site);
        let ranges =
            catalogue.methods().iter().flat_map(|method| &method.settings).flat_map(|s| s.bins.ranges());
        let edges: std::collections::BTreeSet<u32> =
            ranges.flat_map(|&(first, last)| [first, last + 1]).collect();
        for bin in edges.into_iter().filter(|bin| *bin < 100_000_000).map(|bin| format!("{bin:08}")) {
            let offered: Vec<_> =
                catalogue.resolve_bin(&bin).into_iter().filter(|method| method.is_offered()).collect();
            for pair in offered.windows(2) {
                shared.push(format!("{site} {bin} {} {}", pair[0].id, pair[1].id));
            }
        }
    }
    // Maestro is told apart by the length of the whole number; the exclusions of MLU's master forget its debit twin, and
    // credit comes first.
    let known = [
        "MLA 50102100 master maestro",
        "MLA 50102300 master maestro",
        "MLA 50104100 master maestro",
        "MLA 50105600 master maestro",
        "MLA 50106700 master maestro",
        "MLA 50108000 master maestro",
        "MLA 50108900 master maestro",
        "MLU 51614400 master debmaster",
    ];
    assert_eq!(shared, known);
}

#[test]
fn of_two_credit_brands_that_claim_a_bin_the_narrower_one_has_it() {
    assert_eq!(ids(&of(Site::MLA).resolve_bin("589657")), ["cabal"]);
    let claimed = of(Site::MLA).method("master").unwrap();
    assert!(of(Site::MLA).settings_for(claimed, "589657").is_some(), "both patterns have it");
}

/// What is inside a group that has been opened, and what follows it.
fn at_its_end(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[..at], &text[at + 1..]);
        }
    }
    panic!("the group has no end: {text}");
}

/// A look-ahead is what the regular expression without it is not.
#[test]
fn negative_look_aheads_say_the_opposite_of_what_they_hold() {
    let file: BTreeMap<String, Vec<Value>> =
        serde_json::from_str(include_str!("../../data/payment_methods.json")).unwrap();
    let patterns: std::collections::BTreeSet<String> = file
        .values()
        .flatten()
        .flat_map(|method| method["settings"].as_array().unwrap())
        .filter_map(|settings| settings["bin"]["installments_pattern"].as_str())
        .filter(|pattern| pattern.contains("(?!"))
        .map(str::to_owned)
        .collect();
    assert!(patterns.len() > 3, "{}", patterns.len());
    let mut compared = 0;
    for pattern in patterns {
        let inside = pattern.strip_prefix("^(?!").expect("a look-ahead stands at the beginning");
        let (inner, others) = at_its_end(inside);
        let excluded = regex::Regex::new(&format!("^(?:{inner})")).unwrap();
        // One pattern goes on after it: what follows counts as anchored, whether the table says so or not.
        let others =
            others.strip_prefix('|').map(|others| regex::Regex::new(&format!("^(?:{others})")).unwrap());
        let is_said = |number: &str| {
            !excluded.is_match(number) || others.as_ref().is_some_and(|others| others.is_match(number))
        };
        let set = PrefixSet::parse(&pattern).unwrap();
        for &(first, last) in set.ranges() {
            for edge in [first.saturating_sub(1), first, last, (last + 1).min(99_999_999)] {
                let number = format!("{edge:08}");
                assert_eq!(set.matches(&number), is_said(&number), "{number} in {pattern}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

proptest! {
    #[test]
    fn resolving_never_fails_and_agrees_with_the_methods(digits in "[0-9]{0,20}", which in 0_usize..7) {
        let catalogue = of(SITES[which]);
        let found = catalogue.resolve_bin(&digits);
        for method in catalogue.methods() {
            let claims = digits.len() >= SHORTEST_BIN
                && matches!(method.status, MethodStatus::Active | MethodStatus::Testing)
                && method.settings.iter().any(|settings| settings.matches(&digits));
            let is_found = found.iter().any(|known| known.id == method.id);
            let is_taken = found.iter().any(|known| known.payment_type == method.payment_type);
            prop_assert!(!is_found || claims, "{}", method.id);
            prop_assert!(!claims || is_taken, "{} is lost", method.id);
        }
    }

    /// Numbers that cards begin with, of every length up to a whole number's.
    #[test]
    fn a_bin_belongs_to_one_method_of_a_kind_at_most(digits in "[2-6][0-9]{5,18}", which in 0_usize..7) {
        let found = of(SITES[which]).resolve_bin(&digits);
        let kinds: std::collections::BTreeSet<PaymentType> = found.iter().map(|method| method.payment_type).collect();
        prop_assert_eq!(kinds.len(), found.len(), "{} {:?}", SITES[which], ids(&found));
    }
}
