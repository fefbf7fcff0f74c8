//! `pasarela clock`: the time of a test account.

use crate::arguments::ClockVerb;
use crate::client::Client;
use crate::failure::Failure;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The longest step: ten years are more than any expiry, reserve or release, and a typing error is not run to its end.
const LONGEST_STEP_DAYS: i64 = 3_660;

/// Shows or moves the clock.
pub fn run(verb: &ClockVerb) -> Result<ExitCode, Failure> {
    let clock = match verb {
        ClockVerb::Show(server) => Client::new(server)?.get("/sandbox/clock")?,
        ClockVerb::Advance(arguments) => {
            let body = json!({"advance": arguments.span.to_string()});
            Client::new(&arguments.server)?.post("/sandbox/clock", &body)?
        }
    };
    println!("{}", describe(&clock));
    Ok(ExitCode::SUCCESS)
}

fn describe(clock: &Value) -> String {
    let Some(now) = clock["now"].as_str() else { return clock.to_string() };
    let done = match clock["done"].as_u64() {
        None | Some(0) => String::new(),
        Some(1) => " One thing fell due on the way.".to_owned(),
        Some(done) => format!(" {done} things fell due on the way."),
    };
    format!("It is {now} for this test account.{done}")
}

/// Reads `7d`, `36h`, `1d12h`, `2 weeks` or ISO 8601 such as `P7D`. Weeks become days; what has no fixed length
/// (months, years) is refused.
pub fn span(text: &str) -> Result<jiff::Span, String> {
    const EXAMPLES: &str = "write it like 36h, 7d, 2w or P7D";
    let span: jiff::Span = text.parse().map_err(|_| format!("this is not a span of time; {EXAMPLES}"))?;
    if span.get_months() != 0 || span.get_years() != 0 {
        return Err(format!("months and years have no fixed length; {EXAMPLES}"));
    }
    if !span.is_positive() {
        return Err(format!("time only moves forward; {EXAMPLES}"));
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let span = span.weeks(0).try_days(days).map_err(|_| format!("this is too long; {EXAMPLES}"))?;
    let marker = jiff::SpanRelativeTo::days_are_24_hours();
    let seconds =
        span.total((jiff::Unit::Second, marker)).map_err(|_| format!("this is too long; {EXAMPLES}"))?;
    if seconds > (LONGEST_STEP_DAYS * 86_400) as f64 {
        return Err("one step may be ten years at most".to_owned());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_both_forms_and_sent_as_iso_8601() {
        for (text, iso) in [
            ("7d", "P7D"),
            ("36h", "PT36H"),
            ("15m", "PT15M"),
            ("30s", "PT30S"),
            ("2w", "P14D"),
            ("1w1d", "P8D"),
            ("1d12h", "P1DT12H"),
            ("P7D", "P7D"),
            ("PT36H", "PT36H"),
            ("P1W", "P7D"),
        ] {
            assert_eq!(span(text).unwrap().to_string(), iso, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_forward_span_of_fixed_length_is_refused() {
        for text in ["", "7", "soon", "-7d", "P-7D", "0d", "P1M", "1mo", "1y", "100000d", "9999999999w"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
