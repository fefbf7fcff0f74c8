//! Any text as a date.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_domain::timestamp::Timestamp;

fuzz_target!(|text: &str| {
    if let Some(instant) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&instant.to_wire()), Some(instant), "what is shown reads the same");
        let _ = instant.to_utc_seconds();
    }
});
