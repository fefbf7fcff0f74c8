//! The table, as Markdown that is read as plain text too.

use super::contender::Contender;
use super::measuring::{Keeping, LOADS, Rate};
use super::score::Score;
use std::fmt::Write;

/// Under what the numbers were taken.
#[derive(Debug)]
pub struct Occasion {
    /// `2026-11-22`.
    pub date: String,
    /// Processor cores, for contender and load generator together.
    pub cores: usize,
    /// What the peers ran on.
    pub runtimes: String,
    /// Rounds; medians count.
    pub rounds: usize,
    /// Seconds of each load.
    pub seconds: f64,
    /// The command to do it again.
    pub command: &'static str,
}

/// The numbers and, below them, what each was asked.
pub fn markdown(scores: &[Score], occasion: &Occasion) -> String {
    let mut page = String::new();
    // Writing to a String does not fail, here and below.
    let _ = writeln!(
        page,
        "Made on {} by `{}` on {} {}, shared with the load generator, {}. Medians of {} {} that took turns, {} s \
         for each load. Machines differ, so the ratios count: the last column says how many times as many payments \
         Pasarela, on disk, created and read at 32 connections in the same round.\n",
        occasion.date,
        occasion.command,
        occasion.cores,
        if occasion.cores == 1 { "core" } else { "cores" },
        occasion.runtimes,
        occasion.rounds,
        if occasion.rounds == 1 { "round" } else { "rounds" },
        occasion.seconds,
    );
    page.push_str(
        "| | keeps a payment | start, ms | idle, MB | creates/s (p50 / p99 ms), 1 connection | 32 connections \
         | reads/s (p50 / p99 ms), 1 connection | 32 connections | Pasarela: creates, reads |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for score in scores {
        let _ = write!(
            page,
            "| {} | {} | {} | {} |",
            emphasised(score.contender, score.contender.name()),
            keeping(score.keeping),
            score.start_ms.map_or(missing(score), number),
            score.idle_mb.map_or(missing(score), number),
        );
        for rate in score.rates {
            let _ = write!(page, " {} |", rate.map_or(missing(score), rate_cell));
        }
        let _ = writeln!(page, " {} |", behind(score));
    }
    page.push_str("\n| | version | creates | reads | remarks |\n| --- | --- | --- | --- | --- |\n");
    for score in scores {
        let (create, read) = score.contender.calls();
        let version = score
            .contender
            .package()
            .map_or_else(|| env!("CARGO_PKG_VERSION").to_owned(), super::installation::Package::version);
        let _ = writeln!(
            page,
            "| {} | {version} | {create} | {read} | {} |",
            score.contender.name(),
            remarks(score)
        );
    }
    page
}

/// What it keeps, in the table's words.
pub const fn keeping(keeping: Option<Keeping>) -> &'static str {
    match keeping {
        Some(Keeping::OnDisk) => "on disk",
        Some(Keeping::UntilItEnds) => "until it ends",
        Some(Keeping::Nothing) => "no",
        None => "–",
    }
}

/// Three significant digits: more would not be true, the next run has others.
pub fn number(value: f64) -> String {
    if !value.is_finite() || value <= 0.0 {
        return "0".to_owned();
    }
    let digits = 2 - value.log10().floor() as i32;
    if digits > 0 {
        let text = format!("{value:.*}", digits as usize);
        // Rounding may have made one digit more: 9.996 is 10.00.
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let scale = 10_f64.powi(-digits);
    grouped((value / scale).round() * scale)
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn emphasised(contender: Contender, text: &str) -> String {
    if contender.is_own() { format!("**{text}**") } else { text.to_owned() }
}

fn rate_cell(rate: Rate) -> String {
    format!("{} ({} / {})", number(rate.per_second), number(rate.p50_ms), number(rate.p99_ms))
}

/// What stands where there is no number.
fn missing(score: &Score) -> String {
    if score.failures.is_empty() { "–" } else { "failed" }.to_owned()
}

/// The ratios of the loads with the most connections.
fn behind(score: &Score) -> String {
    if score.contender == Contender::Pasarela {
        return "1".to_owned();
    }
    let most = LOADS.iter().map(|(_, connections)| *connections).max();
    LOADS
        .iter()
        .zip(score.behind)
        .filter(|((_, connections), _)| Some(*connections) == most)
        .map(|(_, ratio)| ratio.map_or("–".to_owned(), |ratio| format!("{} ×", number(ratio))))
        .collect::<Vec<_>>()
        .join(", ")
}

fn remarks(score: &Score) -> String {
    let mut text = score.contender.remark().to_owned();
    for (failure, times) in &score.failures {
        let short: String =
            failure.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        // A bar would end the cell.
        let _ = write!(
            text,
            "; **failed in {times} of {}**: {}",
            score.rounds,
            short.replace('|', "/").replace('`', "'")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::score::tests::{failed, round};

    /// An occasion of the tests.
    fn occasion() -> Occasion {
        Occasion {
            date: "2026-11-22".to_owned(),
            cores: 2,
            runtimes: "Node 20.1.0 and Python 3.11.2".to_owned(),
            rounds: 5,
            seconds: 3.0,
            command: "cargo run",
        }
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.1234, "0.123"),
            (1.5, "1.5"),
            (2.0, "2"),
            (9.996, "10"),
            (78.94, "78.9"),
            (123.4, "123"),
            (999.6, "1,000"),
            (12_345.0, "12,300"),
            (1_234_567.0, "1,230,000"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn each_contender_has_a_line_with_its_numbers_and_one_with_its_calls() {
        let own = [round(10_000.0)];
        let scores = [
            Score::new(Contender::Pasarela, Some(Keeping::OnDisk), &own, &own),
            Score::new(Contender::Prism, Some(Keeping::Nothing), &[round(1_000.0)], &own),
        ];
        let page = markdown(&scores, &occasion());
        assert!(page.contains("| **Pasarela** | on disk | 20 | 15 | 10,000 (1 / 2.5) |"), "{page}");
        assert!(page.contains("| Prism | no | 20 | 15 | 1,000 (1 / 2.5) |"), "{page}");
        assert!(page.contains("| 10 ×, 10 × |"), "{page}");
        assert!(
            page.contains("| Prism | 5.16.0 | `POST /v1/payments` | `GET /v1/payments/{id}` |"),
            "{page}"
        );
        assert!(page.contains("2026-11-22") && page.contains("2 cores") && page.contains("5 rounds"));
    }

    #[test]
    fn a_failure_is_shown_and_does_not_break_the_table() {
        let own = [round(10_000.0)];
        let scores = [Score::new(Contender::Emulate, None, &[failed("403: a|b\nc")], &own)];
        let page = markdown(&scores, &occasion());
        assert!(page.contains("| emulate | – | failed | failed | failed |"), "{page}");
        assert!(page.contains("**failed in 1 of 1**: 403: a/b c |"), "{page}");
        let bars = |line: &str| line.matches('|').count();
        let lines: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
        assert!(lines[..3].iter().all(|line| bars(line) == bars(lines[0])), "{page}");
    }
}
