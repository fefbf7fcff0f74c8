//! Any JSON as the body of a route of customers and cards, and any text as the query of their search.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::customer::card::{ChangeCardRequest, SaveCardRequest};
use pasarela_domain::customer::request::CustomerRequest;
use pasarela_domain::customer::search::CustomerQuery;
use pasarela_domain::customer::user_id_of;
use pasarela_domain::json;

fuzz_target!(|bytes: &[u8]| {
    let is_refusal = |status: u16| assert_eq!(status, 400);
    if let Ok(body) = json::parse(bytes) {
        CustomerRequest::from_json(&body).err().into_iter().for_each(|refusal| is_refusal(refusal.status));
        SaveCardRequest::from_json(&body).err().into_iter().for_each(|refusal| is_refusal(refusal.status));
        ChangeCardRequest::from_json(&body).err().into_iter().for_each(|refusal| is_refusal(refusal.status));
    }
    let query: Vec<(String, String)> = url::form_urlencoded::parse(bytes).into_owned().take(100).collect();
    CustomerQuery::read(&query).err().into_iter().for_each(|refusal| is_refusal(refusal.status));
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(user_id_of(text).is_none_or(|id| id > 0 && text.contains('-')));
    }
});
