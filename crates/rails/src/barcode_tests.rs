//! Reads the drawn bars back with decoders written from the symbologies' own tables, not the encoder's.

use super::*;
use proptest::prelude::*;

/// The widths of bars and spaces of a drawing, in modules, beginning and ending with a bar.
fn widths(svg: &str) -> Vec<usize> {
    let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut widths = Vec::new();
    let mut end = 0;
    for bar in path.split('M').skip(1) {
        let (x, rest) = bar.split_once(" 0h").unwrap();
        let (x, width): (usize, usize) =
            (x.parse().unwrap(), rest.split('v').next().unwrap().parse().unwrap());
        if end == 0 {
            assert_eq!(x, 10, "ten light modules come first");
        } else {
            widths.push(x - end);
        }
        widths.push(width);
        end = x + width;
    }
    let total: usize =
        svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert_eq!(total - end, 10, "ten light modules come last");
    widths
}

fn read_itf25(svg: &str) -> String {
    // Which two of the five elements are wide: weights 1, 2, 4, 7, 0; 4 + 7 stands for zero.
    let digit = |elements: Vec<usize>| {
        let sum: u8 = elements
            .iter()
            .zip([1, 2, 4, 7, 0])
            .filter(|(width, _)| **width == 3)
            .map(|(_, weight)| weight)
            .sum();
        assert_eq!(elements.iter().filter(|&&width| width == 3).count(), 2);
        char::from(b'0' + sum % 11)
    };
    let widths = widths(svg);
    assert_eq!(widths[..4], [1, 1, 1, 1], "start");
    assert_eq!(widths[widths.len() - 3..], [3, 1, 1], "stop");
    let mut text = String::new();
    for pair in widths[4..widths.len() - 3].chunks(10) {
        text.push(digit(pair.iter().step_by(2).copied().collect()));
        text.push(digit(pair.iter().skip(1).step_by(2).copied().collect()));
    }
    text
}

/// Widths of the 103 symbols and three starts (ISO/IEC 15417, table 1).
const CODE_128: &str = "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 \
113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 \
111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 \
213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 \
112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 \
421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 \
211232";

fn read_code128(svg: &str) -> (String, usize) {
    let table: Vec<&str> = CODE_128.split_whitespace().collect();
    assert_eq!(table.len(), 106);
    let widths = widths(svg);
    let (symbols, stop) = widths.split_at(widths.len() - 7);
    assert_eq!(stop, [2, 3, 3, 1, 1, 1, 2]);
    let symbols: Vec<usize> = symbols
        .chunks(6)
        .map(|symbol| symbol.iter().map(|width| width.to_string()).collect::<String>())
        .map(|symbol| table.iter().position(|&other| other == symbol).unwrap())
        .collect();
    let (check, symbols) = symbols.split_last().unwrap();
    let sum: usize =
        symbols[0] + symbols.iter().enumerate().map(|(place, symbol)| place * symbol).sum::<usize>();
    assert_eq!(sum % 103, *check, "check symbol");
    let mut set_c = symbols[0] == 105;
    let mut text = String::new();
    for &symbol in &symbols[1..] {
        match (set_c, symbol) {
            (true, 100) => set_c = false,
            (false, 99) => set_c = true,
            (true, pair) => text.push_str(&format!("{pair:02}")),
            (false, symbol) => text.push(char::from(u8::try_from(symbol).unwrap() + b' ')),
        }
    }
    (text, symbols.len())
}

#[test]
fn a_boleto_is_drawn_in_the_size_of_the_standard() {
    let barcode = "00193373700000001000500940144816060680935031";
    let svg = itf25_svg(barcode).unwrap();
    assert_eq!(read_itf25(&svg), barcode);
    assert_eq!(widths(&svg).iter().sum::<usize>(), 405);
    // 405 modules of 0.254 mm are 102.87 mm; the quiet zones come on top.
    assert!(svg.contains("width=\"107.950mm\" height=\"13mm\""), "{svg}");
}

#[test]
fn digits_are_written_in_pairs() {
    let digits = "630000000000000000012345678907";
    let (text, symbols) = read_code128(&code128_svg(digits).unwrap());
    assert_eq!(text, digits);
    assert_eq!(symbols, 1 + 15);
    assert_eq!(read_code128(&code128_svg("12345").unwrap()), ("12345".into(), 1 + 2 + 1 + 1));
    assert_eq!(read_code128(&code128_svg("AB12CD").unwrap()), ("AB12CD".into(), 1 + 6));
    assert_eq!(read_code128(&code128_svg("7").unwrap()), ("7".into(), 1 + 1));
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    assert_eq!(itf25_svg("123"), Err(BarcodeError::NotDigitPairs));
    assert_eq!(itf25_svg("12a4"), Err(BarcodeError::NotDigitPairs));
    assert_eq!(itf25_svg(""), Err(BarcodeError::Length));
    assert_eq!(code128_svg("Ć12"), Err(BarcodeError::NotAscii));
    assert_eq!(code128_svg(&"1".repeat(81)), Err(BarcodeError::Length));
}

#[test]
fn the_label_cannot_break_out_of_the_drawing() {
    assert!(code128_svg("\"><script>&").unwrap().contains("aria-label=\"&quot;&gt;&lt;script&gt;&amp;\""));
}

proptest! {
    #[test]
    fn any_pairs_of_digits_are_read_back(digits in "([0-9]{2}){1,40}") {
        prop_assert_eq!(read_itf25(&itf25_svg(&digits).unwrap()), digits);
    }

    #[test]
    fn any_ticket_content_is_read_back(content in "[ -~]{1,40}|[0-9]{1,60}|[A-Z]{0,3}[0-9]{0,9}[a-z]{0,3}[0-9]{1,9}") {
        prop_assert_eq!(read_code128(&code128_svg(&content).unwrap()).0, content);
    }
}
