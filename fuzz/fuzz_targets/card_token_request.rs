//! Any JSON as the body of `POST /v1/card_tokens`: read and checked on each site. A refusal never repeats the card.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::card_token::TokenRequest;
use pasarela_domain::json;
use pasarela_domain::site::SITES;
use pasarela_domain::timestamp::Timestamp;
use pasarela_vault::{CardNumber, SecurityCode};

/// 2026-09-21.
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, body)) = bytes.split_first() else { return };
    let Ok(body) = json::parse(body) else { return };
    let Ok(request) = TokenRequest::from_json(&body) else { return };
    let number = request.card_number.clone().unwrap_or_default();
    if let Err(refusal) = request.check(SITES[usize::from(first) % SITES.len()], None, NOW) {
        let shown = refusal.to_json(None).to_string();
        assert!(number.len() < 12 || !shown.contains(&number), "a refusal shows the card number");
    }
    if let Some(card) = CardNumber::parse(&number) {
        assert!(!format!("{card:?}").contains(&number), "Debug shows the card number");
    }
    let _ = request.security_code.as_deref().map(SecurityCode::parse);
});
