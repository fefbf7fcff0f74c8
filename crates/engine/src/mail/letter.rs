//! A file of the outbox as it goes over the wire: in ASCII, with a sender and an id.

use lettre::Address;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use std::time::SystemTime;

/// What a mail server is handed.
pub(crate) struct Letter {
    /// To whom.
    pub(crate) to: Address,
    /// Header and text, encoded for servers that know ASCII alone.
    pub(crate) bytes: Vec<u8>,
}

/// Reads what [`post_message`](crate::Engine::post_message) wrote. A message has the same id each time it is handed over, so that
/// who gets it twice can tell.
pub(crate) fn read(file: &str, from: &Address, id: &str) -> Result<Letter, String> {
    let (header, text) = file.split_once("\r\n\r\n").ok_or("it has no header")?;
    let field = |name: &str| {
        let lines = header.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.clone().find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let to: Address =
        field("To").unwrap_or_default().parse().map_err(|error| format!("its receiver: {error}"))?;
    let date = field("Date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let date = date.map_or_else(SystemTime::now, |date| SystemTime::from(date.timestamp()));
    let message = Message::builder()
        .from(Mailbox::new(Some("Pasarela".to_owned()), from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .date(date)
        .message_id(Some(format!("<{id}@{}>", from.domain())))
        .subject(field("Subject").unwrap_or_default())
        .header(ContentType::TEXT_PLAIN)
        .body(text.to_owned())
        .map_err(|error| error.to_string())?;
    Ok(Letter { to, bytes: message.formatted() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_ascii_and_has_the_same_id_each_time() {
        let file = "Date: Sat, 28 Nov 2026 04:00:00 +0000\r\nTo: ana@example.com\r\nSubject: Código\r\n\
            MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nTu código:\r\n\r\n12345678\r\n";
        let from: Address = "pay@example.com".parse().unwrap();
        let letter = read(file, &from, "0000000000000007").unwrap();
        assert_eq!(letter.to.to_string(), "ana@example.com");
        assert!(letter.bytes.is_ascii());
        let text = String::from_utf8(letter.bytes).unwrap();
        for part in [
            "From: Pasarela <pay@example.com>",
            "Message-ID: <0000000000000007@example.com>",
            "Date: Sat, 28 Nov 2026 04:00:00 +0000",
            "Tu c=C3=B3digo:",
            "12345678",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(read("To: +5511955550100\r\n\r\n1", &from, "1").is_err(), "a phone");
        assert!(read("nothing", &from, "1").is_err());
    }
}
