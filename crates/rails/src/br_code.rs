//! BR Code: the text behind a Pix QR code (EMV merchant-presented QR, "Manual de Padrões para Iniciação do Pix").
//!
//! A code is a row of fields: id of two digits, length of two digits, value; some values are rows of fields themselves.
//! The last field is a CRC over everything before its own four digits.

use pasarela_domain::money::{Currency, Money};
use std::fmt::Write;

/// The longest code in bytes (`pixCopiaECola` of the API Pix).
pub const MAX_LENGTH: usize = 512;
/// The longest merchant name.
pub const MAX_NAME: usize = 25;
/// The longest city.
pub const MAX_CITY: usize = 15;
/// The longest `txid` of a static code.
pub const MAX_STATIC_TXID: usize = 25;
/// The longest Pix key, and the longest location of a dynamic code.
pub const MAX_KEY: usize = 77;

const GUI: &str = "br.gov.bcb.pix";
const NO_TXID: &str = "***";
/// The whole amount has at most 13 characters: ten digits, a point, two digits.
const MAX_AMOUNT: usize = 13;
/// A value's length has two digits.
const MAX_VALUE: usize = 99;

/// A Pix code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrCode {
    /// Who is paid, and where the details of the charge are.
    pub receiver: Receiver,
    /// MCC, four digits; `0000` when it does not matter.
    pub category: String,
    /// In BRL. Without it the payer types one; a dynamic code's charge says it.
    pub amount: Option<Money>,
    /// Up to [`MAX_NAME`] ASCII characters.
    pub merchant_name: String,
    /// Up to [`MAX_CITY`] ASCII characters.
    pub merchant_city: String,
    /// CEP, eight digits.
    pub postal_code: Option<String>,
    /// Pix Automático: where the recurrence's terms are (`host/rec/…`), without a scheme.
    pub recurrence_location: Option<String>,
}

/// The two kinds of codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Everything is in the code; it can be paid many times.
    Static {
        /// CPF, CNPJ, phone, e-mail or random key (EVP).
        key: String,
        /// Shown to the payer.
        text: Option<String>,
        /// Pix Saque: the ISPB of whoever hands out the cash, eight digits.
        withdrawal_ispb: Option<String>,
        /// `[A-Za-z0-9]{1,25}`: comes back with the payment.
        txid: Option<String>,
    },
    /// The charge is behind an address, which the payer's bank asks.
    Dynamic {
        /// Host and path, without a scheme.
        location: String,
        /// Field 01 is `12`: the code is paid once.
        pay_once: bool,
    },
}

/// Why a text is not a BR Code, or a code cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrCodeError {
    /// More than [`MAX_LENGTH`] bytes.
    #[error("longer than 512 characters")]
    TooLong,
    /// A character that is not printable ASCII.
    #[error("not printable ASCII")]
    NotAscii,
    /// The fields do not add up to the text: a bad id, a bad length, or text left over.
    #[error("broken field structure")]
    Structure,
    /// A field comes twice.
    #[error("field {0:02} comes twice")]
    Duplicate(u8),
    /// A mandatory field is absent.
    #[error("field {0:02} is missing")]
    Missing(u8),
    /// A field's content is not what the standard allows there.
    #[error("field {0:02} is not valid")]
    Field(u8),
    /// The last field is not the CRC of what is before it.
    #[error("the CRC does not match")]
    Crc,
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, nothing reflected, nothing added at the end.
///
/// ```
/// assert_eq!(pasarela_rails::br_code::crc16(b"123456789"), 0x29B1);
/// ```
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// `text` as it may stand in a code: accents removed, other characters beyond ASCII dropped, blanks joined, cut to `max`
/// characters.
///
/// ```
/// assert_eq!(pasarela_rails::br_code::to_ascii("  Açaí  & Cia. São João ☕", 25), "Acai & Cia. Sao Joao");
/// ```
pub fn to_ascii(text: &str, max: usize) -> String {
    let mut ascii = String::with_capacity(max);
    for character in text.chars().map(without_accent) {
        match character {
            Some(' ') if ascii.is_empty() || ascii.ends_with(' ') => {}
            Some(character) if ascii.len() < max => ascii.push(character),
            Some(_) => break,
            None => {}
        }
    }
    ascii.truncate(ascii.trim_end().len());
    ascii
}

/// The letters of the markets' languages and of their neighbours; anything else is not worth a table.
fn without_accent(character: char) -> Option<char> {
    Some(match character {
        ' '..='~' => character,
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ª' => 'a',
        'Á' | 'À' | 'Â' | 'Ã' | 'Ä' | 'Å' => 'A',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'É' | 'È' | 'Ê' | 'Ë' => 'E',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'Í' | 'Ì' | 'Î' | 'Ï' => 'I',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' | 'º' => 'o',
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ö' | 'Ø' => 'O',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'Ú' | 'Ù' | 'Û' | 'Ü' => 'U',
        'ñ' => 'n',
        'Ñ' => 'N',
        'ç' => 'c',
        'Ç' => 'C',
        'ý' | 'ÿ' => 'y',
        'Ý' => 'Y',
        '’' | '‘' => '\'',
        '–' | '—' => '-',
        blank if blank.is_whitespace() => ' ',
        _ => return None,
    })
}

impl BrCode {
    /// The text of the code, CRC included.
    ///
    /// Fails when a part is not what the standard allows in its field.
    pub fn encode(&self) -> Result<String, BrCodeError> {
        self.verify()?;
        let mut code = String::with_capacity(256);
        push(&mut code, 0, "01");
        if matches!(self.receiver, Receiver::Dynamic { pay_once: true, .. }) {
            push(&mut code, 1, "12");
        }
        push(&mut code, 26, &self.account());
        push(&mut code, 52, &self.category);
        push(&mut code, 53, "986");
        if let Some(amount) = self.amount {
            push(&mut code, 54, &amount.to_fixed_text());
        }
        push(&mut code, 58, "BR");
        push(&mut code, 59, &self.merchant_name);
        push(&mut code, 60, &self.merchant_city);
        if let Some(postal_code) = &self.postal_code {
            push(&mut code, 61, postal_code);
        }
        push(&mut code, 62, &nested(&[(5, self.txid().unwrap_or(NO_TXID))]));
        if let Some(location) = &self.recurrence_location {
            push(&mut code, 80, &nested(&[(0, GUI), (25, location)]));
        }
        code.push_str("6304");
        let crc = crc16(code.as_bytes());
        write!(code, "{crc:04X}").expect("a String takes everything");
        if code.len() > MAX_LENGTH {
            return Err(BrCodeError::TooLong);
        }
        Ok(code)
    }

    /// The static code's txid.
    pub fn txid(&self) -> Option<&str> {
        match &self.receiver {
            Receiver::Static { txid, .. } => txid.as_deref(),
            Receiver::Dynamic { .. } => None,
        }
    }

    fn account(&self) -> String {
        let mut account = nested(&[(0, GUI)]);
        match &self.receiver {
            Receiver::Static { key, text, withdrawal_ispb, .. } => {
                push(&mut account, 1, key);
                if let Some(text) = text {
                    push(&mut account, 2, text);
                }
                if let Some(ispb) = withdrawal_ispb {
                    push(&mut account, 3, ispb);
                }
            }
            Receiver::Dynamic { location, .. } => push(&mut account, 25, location),
        }
        account
    }

    /// What holds for every code, written or read.
    fn verify(&self) -> Result<(), BrCodeError> {
        match &self.receiver {
            Receiver::Static { key, text, withdrawal_ispb, txid } => {
                require(is_key(key), 26)?;
                require(text.as_deref().is_none_or(|text| is_text(text, MAX_VALUE)), 26)?;
                require(withdrawal_ispb.as_deref().is_none_or(|ispb| is_digits(ispb, 8)), 26)?;
                require(txid.as_deref().is_none_or(is_static_txid), 62)?;
            }
            Receiver::Dynamic { location, .. } => {
                require(is_location(location), 26)?;
                // An amount of zero asks the payer for one, which only a static code may.
                require(self.amount.is_none_or(|amount| !amount.is_zero()), 54)?;
            }
        }
        require(self.account_length() <= MAX_VALUE, 26)?;
        require(is_digits(&self.category, 4), 52)?;
        require(self.amount.is_none_or(is_amount), 54)?;
        require(is_text(&self.merchant_name, MAX_NAME), 59)?;
        require(is_text(&self.merchant_city, MAX_CITY), 60)?;
        require(self.postal_code.as_deref().is_none_or(|code| is_digits(code, 8)), 61)?;
        require(self.recurrence_location.as_deref().is_none_or(is_location), 80)
    }

    fn account_length(&self) -> usize {
        let field = |value: &Option<String>| value.as_ref().map_or(0, |value| 4 + value.len());
        let rest = match &self.receiver {
            Receiver::Static { key, text, withdrawal_ispb, .. } => {
                4 + key.len() + field(text) + field(withdrawal_ispb)
            }
            Receiver::Dynamic { location, .. } => 4 + location.len(),
        };
        4 + GUI.len() + rest
    }
}

/// Reads a code and verifies all of it: structure, CRC, mandatory fields, formats, limits. Fields that Pix does not use
/// are skipped, as payers' applications must.
pub fn decode(text: &str) -> Result<BrCode, BrCodeError> {
    if text.len() > MAX_LENGTH {
        return Err(BrCodeError::TooLong);
    }
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(BrCodeError::NotAscii);
    }
    verify_crc(text)?;
    let fields = Fields::read(text)?;
    require(fields.mandatory(0)? == "01" && fields.0[0].0 == 0, 0)?;
    require(fields.mandatory(53)? == "986", 53)?;
    require(fields.mandatory(58)? == "BR", 58)?;
    let code = BrCode {
        receiver: read_receiver(&fields)?,
        category: fields.mandatory(52)?.to_owned(),
        amount: fields.get(54).map(read_amount).transpose()?,
        merchant_name: fields.mandatory(59)?.to_owned(),
        merchant_city: fields.mandatory(60)?.to_owned(),
        postal_code: fields.get(61).map(str::to_owned),
        recurrence_location: read_recurrence(&fields)?,
    };
    code.verify()?;
    Ok(code)
}

fn verify_crc(text: &str) -> Result<(), BrCodeError> {
    const CRC_FIELD: usize = 8;
    let start = text.len().checked_sub(CRC_FIELD).ok_or(BrCodeError::Missing(63))?;
    let (content, crc) = text.split_at(start + 4);
    if &text[start..start + 4] != "6304" {
        return Err(BrCodeError::Missing(63));
    }
    if crc != format!("{:04X}", crc16(content.as_bytes())) {
        return Err(BrCodeError::Crc);
    }
    Ok(())
}

fn read_receiver(fields: &Fields<'_>) -> Result<Receiver, BrCodeError> {
    let account = fields.pix_template(26..=51)?.ok_or(BrCodeError::Missing(26))?;
    let additional = Fields::read(fields.mandatory(62)?)?;
    let txid =
        Some(additional.mandatory(5).map_err(|_| BrCodeError::Field(62))?).filter(|&txid| txid != NO_TXID);
    let initiation = fields.get(1);
    match (account.get(1), account.get(25)) {
        (Some(key), None) => {
            require(matches!(initiation, None | Some("11")), 1)?;
            Ok(Receiver::Static {
                key: key.to_owned(),
                text: account.get(2).map(str::to_owned),
                withdrawal_ispb: account.get(3).map(str::to_owned),
                txid: txid.map(str::to_owned),
            })
        }
        (None, Some(location)) => {
            require(matches!(initiation, None | Some("11" | "12")), 1)?;
            require(txid.is_none(), 62)?;
            Ok(Receiver::Dynamic { location: location.to_owned(), pay_once: initiation == Some("12") })
        }
        _ => Err(BrCodeError::Field(26)),
    }
}

fn read_amount(text: &str) -> Result<Money, BrCodeError> {
    let bare =
        !text.is_empty() && text.len() <= MAX_AMOUNT && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    require(bare && text.as_bytes()[0] != b'.', 54)?;
    Money::from_decimal_text(text, Currency::BRL).map_err(|_| BrCodeError::Field(54))
}

fn read_recurrence(fields: &Fields<'_>) -> Result<Option<String>, BrCodeError> {
    let Some(template) = fields.pix_template(80..=99)? else { return Ok(None) };
    Ok(Some(template.mandatory(25).map_err(|_| BrCodeError::Field(80))?.to_owned()))
}

/// A row of fields, each id at most once.
struct Fields<'a>(Vec<(u8, &'a str)>);

impl<'a> Fields<'a> {
    fn read(mut text: &'a str) -> Result<Fields<'a>, BrCodeError> {
        let mut fields: Vec<(u8, &str)> = Vec::with_capacity(16);
        while !text.is_empty() {
            let id = two_digits(text.get(0..2))?;
            let length = usize::from(two_digits(text.get(2..4))?);
            // Empty values do not exist in EMV: the shortest length is 01.
            let value =
                text.get(4..4 + length).filter(|value| !value.is_empty()).ok_or(BrCodeError::Structure)?;
            if fields.iter().any(|&(other, _)| other == id) {
                return Err(BrCodeError::Duplicate(id));
            }
            fields.push((id, value));
            text = &text[4 + length..];
        }
        Ok(Fields(fields))
    }

    fn get(&self, id: u8) -> Option<&'a str> {
        self.0.iter().find(|&&(other, _)| other == id).map(|&(_, value)| value)
    }

    fn mandatory(&self, id: u8) -> Result<&'a str, BrCodeError> {
        self.get(id).ok_or(BrCodeError::Missing(id))
    }

    /// The one template among `ids` that is Pix's. Others belong to other schemes and may hold anything.
    fn pix_template(&self, ids: std::ops::RangeInclusive<u8>) -> Result<Option<Fields<'a>>, BrCodeError> {
        let mut found = None;
        for &(id, value) in self.0.iter().filter(|(id, _)| ids.contains(id)) {
            let Ok(template) = Fields::read(value) else { continue };
            if template.get(0).is_some_and(|gui| gui.eq_ignore_ascii_case(GUI)) {
                require(found.is_none(), id)?;
                found = Some(template);
            }
        }
        Ok(found)
    }
}

fn two_digits(text: Option<&str>) -> Result<u8, BrCodeError> {
    let text = text.filter(|text| is_digits(text, 2)).ok_or(BrCodeError::Structure)?;
    text.parse().map_err(|_| BrCodeError::Structure)
}

fn push(code: &mut String, id: u8, value: &str) {
    write!(code, "{id:02}{:02}{value}", value.len()).expect("a String takes everything");
}

fn nested(fields: &[(u8, &str)]) -> String {
    let mut template = String::new();
    for &(id, value) in fields {
        push(&mut template, id, value);
    }
    template
}

fn require(holds: bool, field: u8) -> Result<(), BrCodeError> {
    if holds { Ok(()) } else { Err(BrCodeError::Field(field)) }
}

/// Whether `key` has the form of a Pix key: CPF, CNPJ (letters too since 2026), phone, e-mail, or random key (EVP).
pub fn is_key(key: &str) -> bool {
    is_digits(key, 11) || is_cnpj(key) || is_phone(key) || is_email(key) || is_random_key(key)
}

fn is_cnpj(key: &str) -> bool {
    key.len() == 14 && key.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// E.164: a plus, then 8 to 15 digits of which the first is the country's.
fn is_phone(key: &str) -> bool {
    let Some(digits) = key.strip_prefix('+') else { return false };
    (8..=15).contains(&digits.len()) && is_digits(digits, digits.len()) && !digits.starts_with('0')
}

fn is_email(key: &str) -> bool {
    let Some((user, host)) = key.split_once('@') else { return false };
    let plain = key.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase());
    key.len() <= MAX_KEY && plain && !user.is_empty() && !host.is_empty() && !host.contains('@')
}

fn is_random_key(key: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    key.len() == 36
        && key
            .bytes()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { hex(b) })
}

fn is_static_txid(txid: &str) -> bool {
    (1..=MAX_STATIC_TXID).contains(&txid.len()) && txid.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_location(location: &str) -> bool {
    is_text(location, MAX_KEY) && !location.contains("://") && !location.contains(' ')
}

/// Whether field 54 can hold `amount`: BRL, not negative, at most ten digits of reais.
pub fn is_amount(amount: Money) -> bool {
    amount.currency == Currency::BRL && amount.minor >= 0 && amount.to_fixed_text().len() <= MAX_AMOUNT
}

fn is_text(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "br_code_tests.rs"]
mod tests;
