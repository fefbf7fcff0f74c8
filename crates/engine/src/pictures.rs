//! Codes that buyers scan, as pictures for the hosted pages.

pub use pasarela_rails::barcode::{code128_svg, itf25_svg};
pub use pasarela_rails::qr::svg as qr_svg;
