use super::*;
use proptest::prelude::*;

const STATIC_FULL: &str = "00020126730014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400000211Pedido 10425204000053039865406149.905802BR5918LOJA PASARELA LTDA6009SAO PAULO61080131092462140510PEDIDO10426304B0C0";
const STATIC_PHONE: &str = "00020126360014br.gov.bcb.pix0114+55119999988885204000053039865802BR5913FULANO DE TAL6008BRASILIA62070503***63040C41";
const DYNAMIC: &str = "00020101021226760014br.gov.bcb.pix2554pix.example.com/qr/v2/9d36b84fc70b478fb95c12729b90ca255204000053039865406149.905802BR5918LOJA PASARELA LTDA6009SAO PAULO62070503***6304F9BB";

fn code(receiver: Receiver, name: &str, city: &str) -> BrCode {
    BrCode {
        receiver,
        category: "0000".into(),
        amount: None,
        merchant_name: name.into(),
        merchant_city: city.into(),
        postal_code: None,
        recurrence_location: None,
    }
}

fn by_key(key: &str) -> Receiver {
    Receiver::Static { key: key.into(), text: None, withdrawal_ispb: None, txid: None }
}

/// `text` with its last four characters replaced by the right CRC, so that a test reaches what it is about.
fn with_crc(text: &str) -> String {
    let content = &text[..text.len() - 4];
    format!("{content}{:04X}", crc16(content.as_bytes()))
}

#[test]
fn the_crc_has_its_published_check_values() {
    assert_eq!(crc16(b"123456789"), 0x29B1);
    assert_eq!(crc16(b""), 0xFFFF);
    let manual = code(by_key("123e4567-e12b-12d1-a456-426655440000"), "Fulano de Tal", "BRASILIA");
    assert!(manual.encode().unwrap().ends_with("63041D3D"));
}

#[test]
fn a_static_code_with_everything_is_written_and_read() {
    let mut expected = code(by_key(""), "LOJA PASARELA LTDA", "SAO PAULO");
    expected.receiver = Receiver::Static {
        key: "123e4567-e12b-12d1-a456-426655440000".into(),
        text: Some("Pedido 1042".into()),
        withdrawal_ispb: None,
        txid: Some("PEDIDO1042".into()),
    };
    expected.amount = Some(Money::new(14_990, Currency::BRL));
    expected.postal_code = Some("01310924".into());
    assert_eq!(expected.encode().unwrap(), STATIC_FULL);
    assert_eq!(decode(STATIC_FULL), Ok(expected));
}

#[test]
fn a_static_code_with_a_phone_and_nothing_else_is_written_and_read() {
    let expected = code(by_key("+5511999998888"), "FULANO DE TAL", "BRASILIA");
    assert_eq!(expected.encode().unwrap(), STATIC_PHONE);
    assert_eq!(decode(STATIC_PHONE), Ok(expected));
}

#[test]
fn a_dynamic_code_is_written_and_read() {
    let location = "pix.example.com/qr/v2/9d36b84fc70b478fb95c12729b90ca25".to_owned();
    let mut expected =
        code(Receiver::Dynamic { location, pay_once: true }, "LOJA PASARELA LTDA", "SAO PAULO");
    expected.amount = Some(Money::new(14_990, Currency::BRL));
    assert_eq!(expected.encode().unwrap(), DYNAMIC);
    assert_eq!(decode(DYNAMIC), Ok(expected));
}

#[test]
fn any_changed_character_is_noticed() {
    for text in [STATIC_FULL, STATIC_PHONE, DYNAMIC] {
        for index in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[index] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(decode(&changed).is_err(), "{changed}");
        }
        assert!((0..text.len()).all(|end| decode(&text[..end]).is_err()));
        assert!(decode(&text.to_lowercase()).is_err());
    }
}

#[test]
fn what_the_standard_does_not_allow_is_refused_with_its_field() {
    let refusals = [
        (STATIC_PHONE.replace("5303986", "5303840"), BrCodeError::Field(53)),
        (STATIC_PHONE.replace("5802BR", "5802US"), BrCodeError::Field(58)),
        (STATIC_PHONE.replace("52040000", "5204A000"), BrCodeError::Field(52)),
        (STATIC_PHONE.replace("+55119999988", "+55119999A88"), BrCodeError::Field(26)),
        (STATIC_PHONE.replace("br.gov.bcb.pix", "br.gov.bcb.pox"), BrCodeError::Missing(26)),
        (STATIC_PHONE.replace("000201", "000202"), BrCodeError::Field(0)),
        (STATIC_PHONE.replace("000201", "000201000201"), BrCodeError::Duplicate(0)),
        (STATIC_PHONE.replace("000201", "000201010212"), BrCodeError::Field(1)),
        (STATIC_PHONE.replace("000201", ""), BrCodeError::Missing(0)),
        (STATIC_PHONE.replace("62070503***", ""), BrCodeError::Missing(62)),
        (STATIC_PHONE.replace("62070503***", "62070403***"), BrCodeError::Field(62)),
        (STATIC_PHONE.replace("0503***", "0503a-b"), BrCodeError::Field(62)),
        (STATIC_PHONE.replace("5802BR", "5403.105802BR"), BrCodeError::Field(54)),
        (STATIC_PHONE.replace("5802BR", "54051.2345802BR"), BrCodeError::Field(54)),
        (STATIC_PHONE.replace("5802BR", "54041e105802BR"), BrCodeError::Field(54)),
        (STATIC_PHONE.replace("5802BR", "5404-1.05802BR"), BrCodeError::Field(54)),
        (STATIC_PHONE.replace("5913FULANO DE TAL", "5926FULANO DE TAL FULANO DE TA"), BrCodeError::Field(59)),
        (STATIC_PHONE.replace("6008BRASILIA", "6016BRASILIABRASILIA"), BrCodeError::Field(60)),
        (STATIC_PHONE.replace("6008BRASILIA", "6000"), BrCodeError::Structure),
        (STATIC_PHONE.replace("6008BRASILIA", "60XXBRASILIA"), BrCodeError::Structure),
        (DYNAMIC.replace("0503***", "0503abc"), BrCodeError::Field(62)),
        (DYNAMIC.replace("5406149.90", "54040.00"), BrCodeError::Field(54)),
        (DYNAMIC.replace("pix.example.com/qr", "https://example/qr"), BrCodeError::Field(26)),
    ];
    for (text, error) in refusals {
        assert_eq!(decode(&with_crc(&text)), Err(error), "{text}");
    }
    assert_eq!(decode(&"0".repeat(513)), Err(BrCodeError::TooLong));
    assert_eq!(decode("São Paulo"), Err(BrCodeError::NotAscii));
    assert_eq!(decode(""), Err(BrCodeError::Missing(63)));
}

#[test]
fn the_scheme_is_read_in_any_case_and_other_schemes_are_skipped() {
    let upper = with_crc(&STATIC_PHONE.replace("br.gov.bcb.pix", "BR.GOV.BCB.PIX"));
    assert_eq!(decode(&upper), decode(STATIC_PHONE));
    let others =
        with_crc(&STATIC_PHONE.replace("5204", "2712whatever? no5204").replace("6304", "6404es126304"));
    assert_eq!(decode(&others), decode(STATIC_PHONE));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let name = |name: &str| code(by_key("+5511999998888"), name, "BRASILIA").encode();
    assert_eq!(name("FULANO DE TAL FULANO DE TA"), Err(BrCodeError::Field(59)));
    assert_eq!(name("João"), Err(BrCodeError::Field(59)));
    assert_eq!(name(""), Err(BrCodeError::Field(59)));
    let text = |length: usize| {
        let key = "123e4567-e12b-12d1-a456-426655440000".into();
        let text = Some("x".repeat(length));
        code(Receiver::Static { key, text, withdrawal_ispb: None, txid: None }, "A", "B").encode().map(drop)
    };
    // 18 for the scheme, 40 for the key, 4 before the text: 37 remain of 99.
    assert_eq!((text(37), text(38)), (Ok(()), Err(BrCodeError::Field(26))));
    let mut amount = code(by_key("+5511999998888"), "A", "B");
    amount.amount = Some(Money::new(999_999_999_999, Currency::BRL));
    assert!(amount.encode().unwrap().contains("54139999999999.99"));
    amount.amount = Some(Money::new(1_000_000_000_000, Currency::BRL));
    assert_eq!(amount.encode(), Err(BrCodeError::Field(54)));
    amount.amount = Some(Money::new(100, Currency::ARS));
    assert_eq!(amount.encode(), Err(BrCodeError::Field(54)));
}

#[test]
fn keys_have_five_forms() {
    let keys = [
        "12345678909",
        "12ABC34501DE35",
        "+5511999998888",
        "loja@exemplo.com.br",
        "123e4567-e12b-12d1-a456-426655440000",
    ];
    assert!(keys.iter().all(|key| is_key(key)));
    let others = [
        "",
        "123",
        "12abc34501de35",
        "+0511999998888",
        "Loja@exemplo.com",
        "@x",
        "123E4567-E12B-12D1-A456-426655440000",
    ];
    assert!(!others.iter().any(|key| is_key(key)));
}

#[test]
fn names_lose_their_accents_and_what_is_too_long() {
    assert_eq!(to_ascii("Pão de Açúcar São José dos Campos Ltda", MAX_NAME), "Pao de Acucar Sao Jose do");
    assert_eq!(to_ascii("Ñandú\t\n Peña", MAX_NAME), "Nandu Pena");
    assert_eq!(to_ascii("日本語", MAX_NAME), "");
    assert_eq!(to_ascii("123456789 123456789 12345 x", 20), "123456789 123456789");
}

fn any_code() -> impl Strategy<Value = BrCode> {
    let key =
        prop_oneof!["[0-9]{11}", "[0-9A-Z]{14}", "\\+55[1-9][0-9]{10}", "[a-z0-9.]{1,20}@[a-z]{1,20}\\.com"];
    let fixed = (
        key,
        prop::option::of("[ -~]{1,25}"),
        prop::option::of("[0-9]{8}"),
        prop::option::of("[A-Za-z0-9]{1,25}"),
    )
        .prop_map(|(key, text, withdrawal_ispb, txid)| Receiver::Static {
            key,
            // Of template 26's 99: 18 for the scheme, 4 + 45 for the longest of these keys, 12 for the agent, 4 before this.
            text: text.map(|text| text[..text.len().min(16)].to_owned()),
            withdrawal_ispb,
            txid,
        });
    let asked = ("[a-z]{1,20}\\.com/[a-zA-Z0-9]{1,40}", any::<bool>())
        .prop_map(|(location, pay_once)| Receiver::Dynamic { location, pay_once });
    let parts = (
        prop_oneof![fixed, asked],
        "[0-9]{4}",
        prop::option::of(1i64..999_999_999_999),
        "[ -~]{1,25}",
        "[ -~]{1,15}",
        prop::option::of("[0-9]{8}"),
        prop::option::of("[a-z]{1,20}\\.com/rec/[a-z0-9]{1,30}"),
    );
    parts.prop_map(
        |(receiver, category, minor, merchant_name, merchant_city, postal_code, recurrence_location)| {
            BrCode {
                receiver,
                category,
                amount: minor.map(|minor| Money::new(minor, Currency::BRL)),
                merchant_name,
                merchant_city,
                postal_code,
                recurrence_location,
            }
        },
    )
}

proptest! {
    #[test]
    fn every_code_survives_its_text(code in any_code()) {
        let text = code.encode().unwrap();
        prop_assert!(text.len() <= MAX_LENGTH);
        prop_assert_eq!(decode(&text), Ok(code));
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,600}") {
        let _ = decode(&text);
    }

    #[test]
    fn any_fields_under_a_right_crc_are_read_without_a_panic(fields in prop::collection::vec(("[0-9]{2}", "[ -~]{0,60}"), 0..12)) {
        let body: String = fields.iter().map(|(id, value)| format!("{id}{:02}{value}", value.len())).collect();
        if let Ok(code) = decode(&with_crc(&format!("000201{body}63040000"))) {
            prop_assert!(code.encode().is_ok());
        }
    }

    #[test]
    fn folded_text_is_short_ascii(text in "\\PC{0,60}", max in 1usize..30) {
        let folded = to_ascii(&text, max);
        prop_assert!(folded.len() <= max && folded.bytes().all(|b| (b' '..=b'~').contains(&b)));
        prop_assert_eq!(folded.trim(), &folded);
    }
}
