//! The picture: six panels of dots on logarithmic axes, one line for each contender.
//!
//! Dots and no bars: a bar on a logarithmic axis has no honest beginning. The colours change with the reader's scheme
//! and stand on a ground of their own, so that it is readable wherever it is shown.

use super::measuring::{LOADS, Rate};
use super::score::Score;
use super::table;
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const NAMES: f64 = 190.0;
const PANEL: f64 = 356.0;
const BETWEEN: f64 = 40.0;
const LINE: f64 = 31.0;
const HEADER: f64 = 84.0;
/// Above a panel's lines: its title.
const TITLE: f64 = 34.0;
/// Below them: the axis and its label.
const AXIS: f64 = 52.0;
/// Right of an axis: the number beside the last dot.
const NUMBER: f64 = 52.0;

/// One panel.
struct Panel {
    title: &'static str,
    axis: &'static str,
    /// The number of a contender with one connection and with 32; one alone is a number without connections.
    values: fn(&Score) -> (Option<f64>, Option<f64>),
}

const PANELS: [[Panel; 2]; 3] = [
    [
        Panel {
            title: "Creating payments: more is better",
            axis: "payments created per second, logarithmic",
            values: |score| pair(score, 0, |rate| rate.per_second),
        },
        Panel {
            title: "Reading them back: more is better",
            axis: "payments read per second, logarithmic",
            values: |score| pair(score, 2, |rate| rate.per_second),
        },
    ],
    [
        Panel {
            title: "p99 of creating: less is better",
            axis: "milliseconds, logarithmic",
            values: |score| pair(score, 0, |rate| rate.p99_ms),
        },
        Panel {
            title: "p99 of reading: less is better",
            axis: "milliseconds, logarithmic",
            values: |score| pair(score, 2, |rate| rate.p99_ms),
        },
    ],
    [
        Panel {
            title: "Start to first answer: less is better",
            axis: "milliseconds, logarithmic",
            values: |score| (None, score.start_ms),
        },
        Panel {
            title: "Idle memory: less is better",
            axis: "MB resident, logarithmic",
            values: |score| (None, score.idle_mb),
        },
    ],
];

/// The rates of [`LOADS`] at `first` (one connection) and after it (32 connections).
fn pair(score: &Score, first: usize, of: fn(Rate) -> f64) -> (Option<f64>, Option<f64>) {
    debug_assert!(LOADS[first].1 == 1 && LOADS[first + 1].1 == 32);
    (score.rates[first].map(of), score.rates[first + 1].map(of))
}

/// The picture of `scores`, as an SVG document. `caption` stands below its title.
pub fn svg(scores: &[Score], caption: &str) -> String {
    let panel_height = TITLE + LINE * scores.len() as f64 + AXIS;
    let height = HEADER + panel_height * PANELS.len() as f64;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title description\">\n\
         <title id=\"title\">Pasarela beside its peers</title>\n\
         <desc id=\"description\">Rates and latencies of creating and reading payments, start-up time and idle \
         memory of {} programs, on logarithmic axes. The same numbers stand in the table.</desc>\n{STYLE}",
        scores.len()
    );
    // Writing to a String does not fail, here and below.
    let _ = writeln!(picture, "<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>");
    let _ = writeln!(
        picture,
        "<text class=\"heading\" x=\"24\" y=\"34\">The same work, side by side</text>\n\
         <text class=\"quiet\" x=\"24\" y=\"56\">{}</text>",
        escaped(caption)
    );
    legend(&mut picture);
    for (row, panels) in PANELS.iter().enumerate() {
        let top = HEADER + panel_height * row as f64;
        for (line, score) in scores.iter().enumerate() {
            name(&mut picture, score, top + TITLE + LINE * (line as f64 + 0.5));
        }
        for (column, panel) in panels.iter().enumerate() {
            let left = NAMES + (PANEL + BETWEEN) * column as f64;
            draw(&mut picture, panel, scores, left, top);
        }
    }
    picture.push_str("</svg>\n");
    picture
}

const STYLE: &str = "<style>
:root { --ground: #ffffff; --ink: #1f2328; --quiet: #59636e; --grid: #d8dee4; --own: #0a58ca; --peer: #a2470d; }
@media (prefers-color-scheme: dark) {
:root { --ground: #12171e; --ink: #e9eef4; --quiet: #9aa6b2; --grid: #333c47; --own: #6cb0ff; --peer: #f0a36b; }
}
text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: var(--ink); }
.ground { fill: var(--ground); }
.heading { font-size: 18px; font-weight: 600; }
.panel { font-size: 13px; font-weight: 600; }
.bold { font-weight: 600; }
.quiet { fill: var(--quiet); font-size: 11px; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.grid { stroke: var(--grid); stroke-width: 1; }
.own { fill: var(--own); stroke: var(--own); }
.peer { fill: var(--peer); stroke: var(--peer); }
.any { fill: var(--quiet); stroke: var(--quiet); }
.dot { stroke-width: 2; }
.hollow { fill: var(--ground); }
.span { stroke-width: 2; opacity: 0.45; }
</style>
";

fn legend(picture: &mut String) {
    let y = 34.0;
    for (x, class, label) in [
        (WIDTH - 350.0, "dot any hollow", "1 connection"),
        (WIDTH - 245.0, "dot any", "32 connections, with its number"),
    ] {
        let _ = writeln!(
            picture,
            "<circle class=\"{class}\" cx=\"{x}\" cy=\"{}\" r=\"4.5\"/><text class=\"quiet\" x=\"{}\" y=\"{y}\">{label}</text>",
            y - 4.0,
            x + 10.0
        );
    }
}

fn name(picture: &mut String, score: &Score, middle: f64) {
    let weight = if score.contender.is_own() { " bold" } else { "" };
    let _ = writeln!(
        picture,
        "<text class=\"end{weight}\" x=\"{x}\" y=\"{}\">{}</text>\
         <text class=\"end quiet\" x=\"{x}\" y=\"{}\">{}</text>",
        middle - 1.0,
        escaped(score.contender.name()),
        middle + 12.0,
        match score.keeping {
            Some(super::measuring::Keeping::Nothing) => "keeps nothing".to_owned(),
            keeping => format!("keeps {}", table::keeping(keeping)),
        },
        x = NAMES - 14.0,
    );
}

fn draw(picture: &mut String, panel: &Panel, scores: &[Score], left: f64, top: f64) {
    let values: Vec<(Option<f64>, Option<f64>)> = scores.iter().map(panel.values).collect();
    let axis = Axis::around(values.iter().flat_map(|(one, many)| [*one, *many]).flatten(), left);
    let (first, last) = (top + TITLE, top + TITLE + LINE * scores.len() as f64);
    let _ = writeln!(
        picture,
        "<text class=\"panel\" x=\"{left}\" y=\"{}\">{}</text>",
        top + 20.0,
        escaped(panel.title)
    );
    for tick in axis.ticks() {
        let x = axis.place(tick);
        let _ = writeln!(
            picture,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{first}\" y2=\"{last}\"/>\
             <text class=\"quiet middle\" x=\"{x:.1}\" y=\"{}\">{}</text>",
            last + 15.0,
            table::number(tick)
        );
    }
    let _ = writeln!(
        picture,
        "<text class=\"quiet middle\" x=\"{:.1}\" y=\"{}\">{}</text>",
        left + (PANEL - NUMBER) / 2.0,
        last + 31.0,
        panel.axis
    );
    for (line, (score, values)) in scores.iter().zip(values).enumerate() {
        dots(picture, &axis, score, values, first + LINE * (line as f64 + 0.5));
    }
}

fn dots(picture: &mut String, axis: &Axis, score: &Score, values: (Option<f64>, Option<f64>), y: f64) {
    let class = if score.contender.is_own() { "own" } else { "peer" };
    let (one, many) = (values.0.map(|value| axis.place(value)), values.1.map(|value| axis.place(value)));
    if let (Some(one), Some(many)) = (one, many) {
        let _ = writeln!(
            picture,
            "<line class=\"span {class}\" x1=\"{one:.1}\" x2=\"{many:.1}\" y1=\"{y}\" y2=\"{y}\"/>"
        );
    }
    if let Some(x) = one {
        let _ =
            writeln!(picture, "<circle class=\"dot {class} hollow\" cx=\"{x:.1}\" cy=\"{y}\" r=\"4.5\"/>");
    }
    if let Some(x) = many {
        let _ = writeln!(picture, "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y}\" r=\"4.5\"/>");
    }
    // Right of both dots, or on the axis when there is none.
    let (x, text) = match (one, many, values.1) {
        (one, Some(many), Some(value)) => (many.max(one.unwrap_or(many)) + 10.0, table::number(value)),
        (Some(one), _, _) => (one + 10.0, "failed".to_owned()),
        _ => (axis.left + 4.0, if score.failures.is_empty() { "–" } else { "failed" }.to_owned()),
    };
    let _ = writeln!(picture, "<text class=\"quiet\" x=\"{x:.1}\" y=\"{}\">{text}</text>", y + 4.0);
}

/// A logarithmic axis over whole powers of ten.
struct Axis {
    left: f64,
    lowest: i32,
    highest: i32,
}

impl Axis {
    /// Around `values`, at least one power wide.
    fn around(values: impl Iterator<Item = f64>, left: f64) -> Axis {
        let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
        for power in values.filter(|value| value.is_finite() && *value > 0.0).map(f64::log10) {
            lowest = lowest.min(power.floor() as i32);
            highest = highest.max(power.ceil() as i32);
        }
        if lowest > highest {
            (lowest, highest) = (0, 1);
        }
        Axis { left, lowest, highest: highest.max(lowest + 1) }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.lowest..=self.highest).map(|power| 10_f64.powi(power))
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.max(f64::MIN_POSITIVE).log10() - f64::from(self.lowest))
            / f64::from(self.highest - self.lowest);
        self.left + share.clamp(0.0, 1.0) * (PANEL - NUMBER)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::contender::Contender;
    use crate::compare::measuring::Keeping;
    use crate::compare::score::tests::{failed, round};

    #[test]
    fn powers_of_ten_are_evenly_apart() {
        let axis = Axis::around([3.0, 4_000.0].into_iter(), 100.0);
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [1.0, 10.0, 100.0, 1_000.0, 10_000.0]);
        let places: Vec<f64> = axis.ticks().map(|tick| axis.place(tick)).collect();
        assert_eq!(places[0], 100.0);
        assert!(places.windows(2).all(|two| (two[1] - two[0] - (PANEL - NUMBER) / 4.0).abs() < 1e-9));
    }

    #[test]
    fn an_axis_without_values_is_still_an_axis() {
        let axis = Axis::around(std::iter::empty(), 0.0);
        assert_eq!(axis.ticks().count(), 2);
        assert_eq!(Axis::around([10.0].into_iter(), 0.0).ticks().count(), 2);
    }

    #[test]
    fn every_contender_is_drawn_in_every_panel() {
        let own = [round(10_000.0)];
        let scores = [
            Score::new(Contender::Pasarela, Some(Keeping::OnDisk), &own, &own),
            Score::new(Contender::Prism, Some(Keeping::Nothing), &[round(1_000.0)], &own),
            Score::new(Contender::Emulate, None, &[failed("a & b")], &own),
        ];
        let picture = svg(&scores, "2 cores & more");
        // Two dots in the four panels with connections, one in the others; two in the legend.
        assert_eq!(picture.matches("<circle").count(), 2 * (4 * 2 + 2) + 2);
        assert_eq!(picture.matches(">failed<").count(), 6);
        assert_eq!(picture.matches(">Prism<").count(), 3);
        assert!(picture.contains("2 cores &amp; more") && picture.contains("prefers-color-scheme: dark"));
        assert_eq!(picture.matches("logarithmic</text>").count(), 6);
        assert!(!picture.contains("NaN") && !picture.contains("inf"));
    }
}
