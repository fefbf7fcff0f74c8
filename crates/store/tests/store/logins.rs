//! Logins and sessions: one of each name, versions, and ends.

use crate::world::{NOON, World};
use pasarela_domain::site::Site;
use pasarela_store::{
    AccountRecord, CommitError, LoginChange, LoginRecord, Lookup, RecordChange, SessionRecord,
};

on_both_stores! {
    a_login_is_found_by_its_account_and_by_either_name,
    no_two_logins_share_a_name,
    an_update_of_a_login_needs_the_version_that_was_read,
    a_session_starts_under_the_login_that_was_read,
    sessions_end_one_by_one_and_all_at_once,
    expired_sessions_are_found_oldest_first,
    of_many_who_change_a_login_at_once_one_is_first,
}

pub fn account(id: i64) -> RecordChange {
    RecordChange::InsertAccount(AccountRecord {
        id,
        site: Site::MLB,
        email: format!("{id}@testuser.com"),
        body: b"{}".to_vec(),
    })
}

pub fn login(id: i64, nickname: u8, email: u8) -> LoginRecord {
    LoginRecord {
        account_id: id,
        version: 1,
        nickname: [nickname; 32],
        email: [email; 32],
        body: br#"{"password_hash":"x"}"#.to_vec(),
    }
}

pub fn session(id: i64, lookup: u8, expires_ms: i64) -> SessionRecord {
    SessionRecord {
        account_id: id,
        lookup: [lookup; 32],
        started: NOON.plus_ms(i64::from(lookup)),
        seen: NOON,
        expires: NOON.plus_ms(expires_ms),
        body: br#"{"scope":"wallet"}"#.to_vec(),
    }
}

pub fn start(session: SessionRecord) -> RecordChange {
    RecordChange::Login(LoginChange::Start { session, login_version: 1 })
}

pub fn insert(login: LoginRecord) -> RecordChange {
    RecordChange::Login(LoginChange::Insert(login))
}

fn update(login: LoginRecord) -> RecordChange {
    RecordChange::Login(LoginChange::Update(login))
}

async fn of(world: &World, id: i64) -> Vec<Lookup> {
    world.store.sessions_of(id).await.unwrap().iter().map(|session| session.lookup).collect()
}

async fn a_login_is_found_by_its_account_and_by_either_name(world: World) {
    world.commit(vec![account(7), insert(login(7, 1, 2))]).await.unwrap();
    let world = world.reopened().await;
    assert_eq!(world.store.login(7).await.unwrap(), Some(login(7, 1, 2)));
    assert_eq!(world.store.login(8).await.unwrap(), None);
    for name in [1, 2] {
        assert_eq!(world.store.login_by_name(&[name; 32]).await.unwrap(), Some(login(7, 1, 2)));
    }
    assert_eq!(world.store.login_by_name(&[3; 32]).await.unwrap(), None);
    world.assert_sound().await;
}

async fn no_two_logins_share_a_name(world: World) {
    world.commit(vec![account(7), account(8), insert(login(7, 1, 2))]).await.unwrap();
    for taken in [login(7, 3, 4), login(8, 1, 4), login(8, 3, 2)] {
        assert_eq!(world.commit(vec![insert(taken)]).await, Err(CommitError::AlreadyExists("login")));
    }
    world.commit(vec![insert(login(8, 3, 4))]).await.unwrap();
    let taken = world.commit(vec![update(login(8, 1, 4))]).await;
    assert_eq!(taken, Err(CommitError::AlreadyExists("login")));
    world.assert_sound().await;
}

async fn an_update_of_a_login_needs_the_version_that_was_read(world: World) {
    world.commit(vec![account(7), insert(login(7, 1, 2))]).await.unwrap();
    let changed = LoginRecord { body: br#"{"password_hash":"y"}"#.to_vec(), ..login(7, 1, 9) };
    world.commit(vec![update(changed.clone())]).await.unwrap();
    let expected = LoginRecord { version: 2, ..changed.clone() };
    assert_eq!(world.store.login_by_name(&[9; 32]).await.unwrap(), Some(expected));
    assert_eq!(world.store.login_by_name(&[2; 32]).await.unwrap(), None, "a name that was given up");
    assert_eq!(world.commit(vec![update(changed)]).await, Err(CommitError::VersionConflict));
    assert_eq!(world.commit(vec![update(login(8, 5, 6))]).await, Err(CommitError::VersionConflict));
    world.assert_sound().await;
}

async fn a_session_starts_under_the_login_that_was_read(world: World) {
    world.commit(vec![account(7), insert(login(7, 1, 2)), start(session(7, 5, 1_000))]).await.unwrap();
    let found = world.store.session(7, &[5; 32]).await.unwrap();
    assert_eq!(found, Some(session(7, 5, 1_000)));
    assert_eq!(world.store.session(8, &[5; 32]).await.unwrap(), None);
    let again = world.commit(vec![start(session(7, 5, 1_000))]).await;
    assert_eq!(again, Err(CommitError::AlreadyExists("session")));
    let nobodys = world.commit(vec![start(session(8, 6, 1_000))]).await;
    assert_eq!(nobodys, Err(CommitError::VersionConflict));
    world.commit(vec![update(login(7, 1, 2))]).await.unwrap();
    let late = world.commit(vec![start(session(7, 6, 1_000))]).await;
    assert_eq!(late, Err(CommitError::VersionConflict), "the password was another then");
    world.assert_sound().await;
}

async fn sessions_end_one_by_one_and_all_at_once(world: World) {
    let end = |lookup| RecordChange::Login(LoginChange::End { account_id: 7, lookup: [lookup; 32] });
    let renew = |session| RecordChange::Login(LoginChange::Renew(session));
    let all = RecordChange::Login(LoginChange::EndAll { account_id: 7 });
    let started = (1..=4).map(|lookup| start(session(7, lookup, 1_000)));
    let mut records = vec![account(7), account(8), insert(login(7, 1, 2)), insert(login(8, 3, 4))];
    records.extend(started);
    records.push(start(session(8, 9, 1_000)));
    world.commit(records).await.unwrap();
    let renewed = SessionRecord { seen: NOON.plus_ms(9), ..session(7, 2, 2_000) };
    world.commit(vec![renew(renewed.clone()), end(1)]).await.unwrap();
    assert_eq!(world.store.session(7, &[2; 32]).await.unwrap(), Some(renewed.clone()));
    assert_eq!(of(&world, 7).await, [[2; 32], [3; 32], [4; 32]]);
    world.commit(vec![end(1)]).await.unwrap();
    assert_eq!(world.commit(vec![renew(session(7, 1, 9))]).await, Err(CommitError::VersionConflict));
    world.commit(vec![update(login(7, 1, 2)), all]).await.unwrap();
    assert_eq!(of(&world, 7).await, [[0; 32]; 0]);
    assert_eq!(of(&world, 8).await, [[9; 32]], "another's are not concerned");
    assert_eq!(world.commit(vec![renew(renewed)]).await, Err(CommitError::VersionConflict));
    let world = world.reopened().await;
    assert_eq!(of(&world, 8).await, [[9; 32]]);
    world.assert_sound().await;
}

async fn expired_sessions_are_found_oldest_first(world: World) {
    let mut records = vec![account(7), insert(login(7, 1, 2))];
    records.extend([(1, 30), (2, 10), (3, 20), (4, 40)].map(|(lookup, at)| start(session(7, lookup, at))));
    world.commit(records).await.unwrap();
    let expired = |at, limit| {
        let store = world.store.clone();
        async move { store.expired_sessions(NOON.plus_ms(at), limit).await.unwrap() }
    };
    assert_eq!(expired(30, 9).await, [(7, [2; 32]), (7, [3; 32]), (7, [1; 32])]);
    assert_eq!(expired(30, 1).await, [(7, [2; 32])]);
    assert_eq!(expired(9, 9).await, []);
}

async fn of_many_who_change_a_login_at_once_one_is_first(world: World) {
    world.commit(vec![account(7), insert(login(7, 1, 2))]).await.unwrap();
    let changes: Vec<_> = (0..8)
        .map(|_| {
            let store = world.store.clone();
            let records = vec![update(login(7, 1, 2))];
            tokio::spawn(async move {
                store.commit(pasarela_store::Changes { records, ..Default::default() }).await
            })
        })
        .collect();
    let mut done = 0;
    for change in changes {
        match change.await.unwrap() {
            Ok(()) => done += 1,
            Err(error) => assert_eq!(error, CommitError::VersionConflict),
        }
    }
    assert_eq!(done, 1);
}
