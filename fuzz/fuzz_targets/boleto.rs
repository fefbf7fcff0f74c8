//! Any text as a boleto's barcode or digitable line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pasarela_rails::boleto::{parse, printed_line};

fuzz_target!(|text: &str| {
    let _ = printed_line(text);
    if let Ok(boleto) = parse(text) {
        assert_eq!(parse(&boleto.barcode()).as_ref(), Ok(&boleto));
        assert_eq!(parse(&boleto.digitable_line()).as_ref(), Ok(&boleto));
    }
});
