//! How `data/seeds.json` was made: every value is cut from HMAC-SHA-256 of its own name under a fixed label, so that
//! nothing was chosen by hand and nothing secret was ever needed. The test below holds the file against it.

use super::FILE;
use pasarela_domain::site::{SITES, Site};
use ring::hmac;
use serde_json::{Value, json};

const LABEL: &str = "pasarela development accounts 1";
/// MMDDHH at −04:00 in the access tokens.
const ISSUED: &str = "112108";

#[test]
fn the_file_is_what_the_label_derives() {
    let derived = serde_json::to_string_pretty(&json!({
        "sellers": SITES.map(seller),
        "buyers": SITES.map(buyer),
    }))
    .unwrap();
    assert_eq!(FILE.trim_end(), derived, "derived:\n{derived}");
}

#[test]
fn the_logins_are_what_the_label_derives() {
    let logins: Vec<Value> =
        ["seller", "buyer"].into_iter().flat_map(|role| SITES.map(|site| login(site, role))).collect();
    let derived = serde_json::to_string_pretty(&logins).unwrap();
    assert_eq!(super::logins::FILE.trim_end(), derived, "derived:\n{derived}");
}

fn login(site: Site, role: &str) -> Value {
    let password = format!("qatest{:06}", number(&format!("{site}/{role}/password")) % 1_000_000);
    let salt = &derive(&format!("{site}/{role}/password_salt"))[..16];
    json!({
        "account_id": account(site, role)["id"],
        "password": password,
        "password_hash": crate::logins::passwords::hash_with(password.as_bytes(), salt).unwrap(),
    })
}

fn seller(site: Site) -> Value {
    let name = |field: &str| format!("{site}/seller/{field}");
    let mut seller = account(site, "seller");
    let user_id = seller["id"].as_i64().unwrap();
    // 16 digits, all below 2^53, so that JavaScript reads the application's number exactly.
    let client_id = 1_000_000_000_000_000 + number(&name("client_id")) % 8_000_000_000_000_000;
    let pair = |mode: &str, prefix: &str| {
        json!({
            "public_key": format!("{prefix}-{}", uuid(&name(&format!("{mode}/public_key")))),
            "access_token": format!(
                "{prefix}-{client_id}-{ISSUED}-{}-{user_id}",
                &hex(&name(&format!("{mode}/access_token")))[..32]
            ),
        })
    };
    seller["application"] = json!({
        "id": client_id,
        "name": format!("Development {site}"),
        "client_secret": alphanumeric(&name("client_secret")),
        "webhook_secret": hex(&name("webhook_secret")),
    });
    seller["test"] = pair("test", "TEST");
    seller["live"] = pair("live", "APP_USR");
    seller
}

fn buyer(site: Site) -> Value {
    let mut buyer = account(site, "buyer");
    // About what a month of shopping costs there, and 10,000.00 in Brazil.
    let balance: i64 = match site {
        Site::MLB | Site::MPE => 1_000_000,
        Site::MLM | Site::MLU => 10_000_000,
        Site::MLA => 100_000_000,
        Site::MLC | Site::MCO => 10_000_000,
    };
    buyer["opening_balance_minor"] = json!(balance);
    buyer
}

fn account(site: Site, role: &str) -> Value {
    // Nine digits: fits in 32 bits for clients that read ids so.
    let id = 100_000_000 + number(&format!("{site}/{role}/user_id")) % 900_000_000;
    let (identification_type, identification_number) =
        identification(site, number(&format!("{site}/{role}/identification")));
    json!({
        "site": site.id(),
        "id": id,
        "email": format!("test_user_{id}@testuser.com"),
        "nickname": format!("TESTUSER{id}"),
        "first_name": "Test",
        "last_name": if role == "seller" { "Seller" } else { "Buyer" },
        "identification_type": identification_type,
        "identification_number": identification_number,
    })
}

fn identification(site: Site, number: u64) -> (&'static str, String) {
    let between = |first: u64, count: u64| first + number % count;
    match site {
        Site::MLB => {
            let mut digits = digits_of(between(100_000_000, 900_000_000));
            for _ in 0..2 {
                let weighted: u32 = digits.iter().rev().zip(2..).map(|(digit, weight)| digit * weight).sum();
                digits.push((weighted * 10 % 11) % 10);
            }
            ("CPF", text(&digits))
        }
        Site::MLA => ("DNI", between(20_000_000, 30_000_000).to_string()),
        Site::MLM => ("", String::new()),
        Site::MLC => {
            let digits = digits_of(between(10_000_000, 15_000_000));
            let weighted: u32 =
                digits.iter().rev().zip([2, 3, 4, 5, 6, 7, 2, 3]).map(|(digit, weight)| digit * weight).sum();
            let check = match 11 - weighted % 11 {
                11 => "0".to_owned(),
                10 => "K".to_owned(),
                other => other.to_string(),
            };
            ("RUT", text(&digits) + &check)
        }
        Site::MCO => ("CC", between(1_000_000_000, 100_000_000).to_string()),
        Site::MPE => ("DNI", between(40_000_000, 30_000_000).to_string()),
        Site::MLU => {
            let mut digits = digits_of(between(1_000_000, 5_000_000));
            let weighted: u32 =
                digits.iter().zip([2, 9, 8, 7, 6, 3, 4]).map(|(digit, weight)| digit * weight).sum();
            digits.push((10 - weighted % 10) % 10);
            ("CI", text(&digits))
        }
    }
}

fn digits_of(number: u64) -> Vec<u32> {
    number.to_string().chars().map(|digit| digit.to_digit(10).unwrap()).collect()
}

fn text(digits: &[u32]) -> String {
    digits.iter().map(ToString::to_string).collect()
}

fn derive(name: &str) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, LABEL.as_bytes());
    hmac::sign(&key, name.as_bytes()).as_ref().try_into().unwrap()
}

fn number(name: &str) -> u64 {
    u64::from_be_bytes(derive(name)[..8].try_into().unwrap())
}

fn hex(name: &str) -> String {
    derive(name).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uuid(name: &str) -> String {
    uuid::Builder::from_random_bytes(derive(name)[..16].try_into().unwrap()).into_uuid().to_string()
}

fn alphanumeric(name: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    derive(name).iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % 62])).collect()
}
