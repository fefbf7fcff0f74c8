//! Any JSON as a preference or a merchant order, any text as an id or the query of a search: what is taken can be written,
//! read again, added up, and leads nowhere that runs in a page.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::json;
use pasarela_domain::merchant_order::request::OrderRequest;
use pasarela_domain::merchant_order::{self, MerchantOrder};
use pasarela_domain::preference::query::{CheckoutQuery, summary};
use pasarela_domain::preference::return_address::return_address;
use pasarela_domain::preference::{Birth, Preference, collector_of, request};
use pasarela_domain::site::SITES;
use pasarela_domain::timestamp::Timestamp;

const NOW: Timestamp = Timestamp(1_795_262_400_000);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(body) = json::parse(bytes) {
        for site in SITES {
            let birth = Birth {
                id: "7-11111111-1111-4111-8111-111111111111",
                collector_id: 7,
                application_id: 12,
                site,
                live_mode: false,
                public_url: "http://localhost",
                now: NOW,
            };
            let mut preference = Preference::empty(&birth);
            match request::apply(&body, &mut preference) {
                Ok(()) => {
                    assert!(preference.total().minor > 0);
                    let text = serde_json::to_string(&preference).expect("a preference is always written");
                    let read: Preference = serde_json::from_str(&text).expect("it was written just now");
                    assert_eq!(read, preference);
                    let _ = (summary(&preference), preference.window(NOW));
                    if let Some(address) = return_address(&preference, None) {
                        assert!(!address.to_ascii_lowercase().starts_with("javascript:"));
                    }
                }
                Err(refusal) => assert_eq!(refusal.status, 400),
            }
            let birth = merchant_order::Birth {
                id: 1,
                collector_id: 7,
                nickname: "SHOP",
                application_id: 12,
                site,
                is_test: true,
                now: NOW,
            };
            let mut order = MerchantOrder::empty(&birth);
            let read = OrderRequest::from_json(&body, site, 7);
            match read.and_then(|request| request.apply(&mut order, site, NOW)) {
                Ok(()) => drop(serde_json::to_string(&order).expect("an order is always written")),
                Err(refusal) => assert_eq!(refusal.status, 400),
            }
        }
    }
    let query: Vec<(String, String)> = url::form_urlencoded::parse(bytes).into_owned().take(100).collect();
    if let Err(refusal) = CheckoutQuery::read(&query) {
        assert_eq!(refusal.status, 400);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(collector_of(text).is_none_or(|id| id >= 0 && text.contains('-')));
    }
});
