//! The pictures of what a preference sells. A seller names them at an address of its own; a buyer's browser loads nothing from
//! there, which would tell a stranger who pays here. The platform fetches them, where notifications may go
//! (`notifications/address_guard.rs`), and shows what is a picture from its own origin.
//!
//! Kept in memory, by each node: a picture that is gone is fetched again when somebody looks.

use crate::Engine;
use crate::checkout::OpenCheckout;
use crate::quality::probes::Budget;
use pasarela_domain::timestamp::{HOUR, MINUTE, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The largest picture: it is drawn as a thumbnail.
const LARGEST: usize = 512 * 1024;
/// The most that is kept, of all pictures together.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The most addresses that are known, pictures or not.
const MOST_KNOWN: usize = 1_024;
/// The longest address.
const LONGEST_ADDRESS: usize = 2_048;
/// How many are fetched at once; who comes then sees none, this time.
const AT_ONCE: usize = 8;
/// How long one may take, with its redirections.
const TIME: Duration = Duration::from_secs(5);
/// Requests for one picture: it and three redirections.
const MOST_REQUESTS: u32 = 4;
/// How long a picture is good.
const LIFE: i64 = HOUR;
/// How long an address without one is left alone.
const FAULT_LIFE: i64 = 5 * MINUTE;

/// A picture of something for sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPicture {
    /// `image/png`, …: what its first bytes say, whatever its server said.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Arc<[u8]>,
}

pub(crate) struct ItemPictures {
    known: Mutex<HashMap<String, Known>>,
    turns: Semaphore,
}

struct Known {
    at: Timestamp,
    picture: Option<ItemPicture>,
}

impl Default for ItemPictures {
    fn default() -> ItemPictures {
        ItemPictures { known: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Engine {
    /// The picture of the preference's item number `index`; `None` where it has none, or none that can be shown.
    pub async fn item_picture(&self, checkout: &OpenCheckout, index: usize) -> Option<ItemPicture> {
        let url = checkout.preference.items.get(index)?.picture_url.as_deref()?;
        let pictures = &self.inner.item_pictures;
        if url.len() > LONGEST_ADDRESS {
            return None;
        }
        if let Some(known) = pictures.known(url) {
            return known;
        }
        let prober = self.inner.prober.get()?;
        let _turn = pictures.turns.try_acquire().ok()?;
        let budget = Budget::new(MOST_REQUESTS);
        let fetched = tokio::time::timeout(TIME, prober.file(url, &budget)).await.ok().flatten();
        let picture = fetched.and_then(picture_of);
        pictures.keep(url, picture.clone());
        picture
    }
}

impl ItemPictures {
    /// What is known of an address, if that is fresh.
    fn known(&self, url: &str) -> Option<Option<ItemPicture>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(url)?;
        let life = if known.picture.is_some() { LIFE } else { FAULT_LIFE };
        (crate::clock::wall() < known.at.plus_ms(life)).then(|| known.picture.clone())
    }

    /// The oldest make room.
    fn keep(&self, url: &str, picture: Option<ItemPicture>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(url.to_owned(), Known { at: crate::clock::wall(), picture });
        let size = |known: &Known| known.picture.as_ref().map_or(0, |picture| picture.bytes.len());
        let mut bytes: usize = known.values().map(size).sum();
        while known.len() > MOST_KNOWN || bytes > MOST_BYTES {
            let oldest = known.iter().min_by_key(|(_, known)| known.at).map(|(url, _)| url.clone());
            let Some(gone) = oldest.and_then(|oldest| known.remove(&oldest)) else { return };
            bytes -= size(&gone);
        }
    }
}

/// A file that is a picture by its own first bytes. No SVG: that is a document, which may have scripts.
fn picture_of(bytes: Vec<u8>) -> Option<ItemPicture> {
    let media_type = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => return None,
    };
    (bytes.len() <= LARGEST).then(|| ItemPicture { media_type, bytes: bytes.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_small_picture_by_its_bytes_is_one() {
        let kind = |bytes: &[u8]| picture_of(bytes.to_vec()).map(|picture| picture.media_type);
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(kind(b"GIF89a"), Some("image/gif"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [b"".as_slice(), b"<svg onload=alert(1)>", b"<!doctype html>", b"RIFF", b"\x89PNG"] {
            assert_eq!(kind(other), None, "{other:?}");
        }
        assert_eq!(kind(&[b"\xff\xd8\xff".as_slice(), &vec![0; LARGEST]].concat()), None);
    }

    #[test]
    fn the_oldest_pictures_make_room() {
        let pictures = ItemPictures::default();
        let picture = || picture_of([b"GIF89a".as_slice(), &vec![0; LARGEST - 6]].concat());
        for number in 0..40 {
            pictures.keep(&number.to_string(), picture());
        }
        let kept = (0..40).filter(|number: &i32| pictures.known(&number.to_string()).is_some()).count();
        assert_eq!(kept, MOST_BYTES / LARGEST);
        for number in 0..MOST_KNOWN + 10 {
            pictures.keep(&format!("none {number}"), None);
        }
        assert!(pictures.known.lock().unwrap().len() <= MOST_KNOWN);
        assert_eq!(pictures.known(&format!("none {}", MOST_KNOWN + 9)), Some(None));
    }
}
