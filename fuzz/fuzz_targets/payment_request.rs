//! Any JSON as the body of `POST /v1/payments`, on each site.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::json;
use pasarela_domain::payment::request::CreatePayment;
use pasarela_domain::site::SITES;

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, body)) = bytes.split_first() else { return };
    if let Ok(body) = json::parse(body) {
        let site = SITES[usize::from(first) % SITES.len()];
        if let Err(refusal) = CreatePayment::from_json(&body, site) {
            assert!((400..500).contains(&refusal.status), "a wrong request is the caller's fault: {refusal}");
        }
    }
});
