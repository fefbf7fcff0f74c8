//! Trains the dictionary that payments are compressed with.
//!
//! ```text
//! cargo run --release -p pasarela-store --example train_dictionary -- payments.jsonl crates/store/assets/payments_3.dictionary
//! ```
//!
//! The file has one record a line, as it is compressed: the public body with the internals after it, of all sites, methods
//! and outcomes; some thousand lines. It must not hold anybody's data: what is in the dictionary is in every copy of the
//! program. A dictionary that was released is never replaced; a better one is a new encoding (`src/encoding.rs`).

use std::process::ExitCode;

/// The size that the measurements used: larger ones gain little and cost each thread's first record more.
const DICTIONARY_BYTES: usize = 16 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: train_dictionary PAYMENTS.jsonl DICTIONARY");
        return ExitCode::FAILURE;
    };
    match train(from, to) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(cause) => {
            eprintln!("{cause}");
            ExitCode::FAILURE
        }
    }
}

fn train(from: &str, to: &str) -> std::io::Result<String> {
    let text = std::fs::read_to_string(from)?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    // Each fifth line is kept apart, to see what the dictionary does for what it was not trained with.
    let samples: Vec<&[u8]> = lines
        .iter()
        .enumerate()
        .filter(|(number, _)| number % 5 != 0)
        .map(|(_, line)| line.as_bytes())
        .collect();
    let dictionary = zstd::dict::from_samples(&samples, DICTIONARY_BYTES)?;
    std::fs::write(to, &dictionary)?;

    let mut plain = zstd::bulk::Compressor::new(1)?;
    let mut trained = zstd::bulk::Compressor::with_dictionary(1, &dictionary)?;
    let (mut count, mut raw, mut without, mut with) = (0, 0, 0, 0);
    for line in lines.iter().step_by(5) {
        count += 1;
        raw += line.len();
        without += plain.compress(line.as_bytes())?.len();
        with += trained.compress(line.as_bytes())?.len();
    }
    let mean = |bytes: usize| bytes / count.max(1);
    Ok(format!(
        "{} lines; a dictionary of {} bytes in {to}; of {count} lines kept apart: {} bytes each, {} compressed, {} with \
         the dictionary",
        lines.len(),
        dictionary.len(),
        mean(raw),
        mean(without),
        mean(with)
    ))
}
