//! QR codes as a picture: a small PNG for API answers, an SVG for pages.

use fast_qr::{ECL, Module, QRBuilder, QRCode};
use std::fmt::Write;

/// Light modules on each side (ISO/IEC 18004 asks for 4).
const QUIET_ZONE: usize = 4;
/// Pixels per module: a Pix code of 57 modules becomes 390 pixels, sharp at twice its usual size on a page. Repeated rows
/// compress to almost nothing, so the file barely grows with it.
const PIXELS_PER_MODULE: usize = 6;
/// Eight light pixels.
const LIGHT: u8 = 0xff;

/// The text is longer than a QR code holds (2331 bytes at level M).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

/// `text` as a black and white PNG with its quiet zone.
pub fn png(text: &str) -> Result<Vec<u8>, TooLong> {
    let code = encode(text)?;
    let side = (code.size + 2 * QUIET_ZONE) * PIXELS_PER_MODULE;
    let row_bytes = side.div_ceil(8);
    let margin = vec![LIGHT; row_bytes * QUIET_ZONE * PIXELS_PER_MODULE];
    let mut pixels = Vec::with_capacity(row_bytes * side);
    pixels.extend_from_slice(&margin);
    for row in 0..code.size {
        let pixel_row = pixel_row(&code[row], row_bytes);
        for _ in 0..PIXELS_PER_MODULE {
            pixels.extend_from_slice(&pixel_row);
        }
    }
    pixels.extend_from_slice(&margin);
    Ok(write_png(side, &pixels))
}

/// `text` as an SVG of one unit a module, without a fixed size: the page gives it one.
pub fn svg(text: &str) -> Result<String, TooLong> {
    let code = encode(text)?;
    let side = code.size + 2 * QUIET_ZONE;
    let mut path = String::with_capacity(code.size * code.size * 6);
    for row in 0..code.size {
        for (column, width) in dark_runs(&code[row]) {
            let (x, y) = (column + QUIET_ZONE, row + QUIET_ZONE);
            write!(path, "M{x} {y}h{width}v1h-{width}z").expect("a String takes everything");
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>"
    ))
}

fn encode(text: &str) -> Result<QRCode, TooLong> {
    QRBuilder::new(text).ecl(ECL::M).build().map_err(|_| TooLong)
}

/// One row of modules as pixels, a bit each, with the quiet zone.
fn pixel_row(modules: &[Module], row_bytes: usize) -> Vec<u8> {
    let mut row = vec![LIGHT; row_bytes];
    for (column, width) in dark_runs(modules) {
        let start = (column + QUIET_ZONE) * PIXELS_PER_MODULE;
        for x in start..start + width * PIXELS_PER_MODULE {
            row[x / 8] &= !(0x80 >> (x % 8));
        }
    }
    row
}

/// The stretches of dark modules in a row: where each begins, and its width.
fn dark_runs(modules: &[Module]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut next = 0;
    modules.chunk_by(|a, b| a.value() == b.value()).filter_map(move |run| {
        let start = next;
        next += run.len();
        run[0].value().then_some((start, run.len()))
    })
}

fn write_png(side: usize, pixels: &[u8]) -> Vec<u8> {
    let side = u32::try_from(side).expect("at most 185 modules of 6 pixels");
    let mut file = Vec::with_capacity(2048);
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Balanced);
    // A row that repeats the one above becomes zeros: five rows of six.
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header().expect("a side above zero, into memory");
    writer.write_image_data(pixels).expect("as many pixels as the header says, into memory");
    writer.finish().expect("the one image is written, into memory");
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PIX: &str = "00020126730014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400000211Pedido 10425204000053039865406149.905802BR5918LOJA PASARELA LTDA6009SAO PAULO61080131092462140510PEDIDO10426304B0C0";

    /// The pixels of a PNG, `true` where dark, read by the `png` crate.
    fn read_png(file: &[u8]) -> (usize, Vec<bool>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        assert_eq!(
            (reader.info().color_type, reader.info().bit_depth),
            (png::ColorType::Grayscale, png::BitDepth::One)
        );
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut buffer).unwrap();
        let side = frame.width as usize;
        let dark = |y: usize, x: usize| buffer[y * frame.line_size + x / 8] & (0x80 >> (x % 8)) == 0;
        (side, (0..side * side).map(|i| dark(i / side, i % side)).collect())
    }

    /// What an independent reader sees.
    fn scan(side: usize, dark: &[bool]) -> String {
        let grey = |x: usize, y: usize| if dark[y * side + x] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code in the picture");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn the_png_of_a_pix_code_is_read_back_and_is_small() {
        let file = png(PIX).unwrap();
        let (side, dark) = read_png(&file);
        assert_eq!(scan(side, &dark), PIX);
        assert!(file.len() < 2_500, "{} bytes", file.len());
    }

    #[test]
    fn four_light_modules_surround_the_code() {
        let (side, dark) = read_png(&png(PIX).unwrap());
        let margin = QUIET_ZONE * PIXELS_PER_MODULE;
        let within = |i: usize| (margin..side - margin).contains(&i);
        assert!(dark.iter().enumerate().all(|(i, &d)| !d || within(i / side) && within(i % side)));
        assert!(dark[margin * side + margin], "and the first finder begins right after them");
    }

    #[test]
    fn the_svg_shows_the_same_modules_as_the_png() {
        let (side, dark) = read_png(&png(PIX).unwrap());
        let modules = side / PIXELS_PER_MODULE;
        let mut drawn = vec![false; modules * modules];
        let svg = svg(PIX).unwrap();
        let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
        for run in path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (width, rest) = rest.split_once("v1h-").unwrap();
            assert_eq!(rest, format!("{width}z"));
            let (x, y, width): (usize, usize, usize) =
                (x.parse().unwrap(), y.parse().unwrap(), width.parse().unwrap());
            drawn[y * modules + x..y * modules + x + width].fill(true);
        }
        let pixel = |i: usize| (i / modules * side + i % modules) * PIXELS_PER_MODULE;
        assert!((0..modules * modules).all(|i| drawn[i] == dark[pixel(i)]));
    }

    #[test]
    fn what_no_qr_code_can_hold_is_refused() {
        assert!(png(&"x".repeat(2331)).is_ok());
        assert_eq!(png(&"x".repeat(2332)), Err(TooLong));
        assert_eq!(svg(&"x".repeat(100_000)), Err(TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_text_is_read_back(text in "[ -~]{1,300}") {
            let (side, dark) = read_png(&png(&text).unwrap());
            prop_assert_eq!(scan(side, &dark), text);
        }
    }
}
