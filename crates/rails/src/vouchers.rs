//! What the buyer of an offline payment is handed: references, barcodes and account numbers, method by method.
//!
//! Every code follows from the payment, so asking twice gives the same. Every code also carries the payment's id where
//! its format has room, so that two payments never share one. None of them can be paid in the real world by mistake:
//! boletos and keys that no institution has registered, and a CLABE in a bank's branch that does not exist.
//!
//! The layouts of the Argentine, Mexican and Uruguayan slips are private to their networks; only their length and kind
//! are known, so the inner division is the platform's own.

use crate::boleto::Boleto;
use crate::br_code::{self, BrCode, Receiver, to_ascii};
use crate::check_digit;
use crate::derivation::Derivation;
use crate::qr;
use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::civil::Date;
use pasarela_domain::catalogue;
use pasarela_domain::rail::{Charge, Instructions};

/// Bradesco, behind `bolbradesco`.
const BRADESCO: &str = "237";
/// STP, the institution that holds the CLABE accounts, and a branch code that it does not have (its own is 180).
const STP_BANK_AND_NO_BRANCH: &str = "646000";
/// Stores of the PayCash network, by `payment_option_id`; the place in the list is the number in the reference.
const PAYCASH_STORES: [&str; 5] = ["7eleven", "circlek", "soriana", "extra", "calimax"];

/// How the buyer pays `charge`. A method without an entry of its own gets a plain reference.
pub fn instructions(charge: &Charge) -> Instructions {
    match charge.payment_method_id.as_str() {
        "pix" => pix(charge),
        "bolbradesco" => boleto(charge),
        "pec" => pec(charge),
        "rapipago" | "pagofacil" | "bapropagos" | "cargavirtual" | "cobroexpress" => argentine_slip(charge),
        "oxxo" => oxxo(charge),
        "paycash" => paycash(charge),
        "redlink" | "banamex" | "serfin" | "bancomer" => typed_reference(charge, None),
        "clabe" => clabe(charge),
        "pse" | "webpay" | "khipu" => redirected_transfer(charge),
        "pagoefectivo_atm" => pagoefectivo(charge),
        "abitab" | "redpagos" => uruguayan_slip(charge),
        // efecty, baloto, davivienda, servipag, meliplace: the clerk reads or types the number alone.
        _ => plain_reference(charge),
    }
}

/// A static BR Code, as the API has always answered it: the amount and the payment's id are in the code.
fn pix(charge: &Charge) -> Instructions {
    let name = to_ascii(&charge.merchant_name, br_code::MAX_NAME);
    let code = BrCode {
        receiver: Receiver::Static {
            // A charge names its merchant by name only; the same name always has the same key.
            key: Derivation::new("pix key", charge.merchant_name.as_bytes()).uuid(),
            text: None,
            withdrawal_ispb: None,
            // 9 letters and at most 16 digits are the 25 that field 62-05 takes.
            txid: Some(format!("mpqrinter{}", charge.payment_id)),
        },
        category: "0000".to_owned(),
        // The payer types what the field cannot hold.
        amount: Some(charge.amount).filter(|&amount| br_code::is_amount(amount)),
        merchant_name: if name.is_empty() { "PASARELA".to_owned() } else { name },
        merchant_city: "SAO PAULO".to_owned(),
        postal_code: None,
        recurrence_location: None,
    };
    // Every part fits its field: the key is a UUID, the name folded and cut, the amount a payment's in BRL.
    let qr_code =
        code.encode().expect("a payment's amount is in BRL, not negative, and below ten digits of reais");
    // A code has at most 512 bytes, a QR code of level M holds 2331.
    let picture = qr::png(&qr_code).expect("a BR Code is short enough for a QR code");
    Instructions {
        qr_code: Some(qr_code),
        qr_code_base64: Some(BASE64_STANDARD.encode(picture)),
        ..Instructions::default()
    }
}

fn boleto(charge: &Charge) -> Instructions {
    let id = sixteen_digits(charge);
    let (account, our_number) = id.split_at(5);
    // Bradesco's free field: branch 4, portfolio 2, "our number" 11, account 7, a zero. The id's first digits stand in the
    // account, so that the whole id is in the barcode.
    let free_field = format!("000026{our_number}00{account}0");
    let (due, amount) = (Some(due_day(charge)), Some(charge.amount));
    // A day or an amount that the barcode cannot carry is left to the bank's register.
    let boleto = [(due, amount), (due, None), (None, amount), (None, None)]
        .into_iter()
        .find_map(|(due, amount)| Boleto::new(BRADESCO, due, amount, &free_field).ok())
        .expect("the bank and the free field are digits of the right length");
    Instructions {
        payment_method_reference_id: Some(our_number.to_owned()),
        agreement_number: Some(format!("00{account}")),
        verification_code: Some(our_number.to_owned()),
        barcode_content: Some(boleto.barcode()),
        digitable_line: Some(boleto.digitable_line()),
        financial_institution: Some("bradesco".to_owned()),
        ..Instructions::default()
    }
}

/// Paid at a lottery shop without a slip: the clerk types the code.
fn pec(charge: &Charge) -> Instructions {
    typed_reference(charge, Some(with_check_digit(format!("{}", derived(charge, "pec code", 9)))))
}

/// 40 digits: network 4, amount 10, day 5, payment 20, check digit.
fn argentine_slip(charge: &Charge) -> Instructions {
    let network = match charge.payment_method_id.as_str() {
        "rapipago" => "1001",
        "pagofacil" => "1002",
        "bapropagos" => "1003",
        "cargavirtual" => "1004",
        _ => "1005",
    };
    let content =
        format!("{network}{}{}{:020}", amount_digits(charge, 10), year_and_day(charge), charge.payment_id);
    Instructions {
        payment_method_reference_id: Some(charge.payment_id.to_string()),
        verification_code: Some(charge.payment_id.to_string()),
        barcode_content: Some(with_check_digit(content)),
        ..Instructions::default()
    }
}

/// 30 digits, in the barcode and for the clerk's keyboard: constant 1, payment 16, day 5, amount 7, check digit.
fn oxxo(charge: &Charge) -> Instructions {
    let content = format!("6{}{}{}", sixteen_digits(charge), year_and_day(charge), amount_digits(charge, 7));
    let content = with_check_digit(content);
    Instructions {
        payment_method_reference_id: Some(charge.payment_id.to_string()),
        verification_code: Some(content.clone()),
        barcode_content: Some(content),
        ..Instructions::default()
    }
}

/// 20 digits: store 2 (00 is any), payment 17, check digit.
fn paycash(charge: &Charge) -> Instructions {
    let chosen = charge.payment_option_id.as_deref();
    let store = PAYCASH_STORES.iter().position(|&id| Some(id) == chosen).map_or(0, |place| place + 1);
    let reference = with_check_digit(format!("{store:02}{:017}", charge.payment_id));
    Instructions {
        payment_method_reference_id: Some(reference.clone()),
        verification_code: Some(reference.clone()),
        barcode_content: Some(reference),
        ..Instructions::default()
    }
}

/// CLABE: bank 3, branch 3, account 11, check digit.
fn clabe(charge: &Charge) -> Instructions {
    let id = sixteen_digits(charge);
    let digits = format!("{STP_BANK_AND_NO_BRANCH}{}", &id[5..]);
    let check = check_digit::clabe(&digits);
    Instructions {
        clabe: Some(format!("{digits}{check}")),
        payment_method_reference_id: Some(charge.payment_id.to_string()),
        financial_institution: institution(charge),
        ..Instructions::default()
    }
}

/// The buyer is sent to the bank; the scheme's numbers are known at once.
fn redirected_transfer(charge: &Charge) -> Instructions {
    Instructions {
        bank_transfer_id: Some(derived(charge, "bank transfer", 9)),
        transaction_id: Some(derived(charge, "transaction", 10).to_string()),
        financial_institution: institution(charge),
        ..Instructions::default()
    }
}

/// The CIP (código de identificación de pago) has nine digits, too few for the payment's id.
fn pagoefectivo(charge: &Charge) -> Instructions {
    let cip = derived(charge, "cip", 9);
    Instructions {
        payment_method_reference_id: Some(cip.to_string()),
        barcode_content: Some(with_check_digit(format!("{cip:019}"))),
        ..Instructions::default()
    }
}

/// 30 digits: network 2, amount 11, payment 16, check digit.
fn uruguayan_slip(charge: &Charge) -> Instructions {
    let network = if charge.payment_method_id == "abitab" { "21" } else { "22" };
    let content = format!("{network}{}{}", amount_digits(charge, 11), sixteen_digits(charge));
    Instructions { barcode_content: Some(with_check_digit(content)), ..plain_reference(charge) }
}

/// What a person types at a terminal: the payment's id with a check digit against typing mistakes.
fn typed_reference(charge: &Charge, verification_code: Option<String>) -> Instructions {
    Instructions {
        payment_method_reference_id: Some(with_check_digit(charge.payment_id.to_string())),
        verification_code,
        ..Instructions::default()
    }
}

/// The number alone, and the same in 20 digits for the counter's reader: payment 19, check digit.
fn plain_reference(charge: &Charge) -> Instructions {
    Instructions {
        payment_method_reference_id: Some(charge.payment_id.to_string()),
        barcode_content: Some(with_check_digit(format!("{:019}", charge.payment_id))),
        ..Instructions::default()
    }
}

/// The institution that the request names, or the only one that the method has (Transbank, STP).
fn institution(charge: &Charge) -> Option<String> {
    let only = || match catalogue::of(charge.site)
        .method(&charge.payment_method_id)?
        .financial_institutions
        .as_slice()
    {
        [institution] => Some(institution.id.clone()),
        _ => None,
    };
    charge.financial_institution.clone().or_else(only)
}

fn derived(charge: &Charge, purpose: &str, digits: u32) -> i64 {
    Derivation::of_payment(purpose, charge.payment_id).number(digits)
}

/// Ids are below 2^53, which has 16 digits.
fn sixteen_digits(charge: &Charge) -> String {
    format!("{:016}", charge.payment_id)
}

/// The amount in `digits` digits of minor units; zeros, which clerks read as "see the register", when it has more.
fn amount_digits(charge: &Charge, digits: usize) -> String {
    let amount = charge.amount.minor.to_string();
    let amount = if amount.len() > digits { "0" } else { &amount };
    format!("{amount:0>digits$}")
}

/// The last day to pay: two digits of the year, three of the day in it.
fn year_and_day(charge: &Charge) -> String {
    let day = due_day(charge);
    format!("{:02}{:03}", day.year() % 100, day.day_of_year())
}

fn due_day(charge: &Charge) -> Date {
    charge.expires.in_zone(charge.site.time_zone()).date()
}

fn with_check_digit(mut digits: String) -> String {
    let check = check_digit::modulus_10(&digits);
    digits.push(char::from(b'0' + check));
    digits
}

#[cfg(test)]
#[path = "vouchers_tests.rs"]
mod tests;
