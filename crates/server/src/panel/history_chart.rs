//! The history of a score as a drawing: geometry alone, for an SVG that stretches to its place. Lines and dots keep their
//! width (`non-scaling-stroke`), and every word stands beside it, where it has the page's own size. It has neither a style
//! nor a script, so that the pages' policy holds.

/// The drawing's own width; the page stretches it.
const WIDTH: u32 = 1_000;
/// Room at the sides, above and below, for half a dot.
const MARGIN: u32 = 10;
/// The highest score.
const HIGHEST: u32 = 100;

/// A drawing of scores.
#[derive(Debug, PartialEq, Eq)]
pub struct Chart {
    /// The line through all scores.
    pub line: String,
    /// A dot for each: lines of no length, with round ends.
    pub dots: String,
    /// The dot of the score that is shown.
    pub current: String,
    /// The bar.
    pub bar: String,
}

impl Chart {
    /// Of `scores`, the oldest first, of which the one at `current` is shown; `None` where there is none.
    pub fn of(scores: &[u32], current: Option<usize>, bar: u32) -> Option<Chart> {
        let places: Vec<(u32, u32)> = scores
            .iter()
            .enumerate()
            .map(|(index, score)| (across(index, scores.len()), up(*score)))
            .collect();
        let dot = |(x, y): &(u32, u32)| format!("M{x} {y}h0");
        let (first, rest) = places.split_first()?;
        let line =
            rest.iter().fold(format!("M{} {}", first.0, first.1), |line, (x, y)| format!("{line}L{x} {y}"));
        Some(Chart {
            line,
            dots: places.iter().map(dot).collect(),
            current: current.and_then(|index| places.get(index)).map(dot).unwrap_or_default(),
            bar: format!("M0 {}H{WIDTH}", up(bar)),
        })
    }
}

/// Evenly from left to right; a single one in the middle.
fn across(index: usize, count: usize) -> u32 {
    let wide = WIDTH - 2 * MARGIN;
    match count {
        0 | 1 => WIDTH / 2,
        // Sixty scores at most are kept.
        count => MARGIN + u32::try_from(index * wide as usize / (count - 1)).unwrap_or(wide),
    }
}

fn up(score: u32) -> u32 {
    MARGIN + HIGHEST - score.min(HIGHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_stand_from_left_to_right_and_the_higher_the_better() {
        let chart = Chart::of(&[0, 46, 100], Some(2), 73).unwrap();
        assert_eq!(chart.line, "M10 110L500 64L990 10");
        assert_eq!(chart.dots, "M10 110h0M500 64h0M990 10h0");
        assert_eq!(chart.current, "M990 10h0");
        assert_eq!(chart.bar, "M0 37H1000");
    }

    #[test]
    fn one_stands_in_the_middle_and_none_is_no_chart() {
        assert_eq!(Chart::of(&[73], None, 73).unwrap().line, "M500 37");
        assert_eq!(Chart::of(&[], None, 73), None);
        let many = vec![250; 60];
        assert!(Chart::of(&many, Some(99), 73).unwrap().line.ends_with("L990 10"), "never outside");
    }
}
