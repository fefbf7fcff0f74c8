//! The code that is shown beside a page: the very files that run.

use std::fmt::Write;

/// A file.
pub struct Source {
    /// Its path in the repository.
    pub path: &'static str,
    /// Where it runs.
    pub runs: Runs,
    /// What it says.
    pub text: &'static str,
}

/// Where a file runs.
#[derive(Clone, Copy, PartialEq)]
pub enum Runs {
    /// In the buyer's browser.
    Browser,
    /// On the shop's server.
    Server,
}

/// A file of this crate's `assets`, which browsers run.
macro_rules! browser_source {
    ($name:literal) => {
        $crate::source::Source {
            path: concat!("crates/demo/assets/", $name),
            runs: $crate::source::Runs::Browser,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)),
        }
    };
}

/// A file of this crate's `src`, which the shop's server runs.
macro_rules! server_source {
    ($name:literal) => {
        $crate::source::Source {
            path: concat!("crates/demo/src/", $name),
            runs: $crate::source::Runs::Server,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/", $name)),
        }
    };
}

pub(crate) use {browser_source, server_source};

impl Source {
    /// The file's own name.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Its text as HTML, its comments, texts and words of the language marked.
    pub fn html(&self) -> String {
        let words: &[&str] = if self.path.ends_with(".js") { &SCRIPT_WORDS } else { &RUST_WORDS };
        highlight(self.text, words)
    }
}

const RUST_WORDS: [&str; 26] = [
    "as", "async", "await", "const", "else", "enum", "fn", "for", "if", "impl", "in", "let", "loop", "match",
    "mod", "move", "mut", "pub", "return", "self", "static", "struct", "use", "where", "while", "crate",
];
const SCRIPT_WORDS: [&str; 20] = [
    "async", "await", "catch", "const", "else", "export", "finally", "for", "function", "if", "import", "in",
    "let", "new", "of", "return", "throw", "try", "typeof", "while",
];

/// Good enough for these files: line comments, texts in quotes, words, numbers.
fn highlight(text: &str, words: &[&str]) -> String {
    let mut html = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, class) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), "comment"),
            '"' | '`' => (text_length(rest, first), "text"),
            '\'' if is_quoted(rest) => (text_length(rest, first), "text"),
            c if c.is_ascii_digit() => (run(rest, |c| c.is_ascii_alphanumeric() || c == '_'), "number"),
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_');
                (length, if words.contains(&&rest[..length]) { "word" } else { "" })
            }
            c => (c.len_utf8(), ""),
        };
        let (token, after) = rest.split_at(length);
        // Writing to a String never fails.
        let _ = match class {
            "" => write!(html, "{}", escape(token)),
            class => write!(html, "<span class=\"{class}\">{}</span>", escape(token)),
        };
        rest = after;
    }
    html
}

/// Not a lifetime of Rust: there is another quote on the line.
fn is_quoted(rest: &str) -> bool {
    rest[1..].split('\n').next().is_some_and(|line| line.contains('\''))
        && !rest.starts_with("'_")
        && !rest.starts_with("'static")
}

fn text_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn run(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !belongs(c)).unwrap_or(rest.len())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_file_is_lost_and_nothing_is_markup() {
        let text = "// <b>\nlet a: &'static str = \"<x>\\\"&\"; `${b}` 'c' 12 fn 'ñ";
        let html = highlight(text, &RUST_WORDS);
        assert!(
            html.starts_with(
                "<span class=\"comment\">// &lt;b&gt;</span>\n<span class=\"word\">let</span> a"
            )
        );
        let plain = html.replace("</span>", "");
        let plain: String = plain
            .split("<span class=\"")
            .map(|part| part.split_once("\">").map_or(part, |(_, rest)| rest))
            .collect();
        assert_eq!(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), text);
    }
}
