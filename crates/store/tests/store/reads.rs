//! Accounts, applications, credentials and payers are found by what identifies them.

use crate::world::{SELLER, World, card_token};
use pasarela_domain::identity::{CredentialKind, Mode};
use pasarela_domain::site::Site;
use pasarela_store::{
    AccountRecord, ApplicationRecord, CardTokenRecord, CommitError, CredentialRecord, PayerRecord,
    RecordChange,
};

on_both_stores! {
    an_account_is_found_by_its_id_and_by_its_e_mail_on_its_site,
    applications_are_listed_by_their_owner_and_can_be_sealed_anew,
    a_credential_is_found_by_its_keyed_hash,
    a_payer_is_known_to_one_collector_in_one_mode,
    all_tokens_of_an_account_are_read_in_pages_sealed_or_not,
}

fn account() -> AccountRecord {
    AccountRecord {
        id: SELLER,
        site: Site::MLB,
        email: "ana@example.com".to_owned(),
        body: b"{\"nickname\":\"ANA\"}".to_vec(),
    }
}

fn application(id: i64) -> ApplicationRecord {
    ApplicationRecord { id, account_id: SELLER, sealed_webhook_secret: vec![1, 2, 3], body: b"{}".to_vec() }
}

fn credential(number: u8) -> CredentialRecord {
    CredentialRecord {
        lookup: [number; 32],
        kind: if number.is_multiple_of(2) { CredentialKind::PublicKey } else { CredentialKind::AccessToken },
        account_id: SELLER,
        application_id: 7,
        mode: Mode::Live,
        well_known: number == 1,
    }
}

async fn an_account_is_found_by_its_id_and_by_its_e_mail_on_its_site(world: World) {
    world.commit(vec![RecordChange::InsertAccount(account())]).await.unwrap();
    assert_eq!(world.store.account(SELLER).await.unwrap(), Some(account()));
    assert_eq!(world.store.account(1).await.unwrap(), None);
    assert_eq!(world.store.account_by_email(Site::MLB, "ana@example.com").await.unwrap(), Some(account()));
    assert_eq!(world.store.account_by_email(Site::MLA, "ana@example.com").await.unwrap(), None);
    let same_email = AccountRecord { id: 2, ..account() };
    assert_eq!(
        world.commit(vec![RecordChange::InsertAccount(same_email)]).await,
        Err(CommitError::AlreadyExists("account"))
    );
}

async fn applications_are_listed_by_their_owner_and_can_be_sealed_anew(world: World) {
    for id in [8, 7] {
        world.commit(vec![RecordChange::InsertApplication(application(id))]).await.unwrap();
    }
    assert_eq!(world.store.applications_of(SELLER).await.unwrap(), vec![application(7), application(8)]);
    let sealed_anew = ApplicationRecord { sealed_webhook_secret: vec![9], ..application(7) };
    world.commit(vec![RecordChange::UpdateApplication(sealed_anew.clone())]).await.unwrap();
    assert_eq!(world.store.application(7).await.unwrap(), Some(sealed_anew.clone()));
    assert_eq!(world.store.sealed_applications().await.unwrap(), vec![sealed_anew, application(8)]);
    assert_eq!(
        world.commit(vec![RecordChange::UpdateApplication(application(9))]).await,
        Err(CommitError::VersionConflict)
    );
}

async fn a_credential_is_found_by_its_keyed_hash(world: World) {
    for number in 1..=2 {
        world.commit(vec![RecordChange::InsertCredential(credential(number))]).await.unwrap();
    }
    assert_eq!(world.store.credential(&[1; 32]).await.unwrap(), Some(credential(1)));
    assert_eq!(world.store.credential(&[3; 32]).await.unwrap(), None);
    assert_eq!(world.store.credentials().await.unwrap(), vec![credential(1), credential(2)]);
    let one = credential(1);
    let of = world.store.credentials_of(one.account_id, one.application_id).await.unwrap();
    assert!(of.contains(&one));
    assert!(world.store.credentials_of(one.account_id, one.application_id + 1).await.unwrap().is_empty());
    assert_eq!(
        world.commit(vec![RecordChange::InsertCredential(credential(1))]).await,
        Err(CommitError::AlreadyExists("credential"))
    );
}

async fn a_payer_is_known_to_one_collector_in_one_mode(world: World) {
    let payer = PayerRecord { account_id: SELLER, mode: Mode::Test, email: [5; 32], payer_id: 99 };
    world.commit(vec![RecordChange::InsertPayer(payer.clone())]).await.unwrap();
    assert_eq!(world.store.payer(SELLER, Mode::Test, &[5; 32]).await.unwrap(), Some(payer.clone()));
    assert_eq!(world.store.payer(SELLER, Mode::Live, &[5; 32]).await.unwrap(), None);
    assert_eq!(world.store.payer(SELLER + 1, Mode::Test, &[5; 32]).await.unwrap(), None);
    assert_eq!(
        world.commit(vec![RecordChange::InsertPayer(payer)]).await,
        Err(CommitError::AlreadyExists("payer"))
    );
}

async fn all_tokens_of_an_account_are_read_in_pages_sealed_or_not(world: World) {
    for number in [5, 1, 4, 2, 3] {
        let mut token = card_token(number);
        match number {
            4 => token.account_id = SELLER + 1,
            2 => (token.sealed_number, token.sealed_security_code) = (None, None),
            3 => token.mode = Mode::Live,
            _ => {}
        }
        world.commit(vec![RecordChange::InsertCardToken(token)]).await.unwrap();
    }
    let (mut read, mut after): (Vec<CardTokenRecord>, _) = (Vec::new(), None);
    loop {
        let page = world.store.card_tokens_of(SELLER, after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.lookup);
        read.extend(page);
    }
    read.sort_by_key(|token| token.lookup);
    let numbers: Vec<u8> = read.iter().map(|token| token.lookup[0]).collect();
    assert_eq!(numbers, [1, 2, 3, 5]);
    assert_eq!(read[0], card_token(1));
    assert_eq!((read[1].sealed_number.as_ref(), read[2].mode), (None, Mode::Live));
}
