//! Any text as a BR Code, as it is and with its check value put right, so that the fields behind it are reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_rails::br_code::{crc16, decode};

fuzz_target!(|text: &str| {
    let put_right = format!("{text}6304{:04X}", crc16(format!("{text}6304").as_bytes()));
    for text in [text, &put_right] {
        if let Ok(code) = decode(text) {
            let encoded = code.encode().expect("what was read can be written");
            assert_eq!(decode(&encoded).as_ref(), Ok(&code), "what was written reads the same");
        }
    }
});
