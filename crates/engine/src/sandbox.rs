//! What a buyer, a bank or time does later, done on demand in test mode: through the same decisions as a real rail's
//! answer.

use crate::payments::Decided;
use crate::{Engine, EngineError, Failure, clock, seeds};
use pasarela_domain::identity::{AccountId, Caller, Mode, PaymentId};
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::payment::lifecycle;
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, RecordChange};
use serde_json::{Value, json};

/// The furthest that a clock is moved at once: ten years.
pub const MAX_ADVANCE_MS: i64 = 3_653 * 24 * 3_600_000;
/// How many timers are read at a time while a clock moves.
const STEP: u32 = 64;

/// Something that others do to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The buyer pays a Pix, a transfer or a ticket.
    Pay,
    /// Time is up.
    Expire,
    /// What is undecided is approved.
    Approve,
    /// What is undecided is declined, with this `status_detail`.
    Reject(Option<String>),
    /// The holder's bank takes the money back.
    ChargeBack,
    /// The chargeback ends; `true`: for the seller.
    CloseChargeback(bool),
    /// The holder goes through the 3-D Secure challenge; `true`: confirms.
    Challenge(bool),
}

impl Engine {
    /// Does `act` to a payment of this caller.
    ///
    /// # Errors
    /// 403 with live credentials; 404 2000; 2018 where the payment can't take it.
    pub async fn act(&self, caller: &Caller, id: PaymentId, act: &Act) -> Result<Vec<u8>, Failure> {
        only_test(caller.mode)?;
        self.act_on(caller.account_id, caller.mode, id, act).await
    }

    /// Does `act` on behalf of whoever was shown the payment's own page (its hash was checked).
    ///
    /// # Errors
    /// As [`Engine::act`].
    pub async fn act_from_page(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
        act: &Act,
    ) -> Result<Vec<u8>, Failure> {
        only_test(mode)?;
        self.act_on(account_id, mode, id, act).await
    }

    async fn act_on(
        &self,
        account_id: AccountId,
        mode: Mode,
        id: PaymentId,
        act: &Act,
    ) -> Result<Vec<u8>, Failure> {
        let available_minor = match act {
            Act::ChargeBack => self.available(account_id, mode).await?,
            _ => 0,
        };
        let decided = self
            .decide(account_id, mode, id, None, |state, context| match act {
                Act::Pay => lifecycle::pay(state, context),
                Act::Expire => Ok(lifecycle::expire(state, context)),
                Act::Approve => lifecycle::approve(state, context),
                Act::Reject(detail) => lifecycle::reject(state, detail.as_deref(), context),
                Act::ChargeBack => lifecycle::open_chargeback(state, available_minor, context),
                Act::CloseChargeback(won) => lifecycle::close_chargeback(state, *won, context),
                Act::Challenge(confirmed) => lifecycle::complete_challenge(state, *confirmed, context),
            })
            .await?;
        match decided {
            Decided::Done { body, .. } => Ok(body),
            Decided::KeyTaken(_) => Err(Failure::Internal("an act has no idempotency key".to_owned())),
        }
    }

    async fn available(&self, account_id: AccountId, mode: Mode) -> Result<i64, Failure> {
        let Some(account) = self.account(account_id).await? else { return Ok(0) };
        let available = LedgerAccount::of(AccountKind::SellerAvailable, account_id);
        Ok((-self.inner.store.balance(mode, account.site.currency(), available).await?).max(0))
    }

    /// The caller's test clock.
    ///
    /// # Errors
    /// 403 with live credentials.
    pub fn test_clock(&self, caller: &Caller) -> Result<Value, Failure> {
        only_test(caller.mode)?;
        Ok(clock_body(self.inner.clock.now(caller.account_id, Mode::Test), 0))
    }

    /// Moves the caller's test clock forward by `by_ms` and does what falls due on the way, in order.
    ///
    /// # Errors
    /// 403 with live credentials; 400 for a time that is not forward, or too far.
    pub async fn advance_clock(&self, caller: &Caller, by_ms: i64) -> Result<Value, Failure> {
        only_test(caller.mode)?;
        if !(0..=MAX_ADVANCE_MS).contains(&by_ms) {
            return Err(Refusal::plain(400, "a clock moves forward, by ten years at most").into());
        }
        self.advance(caller.account_id, by_ms).await
    }

    async fn advance(&self, account_id: AccountId, by_ms: i64) -> Result<Value, Failure> {
        // One clock moves at a time: what falls due is done in order, once.
        let _moving = self.inner.clock_moves.lock().await;
        let offset = self.inner.clock.offset(account_id) + by_ms;
        let target = clock::wall().plus_ms(offset);
        let mut done = 0_u64;
        loop {
            let due = self.inner.store.next_timers(account_id, Mode::Test, target, STEP).await?;
            if due.is_empty() {
                break;
            }
            for timer in &due {
                self.fire(timer, timer.due).await?;
                done += 1;
            }
        }
        let change = RecordChange::SetClock { account_id, offset_ms: offset };
        self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await?;
        self.inner.clock.set(account_id, offset);
        self.inner.delivery_wake.clock_moved();
        self.inner.timer_wake.notify_one();
        Ok(clock_body(clock::wall().plus_ms(offset), done))
    }

    /// Starts every well-known account's test clock at `start`; clocks that are there already only move forward.
    pub(crate) async fn start_test_clocks(&self, start: Timestamp) -> Result<(), EngineError> {
        let other = |error: &dyn std::fmt::Display| EngineError::Other(error.to_string());
        for seller in seeds::sellers() {
            let account_id = seller.account.id;
            let now = self.inner.clock.now(account_id, Mode::Test);
            let known = self.inner.store.clock_offset(account_id).await.map_err(|error| other(&error))?;
            let by_ms = start.0 - now.0;
            if by_ms >= 0 {
                self.advance(account_id, by_ms).await.map_err(|error| other(&error))?;
            } else if known == 0 && self.is_untouched(account_id).await.map_err(|error| other(&error))? {
                let change = RecordChange::SetClock { account_id, offset_ms: by_ms };
                let changes = Changes { records: vec![change], ..Changes::default() };
                self.inner.store.commit(changes).await.map_err(|error| other(&error))?;
                self.inner.clock.set(account_id, by_ms);
            } else {
                return Err(EngineError::Other(format!(
                    "the test clock of {} is at {now} already and clocks only move forward: give a later --clock, \
                     or another --data directory",
                    seller.account.site
                )));
            }
        }
        Ok(())
    }

    /// Whether an account has no test payment whose dates a clock set back would contradict.
    async fn is_untouched(&self, account_id: AccountId) -> Result<bool, Failure> {
        let search = pasarela_store::PaymentSearch::of(account_id, Mode::Test, 1);
        Ok(self.inner.store.search_payments(search).await?.total == 0)
    }
}

fn only_test(mode: Mode) -> Result<(), Refusal> {
    match mode {
        Mode::Test => Ok(()),
        Mode::Live => {
            Err(Refusal::plain(403, "the sandbox acts on test payments alone: use a test credential"))
        }
    }
}

fn clock_body(now: Timestamp, done: u64) -> Value {
    json!({"now": now.to_wire(), "done": done})
}
