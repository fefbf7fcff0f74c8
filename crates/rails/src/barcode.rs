//! Barcodes as SVG: ITF-25 for boletos, Code 128 for cash tickets. Vectors in millimetres, so that they print in the size
//! that counters' readers expect, with their quiet zones.

use barcoders::sym::code128::Code128;
use barcoders::sym::tf::TF;
use std::fmt::Write;

/// Light modules on each side: ISO/IEC 16390 and 15417 ask for ten.
const QUIET_ZONE: usize = 10;
/// More digits than any ticket has.
const MAX_CONTENT: usize = 80;

/// The size of a kind of barcode on paper.
struct Print {
    /// Width of one module, in micrometres.
    module_um: usize,
    /// Height of the bars, in millimetres.
    height_mm: usize,
}

/// FEBRABAN prescribes 103 mm × 13 mm for the 44 digits: 405 modules of 0.254 mm.
const BOLETO: Print = Print { module_um: 254, height_mm: 13 };
/// 0.33 mm is what every counter reader resolves; 30 digits in set C are 200 modules, 66 mm.
const TICKET: Print = Print { module_um: 330, height_mm: 15 };

/// Why a content has no barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BarcodeError {
    /// Nothing, or more than 80 characters.
    #[error("a barcode holds 1 to 80 characters")]
    Length,
    /// ITF-25 writes pairs of digits.
    #[error("an ITF-25 barcode holds an even number of digits")]
    NotDigitPairs,
    /// Code 128 sets B and C write printable ASCII.
    #[error("a Code 128 barcode holds printable ASCII")]
    NotAscii,
}

/// The ITF-25 (interleaved 2 of 5) barcode of `digits`, whose number must be even.
pub fn itf25_svg(digits: &str) -> Result<String, BarcodeError> {
    verify_length(digits)?;
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BarcodeError::NotDigitPairs);
    }
    let mut modules = TF::interleaved(digits).map_err(|_| BarcodeError::NotDigitPairs)?.encode();
    // The crate draws data with wide bars of three modules and the stop's wide bar with two. A reader that takes one ratio
    // for the whole code wants three there as well; the stop is "wide bar, narrow space, narrow bar".
    modules.truncate(modules.len() - 4);
    modules.extend([1, 1, 1, 0, 1]);
    Ok(svg(digits, &modules, &BOLETO))
}

/// The Code 128 barcode of `content`, with digits in pairs (set C) wherever that is shorter.
pub fn code128_svg(content: &str) -> Result<String, BarcodeError> {
    verify_length(content)?;
    if !content.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(BarcodeError::NotAscii);
    }
    let modules = Code128::new(with_sets(content)).map_err(|_| BarcodeError::NotAscii)?.encode();
    Ok(svg(content, &modules, &TICKET))
}

fn verify_length(content: &str) -> Result<(), BarcodeError> {
    if (1..=MAX_CONTENT).contains(&content.len()) { Ok(()) } else { Err(BarcodeError::Length) }
}

/// `content` with the crate's marks for set B (`Ɓ`) and set C (`Ć`) before each stretch. A change of set costs a symbol
/// and a pair of digits saves one, so C pays from two digits alone, four digits at an end, six in between.
fn with_sets(content: &str) -> String {
    const SET_B: char = 'Ɓ';
    const SET_C: char = 'Ć';
    let mut marked = String::with_capacity(content.len() + 8);
    let mut set = None;
    let mut rest = content;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let at_end = digits == rest.len();
        let worthwhile = match (set, at_end) {
            (None, true) => 2,
            (None, false) | (_, true) => 4,
            _ => 6,
        };
        let (wanted, length) = if digits >= worthwhile {
            (SET_C, digits - digits % 2)
        } else {
            (SET_B, stretch_in_b(rest, digits))
        };
        if set != Some(wanted) {
            marked.push(wanted);
            set = Some(wanted);
        }
        marked.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    marked
}

/// How much of `rest`, which begins with `digits` digits too few for set C, to write before looking again.
fn stretch_in_b(rest: &str, digits: usize) -> usize {
    digits + rest[digits..].bytes().take_while(|byte| !byte.is_ascii_digit()).count()
}

fn svg(content: &str, modules: &[u8], print: &Print) -> String {
    let width = modules.len() + 2 * QUIET_ZONE;
    let height = print.height_mm * 1000 / print.module_um;
    let mut path = String::with_capacity(modules.len() * 8);
    let mut column = 0;
    for run in modules.chunk_by(|a, b| a == b) {
        if run[0] == 1 {
            let (x, bar) = (column + QUIET_ZONE, run.len());
            write!(path, "M{x} 0h{bar}v{height}h-{bar}z").expect("a String takes everything");
        }
        column += run.len();
    }
    let (width_um, label) = (width * print.module_um, escape(content));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}.{:03}mm\" height=\"{}mm\" viewBox=\"0 0 {width} {height}\" \
         preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{width}v{height}h-{width}z\"/><path d=\"{path}\"/></svg>",
        width_um / 1000,
        width_um % 1000,
        print.height_mm
    )
}

fn escape(content: &str) -> String {
    content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
#[path = "barcode_tests.rs"]
mod tests;
