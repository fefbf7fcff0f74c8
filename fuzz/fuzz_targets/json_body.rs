//! Any bytes as a request's body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::json;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = json::parse(bytes) {
        let text = serde_json::to_vec(&serde_json::Value::from(&value)).expect("what was read can be written");
        assert_eq!(json::parse(&text).as_ref(), Ok(&value), "what was written reads the same");
    }
});
