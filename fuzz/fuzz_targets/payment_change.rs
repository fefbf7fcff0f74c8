//! Any JSON as the body of `PUT /v1/payments/{id}` and of `POST …/refunds`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::json;
use pasarela_domain::payment::change::PaymentChange;
use pasarela_domain::payment::refund::RefundRequest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(body) = json::parse(bytes) {
        for refusal in [PaymentChange::from_json(&body).err(), RefundRequest::from_json(&body).err()] {
            assert!(refusal.is_none_or(|refusal| (400..500).contains(&refusal.status)));
        }
    }
});
