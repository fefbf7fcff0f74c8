//! How a record's JSON stands on disk: compressed, with one byte before it that says how.
//!
//! | byte | what follows the two lengths |
//! |---|---|
//! | 0 | the JSON itself (what compression would not make smaller) |
//! | 1 | one zstd frame without a dictionary |
//! | 2 | one zstd frame with dictionary 1 (`assets/payments_1.dictionary`, see `examples/train_dictionary.rs`) |
//! | 3 | one zstd frame with dictionary 2 (`assets/payments_2.dictionary`): what is written now |
//!
//! The two lengths (LEB128) are those of the public body and of both parts together. If the byte's highest bit is set, which
//! it is in all that is written now, the last four bytes are a checksum of all before them: a byte that a disk changed is
//! an error, never another answer. A dictionary that was released must never change: a better one gets the next byte.

use crate::varint::{push_unsigned, take_unsigned};
use siphasher::sip::SipHasher13;
use std::cell::RefCell;
use std::hash::Hasher;
use std::sync::LazyLock;
use std::thread::LocalKey;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

/// The fastest of zstd's regular levels: 10 µs for a payment of 2.6 kB, 3 µs with a dictionary.
const LEVEL: i32 = 1;

/// What a record may hold once decompressed. Bodies are bounded by the request's limits far below it; a damaged length
/// must not ask for all the memory there is.
const LONGEST: usize = 16 * 1024 * 1024;

/// Below this, compression saves some 60 bytes and costs 10,000 instructions and more: a spent card token is as short.
const SHORTEST_COMPRESSED: usize = 192;

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_DICTIONARY_1: u8 = 2;
const ZSTD_DICTIONARY_2: u8 = 3;
/// Set in the first byte when a checksum stands at the end.
const CHECKED: u8 = 0x80;

static DICTIONARY_1: &[u8] = include_bytes!("../assets/payments_1.dictionary");
static DICTIONARY_2: &[u8] = include_bytes!("../assets/payments_2.dictionary");

/// Records are written with the newest, and read with the one that they were written with.
static ENCODER_DICTIONARY: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_2, LEVEL));
static DECODER_DICTIONARY_1: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));
static DECODER_DICTIONARY_2: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_2));

type Slot<T> = RefCell<Option<T>>;

thread_local! {
    // A context costs more to make than a payment to compress, so each thread keeps its own.
    static COMPRESSOR: Slot<Compressor<'static>> = const { RefCell::new(None) };
    static PLAIN: Slot<Decompressor<'static>> = const { RefCell::new(None) };
    static WITH_DICTIONARY_1: Slot<Decompressor<'static>> = const { RefCell::new(None) };
    static WITH_DICTIONARY_2: Slot<Decompressor<'static>> = const { RefCell::new(None) };
}

/// A record whose stored form can't be read.
#[derive(Debug, thiserror::Error)]
#[error("a stored record is damaged: {0}")]
pub(crate) struct Damaged(pub(crate) &'static str);

/// The stored form of a public `body` and the `internals` beside it.
pub(crate) fn encode(body: &[u8], internals: &[u8]) -> Vec<u8> {
    let total = body.len() + internals.len();
    assert!(total <= LONGEST, "a record of {total} bytes passed the limits of the requests");
    let mut joined = Vec::with_capacity(total);
    joined.extend_from_slice(body);
    joined.extend_from_slice(internals);

    let compressed = if total < SHORTEST_COMPRESSED { None } else { compress(&joined) };
    let (encoding, payload) = match &compressed {
        Some((encoding, frame)) if frame.len() < total => (*encoding, frame.as_slice()),
        _ => (RAW, joined.as_slice()),
    };
    let mut content = Vec::with_capacity(payload.len() + 16);
    content.push(encoding | CHECKED);
    push_unsigned(&mut content, body.len() as u64);
    push_unsigned(&mut content, total as u64);
    content.extend_from_slice(payload);
    let checksum = checksum(&content);
    content.extend_from_slice(&checksum);
    content
}

/// The low half of a hash that takes a nanosecond for a byte. It tells accidents: who can write to the database can
/// write a body with its checksum.
fn checksum(content: &[u8]) -> [u8; 4] {
    let mut hasher = SipHasher13::new();
    hasher.write(content);
    (hasher.finish() as u32).to_le_bytes()
}

fn checked(content: &[u8]) -> Result<&[u8], Damaged> {
    let (content, sum) = content.split_last_chunk::<4>().ok_or(Damaged("its checksum is missing"))?;
    if checksum(content) == *sum { Ok(content) } else { Err(Damaged("its checksum is wrong")) }
}

/// The public body and the internals of a stored `content`.
pub(crate) fn decode(content: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Damaged> {
    let &first = content.first().ok_or(Damaged("it is empty"))?;
    let content = if first & CHECKED == 0 { content } else { checked(content)? };
    let (encoding, mut rest) = (first & !CHECKED, content.get(1..).unwrap_or_default());
    let body_length = take_unsigned(&mut rest).ok_or(Damaged("its length is missing"))?;
    let total = take_unsigned(&mut rest).ok_or(Damaged("its length is missing"))?;
    let (Ok(body_length), Ok(total)) = (usize::try_from(body_length), usize::try_from(total)) else {
        return Err(Damaged("its length is absurd"));
    };
    if total > LONGEST || body_length > total {
        return Err(Damaged("its length is absurd"));
    }
    let mut body = match encoding {
        RAW => rest.to_vec(),
        ZSTD => decompress(rest, total, &PLAIN, None)?,
        ZSTD_DICTIONARY_1 => decompress(rest, total, &WITH_DICTIONARY_1, Some(&DECODER_DICTIONARY_1))?,
        ZSTD_DICTIONARY_2 => decompress(rest, total, &WITH_DICTIONARY_2, Some(&DECODER_DICTIONARY_2))?,
        _ => return Err(Damaged("its encoding is not known to this version")),
    };
    if body.len() != total {
        return Err(Damaged("it is not as long as it says"));
    }
    let internals = body.split_off(body_length);
    Ok((body, internals))
}

fn compress(data: &[u8]) -> Option<(u8, Vec<u8>)> {
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = compressor().ok();
        }
        Some((ZSTD_DICTIONARY_2, slot.as_mut()?.compress(data).ok()?))
    })
}

fn compressor() -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_prepared_dictionary(&ENCODER_DICTIONARY)?;
    // The lengths and the dictionary's number stand before the frame already: 6 bytes a record.
    compressor.set_parameter(CParameter::ContentSizeFlag(false))?;
    compressor.set_parameter(CParameter::DictIdFlag(false))?;
    Ok(compressor)
}

fn decompress(
    frame: &[u8],
    total: usize,
    slot: &'static LocalKey<Slot<Decompressor<'static>>>,
    dictionary: Option<&'static DecoderDictionary<'static>>,
) -> Result<Vec<u8>, Damaged> {
    slot.with_borrow_mut(|slot| {
        if slot.is_none() {
            let made = match dictionary {
                Some(dictionary) => Decompressor::with_prepared_dictionary(dictionary),
                None => Decompressor::new(),
            };
            *slot = made.ok();
        }
        let Some(decompressor) = slot.as_mut() else { return Err(Damaged("no memory to decompress it")) };
        decompressor.decompress(frame, total).map_err(|_| Damaged("its compressed form is broken"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOLDEN_BODY: &str = r#"{"status":"approved","status_detail":"accredited","currency_id":"BRL","payment_method_id":"master","payment_type_id":"credit_card","live_mode":false,"operation_type":"regular_payment","refunds":[],"processing_mode":"aggregator","merchant_account_id":null,"captured":true,"binary_mode":false}"#;
    /// [`GOLDEN_BODY`], compressed with each dictionary when it was made.
    const GOLDEN: [&str; 2] = [
        "02a302a50228b52ffd0000450100207b7d7b7d0cfcf2ef80cadd6849c4c3ada391331994d4d5385087979bb00fa412ccf28f3d530b02",
        "03a302a50228b52ffd034815429079350100207b7d7b7d0bfc4e73104965254fafa2af984b6c0e506b4d85fdcab0fc4f752b88562dc14801",
    ];

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(body in proptest::collection::vec(any::<u8>(), 0..3000), internals in ".{0,300}") {
            let repetitive = [body.clone(), body.clone()].concat();
            for body in [body, repetitive] {
                let content = encode(&body, internals.as_bytes());
                prop_assert_eq!(decode(&content).unwrap(), (body, internals.as_bytes().to_vec()));
            }
        }

        #[test]
        fn damaged_content_is_an_error_and_never_a_panic(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&content);
        }
    }

    #[test]
    fn records_of_every_encoding_are_read() {
        let body = b"{\"status\":\"approved\",\"status_detail\":\"accredited\"}".repeat(9);
        let plain = zstd::bulk::compress(&body, LEVEL).unwrap();
        for (encoding, payload) in [(RAW, body.clone()), (ZSTD, plain)] {
            let mut content = vec![encoding];
            push_unsigned(&mut content, body.len() as u64);
            push_unsigned(&mut content, body.len() as u64);
            content.extend(payload);
            assert_eq!(decode(&content).unwrap(), (body.clone(), Vec::new()));
        }
        assert!(decode(&[4, 0, 0]).is_err(), "one that only a later version knows");
    }

    #[test]
    fn the_released_dictionaries_stay_what_they_are() {
        // If this fails, a file was replaced, and every store in the field would be unreadable: put it back, and make a new
        // encoding for a better one.
        for golden in GOLDEN {
            let golden = golden
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            let (body, internals) = decode(&golden.collect::<Vec<u8>>()).unwrap();
            assert_eq!((body.as_slice(), internals.as_slice()), (GOLDEN_BODY.as_bytes(), b"{}".as_slice()));
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        for body in [b"{\"status\":\"approved\",".repeat(9), b"{}".to_vec()] {
            let content = encode(&body, b"{\"rail\":\"simulator\"}");
            for at in 0..content.len() {
                for bit in 0..8 {
                    let mut damaged = content.clone();
                    damaged[at] ^= 1 << bit;
                    assert!(decode(&damaged).is_err(), "bit {bit} of byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_truncated_record_is_refused() {
        let content = encode(&b"{\"status\":\"approved\",".repeat(50), b"{}");
        assert!(decode(&content[..content.len() - 1]).is_err());
        assert!(content.len() < 200, "it was compressed");
    }
}
