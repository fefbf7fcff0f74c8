//! What a SQLite store does when the disk or the machine fails: nothing that was acknowledged is lost, nothing that
//! can't be read is guessed, and every refusal says what to do.
#![cfg(unix)]

use pasarela_domain::identity::Mode;
use pasarela_domain::ledger::{AccountKind, Cause, LedgerAccount, Posting};
use pasarela_domain::money::Currency;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{
    Changes, CommitError, Location, OpenError, PaymentRecord, PaymentSearch, RecordChange, Store,
    StoreOptions,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SELLER: i64 = 1_234_567;
/// 2026-11-21T12:00:00Z.
const NOON: Timestamp = Timestamp(1_795_262_400_000);
const JOURNAL: &str = "pasarela.db-journal-1";

async fn open(directory: &Path) -> Store {
    opened(directory).await.unwrap()
}

async fn refusal(directory: &Path) -> OpenError {
    match opened(directory).await {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal,
    }
}

/// Opens it once nobody holds it: a program that another test starts has the locks of all of this process for a moment.
async fn opened(directory: &Path) -> Result<Store, OpenError> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match Store::open(StoreOptions::new(Location::Directory(directory.to_owned()))).await {
            Err(OpenError::InUse { .. }) if Instant::now() < until => tokio::task::yield_now().await,
            opened => return opened,
        }
    }
}

fn body(id: i64) -> Vec<u8> {
    format!(
        "{{\"id\":{id},\"status\":\"approved\",\"collector_id\":{SELLER},\"description\":\"Un libro de cuentos número {id}\"}}"
    )
    .into_bytes()
}

/// A payment of ten with the posting for it.
fn payment(id: i64) -> Changes {
    let record = PaymentRecord {
        id,
        account_id: SELLER,
        mode: Mode::Test,
        version: 1,
        created: NOON.plus_ms(id),
        updated: NOON.plus_ms(id),
        approved: Some(NOON.plus_ms(id)),
        release: None,
        status: "approved".to_owned(),
        status_detail: "accredited".to_owned(),
        payment_method_id: "pix".to_owned(),
        payment_type_id: "bank_transfer".to_owned(),
        operation_type: "regular_payment".to_owned(),
        payer_id: 77,
        external_reference: Some(format!("order-{id}")),
        store_id: None,
        pos_id: None,
        traces: vec![id, -id],
        body: body(id),
        internals: Vec::new(),
    };
    let posting = Posting::build(SELLER, Currency::BRL, Cause::Payment, id, NOON.plus_ms(id))
        .debit(LedgerAccount::platform(AccountKind::PixReceivable), 1_000)
        .credit(LedgerAccount::of(AccountKind::SellerPending, SELLER), 1_000)
        .finish()
        .unwrap();
    Changes {
        records: vec![RecordChange::InsertPayment(record)],
        postings: vec![(Mode::Test, posting)],
        ..Changes::default()
    }
}

async fn commit(store: &Store, ids: std::ops::RangeInclusive<i64>) {
    for id in ids {
        store.commit(payment(id)).await.unwrap();
    }
}

/// Asserts that payments `1..=last` are stored, each once and whole, and nothing else is.
async fn assert_holds(store: &Store, last: i64) {
    for id in 1..=last {
        let stored = store.payment(SELLER, Mode::Test, id).await.unwrap();
        assert_eq!(stored.map(|payment| payment.body), Some(body(id)), "payment {id}");
    }
    let all = PaymentSearch::of(SELLER, Mode::Test, 1);
    assert_eq!(store.search_payments(all).await.unwrap().total, last.unsigned_abs());
    let pending = LedgerAccount::of(AccountKind::SellerPending, SELLER);
    assert_eq!(store.balance(Mode::Test, Currency::BRL, pending).await.unwrap(), -1_000 * last);
    assert_sound(store).await;
}

async fn assert_sound(store: &Store) {
    assert_eq!(store.prove_ledger().await.unwrap().faults, Vec::<String>::new());
    assert_eq!(store.check_records().await.unwrap().faults, Vec::<String>::new());
}

/// What the machine's disk has after its power failed: the database and its log as they were when the log was synced
/// last, and all of the journal.
struct PowerFailure {
    directory: TempDir,
}

impl PowerFailure {
    /// Payments up to `synced` are in the database's log, those up to `last` in the journal.
    async fn after(synced: i64, last: i64) -> PowerFailure {
        let running = tempfile::tempdir().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = open(running.path()).await;
        // Whoever reads an older state keeps the log from being moved into the database.
        let reader = rusqlite::Connection::open(running.path().join("pasarela.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM payment;").unwrap();
        commit(&store, 1..=synced).await;
        // Whoever reads it waits until the tables have it.
        assert!(store.payment_by_id(synced).await.unwrap().is_some());
        for name in ["pasarela.db-wal", "pasarela.db"] {
            std::fs::copy(running.path().join(name), directory.path().join(name)).unwrap();
        }
        commit(&store, synced + 1..=last).await;
        for entry in std::fs::read_dir(running.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.contains("-journal-") {
                std::fs::copy(&path, directory.path().join(name)).unwrap();
            }
        }
        drop(reader);
        store.close().await;
        PowerFailure { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn journal(&self) -> PathBuf {
        self.path().join(JOURNAL)
    }

    /// The same once more.
    fn copied(&self) -> PowerFailure {
        let directory = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, directory.path().join(path.file_name().unwrap())).unwrap();
        }
        PowerFailure { directory }
    }

    /// Where each record of the journal begins; and the end of the last.
    fn records(&self) -> Vec<usize> {
        let bytes = std::fs::read(self.journal()).unwrap();
        let mut at = 0;
        let mut begins = vec![0];
        while bytes[at..].starts_with(b"PJR1") {
            let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap());
            at += (24 + length as usize).next_multiple_of(8);
            begins.push(at);
        }
        begins
    }

    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.journal()).unwrap();
        change(&mut bytes);
        std::fs::write(self.journal(), bytes).unwrap();
    }
}

#[tokio::test]
async fn what_only_the_journal_has_after_a_power_failure_is_stored_again() {
    let failure = PowerFailure::after(3, 8).await;
    let store = open(failure.path()).await;
    assert_holds(&store, 8).await;
    // It goes on as before, through the next failure too.
    commit(&store, 9..=10).await;
    store.close().await;
    assert!(!failure.journal().exists(), "what is in the database is not kept twice");
    assert_holds(&open(failure.path()).await, 10).await;
}

#[tokio::test]
async fn a_recovery_that_is_cut_off_goes_on_and_applies_nothing_twice() {
    let failure = PowerFailure::after(2, 6).await;
    // The machine fails again when some of it is stored: the journal is as long as before.
    let begins = failure.records();
    let interrupted = failure.copied();
    interrupted.change(|bytes| bytes.truncate(begins[4]));
    open(interrupted.path()).await.close().await;
    std::fs::copy(failure.journal(), interrupted.journal()).unwrap();
    let store = open(interrupted.path()).await;
    assert_holds(&store, 6).await;
    store.close().await;
    // And an old journal beside a database that has all of it.
    std::fs::copy(failure.journal(), interrupted.journal()).unwrap();
    let store = open(interrupted.path()).await;
    assert_holds(&store, 6).await;
    commit(&store, 7..=7).await;
    store.close().await;
    assert_holds(&open(interrupted.path()).await, 7).await;
}

#[tokio::test]
async fn a_journal_that_ends_anywhere_in_its_last_record_ends_before_it() {
    let failure = PowerFailure::after(1, 3).await;
    let begins = failure.records();
    let [.., last, end] = begins.as_slice() else { panic!("too few records") };
    // Every offset is tried on the file alone, in the unit tests.
    for at in (*last..*end - 8).step_by(37) {
        for zeros_follow in [false, true] {
            let torn = failure.copied();
            torn.change(|bytes| {
                let length = bytes.len();
                bytes.truncate(at);
                bytes.resize(if zeros_follow { length } else { at }, 0);
            });
            let store = open(torn.path()).await;
            assert_holds(&store, 2).await;
            commit(&store, 3..=3).await;
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_changed_byte_before_acknowledged_changes_is_an_error_that_names_the_file() {
    let failure = PowerFailure::after(1, 4).await;
    let begins = failure.records();
    // The second record is payment 2, and not in the database.
    for at in [begins[1], begins[1] + 5, begins[1] + 9, begins[1] + 20, begins[2] - 30] {
        let damaged = failure.copied();
        damaged.change(|bytes| bytes[at] ^= 1);
        let refused = refusal(damaged.path()).await.to_string();
        assert!(refused.contains(JOURNAL) && refused.contains("damaged"), "{refused}");
        assert!(damaged.journal().exists(), "it is left as it is");
        // As the text says: without the journal, what the database has can be used.
        std::fs::remove_file(damaged.journal()).unwrap();
        assert_holds(&open(damaged.path()).await, 1).await;
    }
    // In the part that the database has, it does not matter.
    let harmless = failure.copied();
    harmless.change(|bytes| bytes[begins[1] - 30] ^= 1);
    let refused = refusal(harmless.path()).await.to_string();
    assert!(refused.contains(JOURNAL), "records that follow a damaged one are not trusted: {refused}");
}

#[tokio::test]
async fn a_journal_whose_beginning_is_gone_is_an_error_and_not_a_gap() {
    let failure = PowerFailure::after(1, 5).await;
    let begins = failure.records();
    failure.change(|bytes| {
        bytes.drain(..begins[3]);
    });
    let refused = refusal(failure.path()).await.to_string();
    assert!(refused.contains("pasarela.db-journal") && refused.contains("backup"), "{refused}");
}

#[tokio::test]
async fn a_store_that_was_killed_is_whole_for_whoever_looks() {
    let failure = PowerFailure::after(4, 4).await;
    let looking = Store::open(StoreOptions::read_only(failure.path().to_owned())).await.unwrap();
    assert_holds(&looking, 4).await;
    assert!(failure.journal().exists(), "looking changes nothing");
    looking.close().await;
    assert_holds(&open(failure.path()).await, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_looks_beside_a_busy_server_finds_a_whole_store_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    commit(&store, 1..=1).await;
    let writing = store.clone();
    let writer = tokio::spawn(async move { commit(&writing, 2..=300).await });
    while !writer.is_finished() {
        let looking = Store::open(StoreOptions::read_only(directory.path().to_owned())).await.unwrap();
        assert!(looking.payment_by_id(1).await.unwrap().is_some());
        looking.close().await;
    }
    writer.await.unwrap();
    assert_holds(&store, 300).await;
}

#[tokio::test]
async fn whoever_only_looks_after_a_power_failure_is_told_to_start_the_server_first() {
    let failure = PowerFailure::after(2, 4).await;
    let refused = match Store::open(StoreOptions::read_only(failure.path().to_owned())).await {
        Ok(_) => panic!("two acknowledged payments are missing"),
        Err(refused) => refused.to_string(),
    };
    assert!(refused.contains("Start the server"), "{refused}");
    open(failure.path()).await.close().await;
    let looking = Store::open(StoreOptions::read_only(failure.path().to_owned())).await.unwrap();
    assert_holds(&looking, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_payments_are_made_is_a_whole_store_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    commit(&store, 1..=20).await;
    let (writing, copy) = (store.clone(), directory.path().join("copy"));
    let writer = tokio::spawn(async move { commit(&writing, 21..=60).await });
    std::fs::create_dir(&copy).unwrap();
    store.backup(&copy.join("pasarela.db"), |_, _| {}).await.unwrap();
    writer.await.unwrap();

    let restored = open(&copy).await;
    let held = restored.search_payments(PaymentSearch::of(SELLER, Mode::Test, 1)).await.unwrap().total as i64;
    assert!((20..=60).contains(&held), "{held}");
    assert_holds(&restored, held).await;
    restored.close().await;

    // The original's journal is not added to the copy that takes its place.
    let journal = std::fs::read(directory.path().join(JOURNAL)).unwrap();
    std::fs::write(copy.join(JOURNAL), journal).unwrap();
    assert_holds(&open(&copy).await, held).await;
    assert_holds(&store, 60).await;
}

#[tokio::test]
async fn a_torn_last_page_of_the_log_ends_it_before_and_the_journal_has_the_rest() {
    let failure = PowerFailure::after(6, 6).await;
    let log = failure.path().join("pasarela.db-wal");
    let whole = std::fs::read(&log).unwrap();
    for lost in [1, 100, 4_095, 4_096, 5_000, 40_000] {
        let torn = failure.copied();
        let log = torn.path().join("pasarela.db-wal");
        let kept = whole.len() - lost;
        let mut bytes = whole[..kept].to_vec();
        std::fs::write(&log, &bytes).unwrap();
        assert_holds(&open(torn.path()).await, 6).await;
        // The same with rubbish where the page was to be.
        let torn = failure.copied();
        bytes.resize(whole.len(), 0xa5);
        std::fs::write(torn.path().join("pasarela.db-wal"), &bytes).unwrap();
        assert_holds(&open(torn.path()).await, 6).await;
    }
}

#[tokio::test]
async fn a_changed_byte_in_a_body_is_an_error_that_names_the_payment_and_never_another_answer() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    commit(&store, 1..=3).await;
    store.close().await;
    let database = rusqlite::Connection::open(directory.path().join("pasarela.db")).unwrap();
    let content: Vec<u8> =
        database.query_row("SELECT content FROM payment WHERE id = 2", [], |row| row.get(0)).unwrap();
    for at in 0..content.len() {
        let mut damaged = content.clone();
        damaged[at] ^= 0x10;
        database.execute("UPDATE payment SET content = ?1 WHERE id = 2", [&damaged]).unwrap();
        let looking = Store::open(StoreOptions::read_only(directory.path().to_owned())).await.unwrap();
        let error = looking.payment(SELLER, Mode::Test, 2).await.unwrap_err().to_string();
        assert!(error.contains("payment 2"), "byte {at}: {error}");
        let error = looking.search_payments(PaymentSearch::of(SELLER, Mode::Test, 10)).await.unwrap_err();
        assert!(error.to_string().contains("payment 2"), "byte {at}: {error}");
        // The others are read.
        let whole = looking.payment(SELLER, Mode::Test, 3).await.unwrap().unwrap();
        assert_eq!(whole.body, body(3));
        if at % 16 == 0 {
            let faults = looking.check_records().await.unwrap().faults;
            assert!(faults.iter().any(|fault| fault.contains("payment 2")), "byte {at}: {faults:?}");
        }
        looking.close().await;
    }
}

/// A file system of its own; `None` where this user may not mount one.
struct Disk {
    mounted_at: TempDir,
}

impl Disk {
    fn of_kilobytes(size: u32) -> Option<Disk> {
        let mounted_at = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}k"), "tmpfs"])
            .arg(mounted_at.path())
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("skipped: a file system can't be mounted by this user");
        }
        mounted.then_some(Disk { mounted_at })
    }

    fn remount(&self, how: &str) {
        let path = self.mounted_at.path();
        let status =
            Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(path).status().unwrap();
        assert!(status.success());
    }

    fn data(&self) -> PathBuf {
        self.mounted_at.path().join("data")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.mounted_at.path()).status();
    }
}

/// Commits payments after `last` until twenty in a row are refused; the last that was acknowledged.
async fn commit_until_full(store: &Store, mut last: i64) -> i64 {
    let mut refused = 0;
    while refused < 20 {
        match store.commit(payment(last + 1)).await {
            Ok(()) => (last, refused) = (last + 1, 0),
            Err(cause) => {
                assert_eq!(cause, CommitError::DiskFull);
                refused += 1;
            }
        }
        assert!(last < 20_000, "the disk was never full");
    }
    last
}

#[tokio::test]
async fn a_disk_that_fills_up_refuses_and_loses_nothing_and_goes_on_when_there_is_room() {
    // Sizes at which different files are the one that finds no room.
    for size in [1_500, 1_700, 2_000, 2_600] {
        let Some(disk) = Disk::of_kilobytes(size) else { return };
        let ballast = disk.mounted_at.path().join("ballast");
        std::fs::write(&ballast, vec![1; 400_000]).unwrap();
        let store = open(&disk.data()).await;
        let last = commit_until_full(&store, 0).await;
        assert!(last > 0);
        // What was acknowledged is there while the disk is full, and for whoever opens it next.
        assert_eq!(store.payment_by_id(last).await.unwrap().unwrap().body, body(last));
        std::fs::remove_file(&ballast).unwrap();
        commit(&store, last + 1..=last + 3).await;
        store.close().await;
        let store = open(&disk.data()).await;
        assert_holds(&store, last + 3).await;
        store.close().await;
    }
}

/// Commits payments by many clients at once until each was refused a few times; those that were acknowledged.
async fn many_commit_until_full(store: &Store) -> Vec<i64> {
    let clients = (1..=48).map(|client| {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut acknowledged, mut refused) = (Vec::new(), 0);
            for id in client * 1_000.. {
                match store.commit(payment(id)).await {
                    Ok(()) => acknowledged.push(id),
                    Err(cause) => {
                        assert_eq!(cause, CommitError::DiskFull);
                        refused += 1;
                    }
                }
                if refused == 5 {
                    break;
                }
            }
            acknowledged
        })
    });
    futures_util::future::join_all(clients).await.into_iter().flat_map(|client| client.unwrap()).collect()
}

/// Asserts that these payments are stored, each once and whole, and nothing else is.
async fn assert_holds_all(store: &Store, acknowledged: &[i64]) {
    for &id in acknowledged {
        let stored = store.payment(SELLER, Mode::Test, id).await.unwrap();
        assert_eq!(stored.map(|payment| payment.body), Some(body(id)), "payment {id}");
    }
    let all = PaymentSearch::of(SELLER, Mode::Test, 1);
    assert_eq!(store.search_payments(all).await.unwrap().total as usize, acknowledged.len());
    assert_sound(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_under_many_clients_keeps_what_each_was_told_and_no_more() {
    for size in [1_900, 2_400, 3_300, 4_700] {
        let Some(disk) = Disk::of_kilobytes(size) else { return };
        let ballast = disk.mounted_at.path().join("ballast");
        std::fs::write(&ballast, vec![1; 400_000]).unwrap();
        let store = open(&disk.data()).await;
        let mut acknowledged = many_commit_until_full(&store).await;
        assert!(!acknowledged.is_empty());
        assert_holds_all(&store, &acknowledged).await;
        std::fs::remove_file(&ballast).unwrap();
        store.commit(payment(1)).await.unwrap();
        acknowledged.push(1);
        store.close().await;
        assert_holds_all(&open(&disk.data()).await, &acknowledged).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_journal_does_not_take_is_refused_and_undone_with_all_that_may_rest_on_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    // The journal's file is made with its first record, and can't be where something else has its name.
    let in_its_place = directory.path().join("pasarela.db-journal-1");
    std::fs::create_dir(&in_its_place).unwrap();
    let clients = (1..=64).map(|id| {
        let store = store.clone();
        tokio::spawn(async move { store.commit(payment(id)).await })
    });
    for outcome in futures_util::future::join_all(clients).await {
        let refusal = outcome.unwrap().unwrap_err();
        assert!(matches!(&refusal, CommitError::Failed(cause) if cause.contains("the journal")), "{refusal}");
    }
    assert_holds(&store, 0).await;
    std::fs::remove_dir(&in_its_place).unwrap();
    commit(&store, 1..=3).await;
    assert_holds(&store, 3).await;
    store.close().await;
    assert_holds(&open(directory.path()).await, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_finds_room_in_the_reserve_when_the_disk_fills_up_before_its_pages_are_written()
{
    // The disk may be full at a moment when all pages are written; then the reserve is not needed.
    for _ in 0..20 {
        match fill_up_while_payments_come_in().await {
            Some(true) | None => return,
            Some(false) => {}
        }
    }
    panic!("the reserve was never needed");
}

/// Whether the reserve was needed; `None` where no disk can be made.
async fn fill_up_while_payments_come_in() -> Option<bool> {
    let disk = Disk::of_kilobytes(48_000)?;
    let store = open(&disk.data()).await;
    let reserve = disk.data().join("pasarela.db-reserve");
    assert!(reserve.exists(), "there is room for it");
    commit(&store, 1..=20).await;
    // Somebody else takes all that is left while payments come in.
    let (writing, ballast) = (store.clone(), disk.mounted_at.path().join("ballast"));
    let filling = std::thread::spawn(move || {
        std::io::copy(&mut std::io::repeat(1), &mut std::fs::File::create(&ballast).unwrap()).unwrap_err();
        ballast
    });
    let last = commit_until_full(&writing, 20).await;
    let ballast = filling.join().unwrap();
    let was_needed = !reserve.exists();
    assert_holds(&store, last).await;
    std::fs::remove_file(&ballast).unwrap();
    commit(&store, last + 1..=last + 3).await;
    store.close().await;
    assert!(!reserve.exists(), "it is not left behind");
    assert_holds(&open(&disk.data()).await, last + 3).await;
    Some(was_needed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_finds_what_was_acknowledged_a_moment_ago() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let clients = (0..16).map(|client| {
        let store = store.clone();
        tokio::spawn(async move {
            for id in (1..=40).map(|turn| client * 1_000 + turn) {
                store.commit(payment(id)).await.unwrap();
                match id % 3 {
                    0 => assert_eq!(store.payment_by_id(id).await.unwrap().unwrap().body, body(id)),
                    1 => assert_eq!(store.postings_of(SELLER, Mode::Test, id).await.unwrap().len(), 1),
                    _ => {
                        let search = PaymentSearch {
                            external_reference: Some(format!("order-{id}")),
                            ..PaymentSearch::of(SELLER, Mode::Test, 1)
                        };
                        assert_eq!(store.search_payments(search).await.unwrap().total, 1);
                    }
                }
            }
        })
    });
    futures_util::future::join_all(clients).await.into_iter().for_each(|client| client.unwrap());
    assert_sound(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_after_something_was_written_takes_nothing_with_it_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let clients = (0..8).map(|client| {
        let store = store.clone();
        tokio::spawn(async move {
            for id in (1..=30).map(|turn| client * 1_000 + turn) {
                store.commit(payment(id)).await.unwrap();
                // The new payment comes first, then the one that is there.
                let mut twice = payment(id + 500);
                twice.records.extend(payment(id).records);
                assert_eq!(store.commit(twice).await.unwrap_err(), CommitError::AlreadyExists("payment"));
            }
        })
    });
    futures_util::future::join_all(clients).await.into_iter().for_each(|client| client.unwrap());
    let all = PaymentSearch::of(SELLER, Mode::Test, 1);
    assert_eq!(store.search_payments(all.clone()).await.unwrap().total, 240);
    assert_sound(&store).await;
    store.close().await;
    let store = open(directory.path()).await;
    assert_eq!(store.search_payments(all).await.unwrap().total, 240);
}

#[tokio::test]
async fn a_disk_that_turns_read_only_refuses_and_goes_on_when_it_can_be_written_again() {
    let Some(disk) = Disk::of_kilobytes(8_000) else { return };
    let store = open(&disk.data()).await;
    commit(&store, 1..=2).await;
    store.close().await;
    disk.remount("ro");
    let refused = refusal(&disk.data()).await;
    assert!(matches!(refused, OpenError::Directory { .. }), "{refused}");
    assert!(refused.to_string().contains("written"), "{refused}");
    disk.remount("rw");
    let store = open(&disk.data()).await;
    commit(&store, 3..=3).await;
    assert_holds(&store, 3).await;
    store.close().await;
}
