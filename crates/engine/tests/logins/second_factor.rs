//! The second factor through the engine, in a time that the test tells.

use crate::{NOON, WALLET, World, buyer, buyer_id};
use pasarela_domain::second_factor::{MOST_WRONG, TICKET_LIFE_MS, WINDOW_MS};
use pasarela_engine::Failure;
use pasarela_engine::audit::Actor;
use pasarela_engine::logins::Checked;
use ring::hmac;
use std::sync::atomic::Ordering;

/// What an app shows that was given this key (RFC 6238).
fn code_of(key: &str, at_ms: i64) -> String {
    let (mut bits, mut count, mut secret) = (0_u64, 0, Vec::new());
    for letter in key.bytes() {
        let five = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
        (bits, count) = ((bits << 5 | u64::from(five)) & 0xffff, count + 5);
        if count >= 8 {
            count -= 8;
            secret.push((bits >> count & 0xff) as u8);
        }
    }
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret),
        &(at_ms / 30_000).to_be_bytes(),
    );
    let tag = tag.as_ref();
    let from = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[from..from + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn actor() -> Actor {
    Actor::operator("test")
}

fn refused(answer: Result<(), Failure>) -> (u16, &'static str) {
    match answer {
        Err(Failure::Refused(refusal)) => (refusal.status, refusal.error),
        other => panic!("{other:?}"),
    }
}

/// Enrols the buyer; the key, and the codes that were written down.
async fn enrol(world: &World) -> (String, Vec<String>) {
    let engine = &world.engine;
    engine.begin_second_factor(buyer_id(), &buyer().1).await.unwrap();
    let enrolling = engine.enrolling(buyer_id()).await.unwrap().unwrap();
    assert!(
        enrolling.address.contains(&enrolling.secret) && enrolling.address.starts_with("otpauth://totp/")
    );
    let codes =
        engine.confirm_second_factor(buyer_id(), &code_of(&enrolling.secret, NOON), &actor()).await.unwrap();
    (enrolling.secret, codes)
}

#[tokio::test]
async fn it_is_demanded_once_a_code_was_said_and_ends_the_sessions_before_it() {
    let world = World::new().await;
    let engine = &world.engine;
    let token = world.log_in().await;
    assert_eq!(refused(engine.begin_second_factor(buyer_id(), "wrong").await), (400, "invalid_password"));
    engine.begin_second_factor(buyer_id(), &buyer().1).await.unwrap();
    let wrong = engine.confirm_second_factor(buyer_id(), "000000", &actor()).await.map(drop);
    assert_eq!(refused(wrong), (400, "invalid_code"));
    assert!(world.is_open(&token).await, "nothing is demanded yet");
    engine.check_second_factor(buyer_id(), "").await.unwrap();

    let (key, codes) = enrol(&world).await;
    assert_eq!(codes.len(), 10);
    assert!(!world.is_open(&token).await);
    assert!(engine.enrolling(buyer_id()).await.unwrap().is_none(), "the key is shown no more");
    assert_eq!(refused(engine.begin_second_factor(buyer_id(), &buyer().1).await), (400, "second_factor_on"));
    let (name, password) = buyer();
    let without = engine.log_in(&name, (&password, ""), WALLET).await.map(drop);
    assert_eq!(refused(without), (401, "second_factor_required"));
    assert!(matches!(engine.log_in(&name, ("wrong", "000000"), WALLET).await.unwrap(), Checked::Wrong));
    world.pass(30_000);
    let code = code_of(&key, NOON + 30_000);
    let with = engine.log_in(&name, (&password, &format!(" {} {} ", &code[..3], &code[3..])), WALLET).await;
    assert!(matches!(with.unwrap(), Checked::Right(_)));
}

#[tokio::test]
async fn a_code_is_taken_once_also_of_two_at_once() {
    let world = World::new().await;
    let (key, codes) = enrol(&world).await;
    let engine = &world.engine;
    let again = engine.check_second_factor(buyer_id(), &code_of(&key, NOON)).await;
    assert_eq!(refused(again), (400, "invalid_code"), "it was said when it was enrolled");
    let next = code_of(&key, NOON + 30_000);
    let (one, other) = tokio::join!(
        engine.check_second_factor(buyer_id(), &next),
        engine.check_second_factor(buyer_id(), &next)
    );
    assert_ne!(one.is_ok(), other.is_ok());
    for code in &codes[..2] {
        engine.check_second_factor(buyer_id(), &code.to_uppercase()).await.unwrap();
        assert_eq!(refused(engine.check_second_factor(buyer_id(), code).await), (400, "invalid_code"));
    }
    assert_eq!(engine.recovery_codes_left(buyer_id()).await.unwrap(), 8);
    let plain: Vec<String> = codes.iter().map(|code| code.replace('-', "")).collect();
    let entry =
        world.store.account_entry(buyer_id(), pasarela_store::EntryKind::SecondFactor, "").await.unwrap();
    let stored = String::from_utf8(entry.unwrap().body).unwrap();
    assert!(!stored.contains(&key) && !plain.iter().any(|code| stored.contains(code.as_str())), "{stored}");
}

#[tokio::test]
async fn guesses_are_bounded() {
    let world = World::new().await;
    let (_, codes) = enrol(&world).await;
    let engine = &world.engine;
    for _ in 1..MOST_WRONG {
        assert_eq!(refused(engine.check_second_factor(buyer_id(), "111111").await), (400, "invalid_code"));
    }
    assert_eq!(refused(engine.check_second_factor(buyer_id(), "111111").await), (429, "too_many_codes"));
    assert_eq!(refused(engine.check_second_factor(buyer_id(), &codes[0]).await), (429, "too_many_codes"));
    world.pass(WINDOW_MS);
    engine.check_second_factor(buyer_id(), &codes[0]).await.unwrap();
}

#[tokio::test]
async fn a_ticket_is_one_browsers_and_lives_five_minutes_and_until_the_password_changes() {
    let world = World::new().await;
    let (_, codes) = enrol(&world).await;
    let engine = &world.engine;
    let login = engine.login_of(buyer_id()).await.unwrap().unwrap();
    let ticket = engine.login_ticket("browser", &login);
    for (secret, ticket) in
        [("other", ticket.as_str()), ("browser", ""), ("browser", &ticket.replace('.', ".1")), ("", &ticket)]
    {
        assert!(engine.second_step(secret, ticket, &codes[0]).await.unwrap().is_none(), "{secret} {ticket}");
    }
    assert!(engine.second_step("browser", &ticket, &codes[0]).await.unwrap().is_some());
    world.time.fetch_add(TICKET_LIFE_MS, Ordering::Relaxed);
    assert!(engine.second_step("browser", &ticket, &codes[1]).await.unwrap().is_none());
    let ticket = engine.login_ticket("browser", &login);
    engine.change_password(&login, "another password", &[], &actor()).await.unwrap();
    assert!(engine.second_step("browser", &ticket, &codes[1]).await.unwrap().is_none());
}

#[tokio::test]
async fn it_goes_with_password_and_code_or_by_an_operator_and_is_sealed_anew() {
    let world = World::new().await;
    let (key, codes) = enrol(&world).await;
    let (engine, password) = (&world.engine, buyer().1);
    let remove = async |password: &str, code: &str| {
        engine.remove_second_factor(buyer_id(), (password, code), &actor()).await
    };
    assert_eq!(refused(remove("wrong", &codes[0]).await), (400, "invalid_password"));
    assert_eq!(refused(remove(&password, "111111").await), (400, "invalid_code"));
    assert_eq!(refused(remove(&password, "").await), (401, "second_factor_required"));
    remove(&password, &codes[0]).await.unwrap();
    engine.check_second_factor(buyer_id(), "").await.unwrap();
    drop(key);

    let (key, _) = enrol(&world).await;
    engine.rotate_vault(|_| {}).await.unwrap();
    engine.check_second_factor(buyer_id(), &code_of(&key, NOON + 30_000)).await.unwrap();
    let account = &pasarela_engine::seeds::buyers()[0].account;
    engine.reset_second_factor(account.site, &account.email, &actor()).await.unwrap();
    engine.check_second_factor(buyer_id(), "").await.unwrap();
    let log = engine.audit_log(buyer_id(), None, 10).await.unwrap().results;
    let acts: Vec<&str> = log.iter().map(|act| act.act.as_str()).collect();
    for act in [
        "second_factor.enabled",
        "second_factor.disabled",
        "second_factor.reset",
        "second_factor.recovery_code_used",
    ] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }
}
