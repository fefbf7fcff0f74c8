//! Identification documents: what their numbers look like, and their check digits.
//!
//! A payment's document is held to its length always, and to its check digits in Brazil only, as the API does: official
//! examples of other countries carry numbers whose check digits are wrong ([`check`]). Forms that people type into are held
//! to the other countries' ([`is_cuit`], [`is_rut`], …), too ([`check_typed`]).

pub(crate) mod digits;

pub use digits::{
    is_cbu, is_ci, is_clabe, is_cnpj, is_cpf, is_cuit, is_curp, is_luhn, is_nit, is_rfc, is_ruc, is_rut,
};

use crate::catalogue;
use crate::site::Site;

/// A document as the platform keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identification {
    /// As in `identification.type`: `CPF`, `DNI`, … in the catalogue's own spelling.
    pub type_id: String,
    /// The number without punctuation, letters in upper case.
    pub number: String,
}

impl std::fmt::Debug for Identification {
    /// A person's document number has no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identification({}, …)", self.type_id)
    }
}

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// The site has no such kind of document.
    #[error("unknown identification type")]
    UnknownType,
    /// Letters where there are none, or punctuation where the site takes none.
    #[error("identification number has characters that it can't have")]
    Characters,
    /// Too short or too long.
    #[error("identification number has a wrong length")]
    Length,
    /// A CPF or CNPJ whose check digits are wrong.
    #[error("identification number has wrong check digits")]
    CheckDigits,
}

/// What one kind of document looks like.
struct Shape {
    type_id: String,
    letters: bool,
    lengths: std::ops::RangeInclusive<usize>,
}

/// Checks a payer's or cardholder's document as payments do.
///
/// In Brazil the number comes without punctuation and with right check digits (also the CNPJ with letters, in force
/// since July 2026); elsewhere dots, dashes, slashes and blanks are taken out and check digits are not looked at. RFC
/// and CURP are accepted in Mexico though its list of types is empty.
///
/// # Errors
/// The first [`DocumentFault`] found, in the order of its variants.
pub fn check(site: Site, type_id: &str, number: &str) -> Result<Identification, DocumentFault> {
    /// Longer than any document with all its punctuation.
    const LONGEST: usize = 64;
    let shape = shape(site, type_id).ok_or(DocumentFault::UnknownType)?;
    if number.len() > LONGEST {
        return Err(DocumentFault::Length);
    }
    let number = match site {
        Site::MLB => number.to_ascii_uppercase(),
        _ => plain(number),
    };
    let fits =
        |c: char| c.is_ascii_digit() || shape.letters && (c.is_ascii_uppercase() || matches!(c, 'Ñ' | '&'));
    if !number.chars().all(fits) {
        return Err(DocumentFault::Characters);
    }
    if !shape.lengths.contains(&number.chars().count()) {
        return Err(DocumentFault::Length);
    }
    let right = match shape.type_id.as_str() {
        "CPF" => is_cpf(&number),
        "CNPJ" => is_cnpj(&number),
        _ => true,
    };
    if !right {
        return Err(DocumentFault::CheckDigits);
    }
    Ok(Identification { type_id: shape.type_id, number })
}

/// Checks a document that a person types into a form: as payments do, but punctuation is taken out everywhere, and every
/// country's check digits are looked at. Not Uruguay's: its published test buyer has a wrong one.
///
/// # Errors
/// As [`check`].
pub fn check_typed(site: Site, type_id: &str, number: &str) -> Result<Identification, DocumentFault> {
    let document = check(site, type_id, &plain(number))?;
    let number = document.number.as_str();
    let right = match document.type_id.as_str() {
        "CUIT" | "CUIL" => is_cuit(number),
        "RUT" => is_rut(number),
        "RUC" => is_ruc(number),
        // Nine digits are one without its check digit.
        "NIT" => number.len() < 10 || is_nit(number),
        "RFC" => is_rfc(number),
        "CURP" => is_curp(number),
        _ => true,
    };
    if right { Ok(document) } else { Err(DocumentFault::CheckDigits) }
}

/// A number as it is sent: without the dots, dashes, slashes and blanks that people write in it, letters in upper case.
pub fn plain(number: &str) -> String {
    let written = number.chars().filter(|c| !matches!(c, '.' | '-' | '/' | ' '));
    written.map(|c| c.to_ascii_uppercase()).collect()
}

/// The shape of a kind of document: the catalogue's, widened where payments accept more than forms offer.
fn shape(site: Site, type_id: &str) -> Option<Shape> {
    let shape =
        |type_id: &str, letters, lengths| Some(Shape { type_id: type_id.to_owned(), letters, lengths });
    match (site, type_id.to_ascii_uppercase().as_str()) {
        (Site::MLM, "RFC") => return shape("RFC", true, 12..=13),
        (Site::MLM, "CURP") => return shape("CURP", true, 18..=18),
        // Eight digits and the check character printed beside them; the documented test buyer has nine.
        (Site::MPE, "DNI") => return shape("DNI", false, 8..=9),
        // Older forms spell it so, and offer "Otro" in Peru as well.
        (Site::MPE, "C.E") => return shape("CE", true, 9..=12),
        (Site::MPE, "OTRO") => return shape("Otro", true, 5..=20),
        (Site::MLB, "CNPJ") => return shape("CNPJ", true, 14..=14),
        _ => {}
    }
    catalogue::of(site)
        .identification_types()
        .iter()
        .find(|listed| listed.id.eq_ignore_ascii_case(type_id))
        .map(|listed| Shape {
            type_id: listed.id.clone(),
            letters: listed.kind != "number",
            lengths: listed.min_length..=listed.max_length,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(site: Site, type_id: &str, number: &str) -> Result<String, DocumentFault> {
        check(site, type_id, number).map(|document| format!("{} {}", document.type_id, document.number))
    }

    #[test]
    fn the_documented_test_buyers_are_accepted() {
        for (site, type_id, value) in [
            (Site::MLA, "DNI", "12345678"),
            (Site::MLB, "CPF", "12345678909"),
            (Site::MLB, "CPF", "19119119100"),
            (Site::MLB, "CPF", "01234567890"),
            (Site::MLB, "CPF", "37462770865"),
            (Site::MLB, "CNPJ", "11222333000181"),
            (Site::MLB, "CNPJ", "12ABC34501DE35"),
            (Site::MLC, "Otro", "123456789"),
            (Site::MCO, "CC", "123456789"),
            (Site::MLU, "CI", "12345678"),
            (Site::MLU, "Otro", "123456789"),
            (Site::MPE, "DNI", "123456789"),
            (Site::MPE, "DNI", "12345678"),
            (Site::MLM, "RFC", "XAXX010101000"),
            (Site::MLM, "CURP", "HEGG560427MVZRRL04"),
        ] {
            assert_eq!(
                number(site, type_id, value),
                Ok(format!("{type_id} {value}")),
                "{site} {type_id} {value}"
            );
        }
    }

    /// Every kind of document of every site: numbers that payments take, and numbers that they refuse with the fault.
    #[test]
    fn each_kind_takes_its_own_numbers() {
        use DocumentFault::{Characters, CheckDigits, Length};
        type Rows = &'static [(
            Site,
            &'static str,
            &'static [&'static str],
            &'static [(&'static str, DocumentFault)],
        )];
        const TABLE: Rows = &[
            (
                Site::MLA,
                "DNI",
                &["1234567", "12345678", "12.345.678"],
                &[("123456", Length), ("1234567K", Characters)],
            ),
            (Site::MLA, "CI", &["1", "123456789"], &[("1234567890", Length), ("A1", Characters)]),
            (Site::MLA, "LC", &["123456", "1234567"], &[("12345", Length), ("12345678", Length)]),
            (Site::MLA, "LE", &["123456", "1234567"], &[("12345", Length), ("12345678", Length)]),
            (
                Site::MLA,
                "CUIT",
                &["20123456786", "30-70308853-4", "20123456780"],
                &[("2012345678", Length), ("20A23456786", Characters)],
            ),
            (Site::MLA, "CUIL", &["20-12345678-9", "27123456780"], &[("201234567891", Length)]),
            (
                Site::MLA,
                "Otro",
                &["12345", "12345678901234567890"],
                &[("1234", Length), ("123456789012345678901", Length)],
            ),
            (
                Site::MLB,
                "CPF",
                &["12345678909", "19119119100", "52998224725"],
                &[
                    ("12345678900", CheckDigits),
                    ("00000000000", CheckDigits),
                    ("1234567890", Length),
                    ("123.456.789-09", Characters),
                    ("1234567890A", Characters),
                ],
            ),
            (
                Site::MLB,
                "CNPJ",
                &["11222333000181", "12ABC34501DE35", "12abc34501de35"],
                &[
                    ("11222333000180", CheckDigits),
                    ("12ABC34501DE36", CheckDigits),
                    ("00000000000000", CheckDigits),
                    ("12ABC34501DEA5", CheckDigits),
                    ("1122233300018", Length),
                    ("11.222.333/0001-81", Characters),
                ],
            ),
            (
                Site::MLM,
                "RFC",
                &["GODE561231GR8", "XAXX010101000", "ÑAN010101AA1", "GODE561231GR9"],
                &[("GODE561231", Length), ("GODE_561231GR", Characters)],
            ),
            (
                Site::MLM,
                "CURP",
                &["HEGG560427MVZRRL04", "hegg560427mvzrrl04"],
                &[("HEGG560427MVZRRL0", Length), ("HEGG560427MVZRRL0!", Characters)],
            ),
            (
                Site::MLC,
                "RUT",
                &["12345678-5", "11.111.111-1", "20347878-K", "123456789"],
                &[("1234567", Length), ("1234567890", Length)],
            ),
            (Site::MLC, "Otro", &["12345", "AB123"], &[("1234", Length)]),
            (
                Site::MCO,
                "CC",
                &["123456", "1054758259"],
                &[("12345", Length), ("12345678901", Length), ("12345A", Characters)],
            ),
            (Site::MCO, "CE", &["123456", "1234567890"], &[("12345", Length)]),
            (
                Site::MCO,
                "NIT",
                &["800197268-4", "8001972680", "860002964"],
                &[("80019726", Length), ("80019726844", Length)],
            ),
            (Site::MCO, "Otro", &["12345"], &[("1234", Length)]),
            (Site::MPE, "DNI", &["12345678", "123456789"], &[("1234567", Length), ("1234567A", Characters)]),
            (Site::MPE, "CE", &["123456789", "AB1234567890"], &[("12345678", Length)]),
            (
                Site::MPE,
                "RUC",
                &["20100070970", "20100070971"],
                &[("2010007097", Length), ("2010007097A", Characters)],
            ),
            (Site::MPE, "Otro", &["AB123"], &[("AB12", Length)]),
            (
                Site::MLU,
                "CI",
                &["1.234.567-2", "12345678", "1234567"],
                &[("123456", Length), ("1234567A", Characters)],
            ),
            (Site::MLU, "Otro", &["12345"], &[("1234", Length)]),
        ];
        for (site, type_id, taken, refused) in TABLE {
            for value in *taken {
                assert!(check(*site, type_id, value).is_ok(), "{site} {type_id} {value}");
                assert!(
                    check(*site, &type_id.to_lowercase(), value).is_ok(),
                    "{site} {type_id} in small letters"
                );
            }
            for (value, fault) in *refused {
                assert_eq!(check(*site, type_id, value).unwrap_err(), *fault, "{site} {type_id} {value}");
            }
        }
        // No kind that a form offers is missing from the table.
        for site in crate::site::SITES {
            for listed in catalogue::of(site).identification_types() {
                let is_there = TABLE.iter().any(|row| row.0 == site && row.1 == listed.id);
                assert!(is_there, "{site} {}", listed.id);
            }
        }
    }

    #[test]
    fn punctuation_is_taken_out_except_in_brazil() {
        assert_eq!(number(Site::MLC, "rut", "12.345.678-k"), Ok("RUT 12345678K".into()));
        assert_eq!(number(Site::MLA, "CUIL", "20-12345678-9"), Ok("CUIL 20123456789".into()), "not checked");
        assert_eq!(number(Site::MLB, "CPF", "123.456.789-09"), Err(DocumentFault::Characters));
    }

    #[test]
    fn a_form_looks_at_every_countrys_check_digits() {
        let typed =
            |site, type_id, number| check_typed(site, type_id, number).map(|document| document.number);
        for (site, type_id, number, plain) in [
            (Site::MLB, "CPF", "123.456.789-09", "12345678909"),
            (Site::MLB, "CNPJ", "12.abc.345/01DE-35", "12ABC34501DE35"),
            (Site::MLA, "CUIT", "20-12345678-6", "20123456786"),
            (Site::MLA, "DNI", "12.345.678", "12345678"),
            (Site::MLC, "RUT", "20.347.878-k", "20347878K"),
            (Site::MCO, "NIT", "800.197.268-4", "8001972684"),
            (Site::MCO, "NIT", "800197268", "800197268"),
            (Site::MPE, "RUC", "20100070970", "20100070970"),
            (Site::MLU, "CI", "1.234.567-8", "12345678"),
            (Site::MLM, "RFC", "GODE561231GR8", "GODE561231GR8"),
        ] {
            assert_eq!(typed(site, type_id, number).as_deref(), Ok(plain), "{site} {type_id} {number}");
        }
        for (site, type_id, number) in [
            (Site::MLB, "CPF", "123.456.789-00"),
            (Site::MLA, "CUIL", "20-12345678-9"),
            (Site::MLC, "RUT", "12.345.678-9"),
            (Site::MCO, "NIT", "800197268-5"),
            (Site::MPE, "RUC", "20100070971"),
            (Site::MLM, "CURP", "HEGG560427MVZRRL05"),
        ] {
            assert_eq!(
                typed(site, type_id, number),
                Err(DocumentFault::CheckDigits),
                "{site} {type_id} {number}"
            );
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(number(Site::MLB, "DNI", "12345678"), Err(DocumentFault::UnknownType));
        assert_eq!(number(Site::MLM, "", ""), Err(DocumentFault::UnknownType));
        assert_eq!(number(Site::MLA, "DNI", "123456"), Err(DocumentFault::Length));
        assert_eq!(number(Site::MLA, "DNI", "123456789"), Err(DocumentFault::Length));
        assert_eq!(number(Site::MLA, "DNI", "1234567A"), Err(DocumentFault::Characters));
        assert_eq!(number(Site::MLA, "DNI", &"1".repeat(10_000)), Err(DocumentFault::Length));
        assert_eq!(number(Site::MLB, "CPF", "12345678900"), Err(DocumentFault::CheckDigits));
        assert_eq!(number(Site::MLB, "CPF", "11111111111"), Err(DocumentFault::CheckDigits));
        assert_eq!(number(Site::MLB, "CNPJ", "11222333000182"), Err(DocumentFault::CheckDigits));
        assert_eq!(number(Site::MLB, "CPF", "１２３４５６７８９０９"), Err(DocumentFault::Characters));
    }

    #[test]
    fn a_document_is_not_shown_in_a_log() {
        let document = check(Site::MLB, "CPF", "12345678909").unwrap();
        assert!(!format!("{document:?}").contains("123"));
    }
}
