//! How large the total financial cost (CFT) is drawn beside the effective annual rate (TEA): Argentina's rule is bold, the
//! same font, and two and a quarter times as high.

use pasarela_domain::quality::page::Financing;

/// How far from its label a figure may stand, in texts.
const NEAR: usize = 2;
/// The weight from which letters are bold.
const BOLD: u32 = 700;
/// The most texts that are compared.
const MOST: usize = 400;

/// A text about the cost of instalments, and how it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawn {
    has_cft: bool,
    has_tea: bool,
    has_figure: bool,
    /// CSS pixels.
    height: f64,
    /// 100 to 900.
    weight: u32,
    family: String,
}

impl Drawn {
    /// The text `said`, if it is about the cost; `style` gives its size, its weight and its font.
    pub(super) fn of<'s>(said: &str, style: impl Fn(usize) -> &'s str) -> Option<Drawn> {
        let said = said.to_lowercase();
        let words = || said.split(|letter: char| !letter.is_alphanumeric());
        let has_cft = words().any(|word| word.starts_with("cft")) || said.contains("costo financiero total");
        let has_tea = words().any(|word| word == "tea") || said.contains("tasa efectiva anual");
        let has_figure = said.contains('%');
        if !(has_cft || has_tea || has_figure) {
            return None;
        }
        Some(Drawn {
            has_cft,
            has_tea,
            has_figure,
            height: style(0).trim_end_matches("px").parse().unwrap_or_default(),
            weight: style(1).parse().unwrap_or_default(),
            family: style(2).to_lowercase(),
        })
    }
}

/// Compares each CFT with the TEA that stands nearest, and keeps the worst.
pub(super) fn compare(drawn: &[Drawn], financing: &mut Financing) {
    let drawn = &drawn[..drawn.len().min(MOST)];
    let places = |is: fn(&Drawn) -> bool| (0..drawn.len()).filter(move |at| is(&drawn[*at]));
    for at in places(|text| text.has_cft) {
        let Some(nearest) = places(|text| text.has_tea).min_by_key(|tea| tea.abs_diff(at)) else { return };
        let (cft, tea) = (figure(drawn, at), figure(drawn, nearest));
        if tea.height <= 0.0 {
            continue;
        }
        let percent = (cft.height / tea.height * 100.0).round().clamp(0.0, 100_000.0) as u32;
        financing.cft_height_percent = Some(financing.cft_height_percent.map_or(percent, |p| p.min(percent)));
        let is_bold = financing.is_cft_bold.unwrap_or(true) && cft.weight >= BOLD;
        let is_same = financing.is_cft_font_same.unwrap_or(true) && cft.family == tea.family;
        (financing.is_cft_bold, financing.is_cft_font_same) = (Some(is_bold), Some(is_same));
    }
}

/// The text with the figure of the label at `at`: itself, or one that follows before another label.
fn figure(drawn: &[Drawn], at: usize) -> &Drawn {
    let label = &drawn[at];
    if label.has_figure {
        return label;
    }
    let mut after = drawn[at + 1..].iter().take(NEAR).take_while(|text| !(text.has_cft || text.has_tea));
    after.find(|text| text.has_figure).unwrap_or(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(texts: &[(&str, &'static str, &'static str)]) -> (Option<u32>, Option<bool>) {
        let drawn: Vec<_> = texts
            .iter()
            .filter_map(|(said, size, weight)| Drawn::of(said, |nth| [*size, *weight, "Arial"][nth]))
            .collect();
        let mut financing = Financing::default();
        compare(&drawn, &mut financing);
        (financing.cft_height_percent, financing.is_cft_bold)
    }

    #[test]
    fn the_figure_counts_wherever_its_label_stands() {
        let good = [("CFT: 70,21%", "36px", "700"), ("TEA: 89,43%", "16px", "400")];
        assert_eq!(compared(&good), (Some(225), Some(true)));
        let apart = [
            ("CFT", "16px", "400"),
            ("70,21%", "36px", "700"),
            ("TEA", "16px", "400"),
            ("89 %", "16px", "400"),
        ];
        assert_eq!(compared(&apart), (Some(225), Some(true)));
        let one = [("CFT 70,21% TEA 89,43%", "16px", "400")];
        assert_eq!(compared(&one), (Some(100), Some(false)));
    }

    #[test]
    fn the_worst_of_several_counts_and_without_both_nothing_is_said() {
        let two = [
            ("CFT 70,21%", "36px", "700"),
            ("TEA 89,43%", "16px", "400"),
            ("CFT 10,00%", "16px", "700"),
            ("TEA 11,00%", "16px", "400"),
        ];
        assert_eq!(compared(&two), (Some(100), Some(true)));
        assert_eq!(compared(&[("CFT 0,00%", "36px", "700"), ("Teatro 10%", "9px", "400")]), (None, None));
        assert_eq!(compared(&[]), (None, None));
    }
}
