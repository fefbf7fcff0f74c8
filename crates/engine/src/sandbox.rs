//! What a buyer, a bank or time does later, done on demand in test mode: through the same decisions as a real rail's
//! answer.

use crate::payments::{Decided, MAX_ROUNDS, state_of};
use crate::{Engine, EngineError, Failure, seeds};
use pasarela_domain::identity::{AccountId, Caller, Mode, PaymentId};
use pasarela_domain::ledger::{AccountKind, LedgerAccount};
use pasarela_domain::payment::{Standing, lifecycle};
use pasarela_domain::refusal::Refusal;
use pasarela_domain::timestamp::Timestamp;
use pasarela_store::{Changes, CommitError, RecordChange};
use serde_json::{Value, json};

/// The furthest that a clock is moved at once: ten years.
pub const MAX_ADVANCE_MS: i64 = 3_653 * 24 * 3_600_000;
/// The furthest that a clock goes, 2150-01-01: dates of payments made then are still dates that are read back.
const LATEST: Timestamp = Timestamp(5_680_281_600_000);
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
        for _ in 0..MAX_ROUNDS {
            let standing = match act {
                Act::ChargeBack | Act::CloseChargeback(_) => self.standing(account_id, mode, id).await?,
                _ => Standing::default(),
            };
            let decided = self
                .decide(account_id, mode, id, None, |state, context| match act {
                    Act::Pay => lifecycle::pay(state, context),
                    Act::Expire => lifecycle::expire(state, context),
                    Act::Approve => lifecycle::approve(state, context),
                    Act::Reject(detail) => lifecycle::reject(state, detail.as_deref(), context),
                    Act::ChargeBack => lifecycle::open_chargeback(state, &standing, context),
                    Act::CloseChargeback(won) => lifecycle::close_chargeback(state, *won, &standing, context),
                    Act::Challenge(confirmed) => lifecycle::complete_challenge(state, *confirmed, context),
                })
                .await?;
            match decided {
                Decided::Done { body, .. } => return Ok(body),
                // A chargeback is not refused for want of money: who has less now than was read owes more.
                Decided::Overdrawn(_) => {}
                Decided::KeyTaken(_) => {
                    return Err(Failure::Internal("an act has no idempotency key".to_owned()));
                }
            }
        }
        Err(Failure::Unavailable { retry_after_s: 1 })
    }

    /// What the seller and the marketplace of a payment have.
    async fn standing(&self, account_id: AccountId, mode: Mode, id: PaymentId) -> Result<Standing, Failure> {
        let state = state_of(&self.load(account_id, mode, id).await?)?;
        let available = async |kind, owner| {
            let account = LedgerAccount::of(kind, owner);
            // A liability: what the platform owes stands on the credit side.
            let balance = self.inner.store.balance(mode, state.currency(), account).await?;
            Ok::<i64, Failure>((-balance).max(0))
        };
        let marketplace_owner = state.internals.marketplace_owner;
        Ok(Standing {
            available_minor: available(AccountKind::SellerAvailable, account_id).await?,
            marketplace_available_minor: available(AccountKind::MarketplaceAvailable, marketplace_owner)
                .await?,
        })
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
        let (engine, account_id) = (self.clone(), caller.account_id);
        // A task of its own: a caller who leaves must not leave a clock that is moved in the store and nowhere else.
        let moving = tokio::spawn(async move { engine.advance(account_id, by_ms).await });
        let moved = moving.await.unwrap_or_else(|broken| Err(Failure::Internal(broken.to_string())))?;
        self.inner.moved_clocks.add(caller.account_id);
        Ok(moved)
    }

    async fn advance(&self, account_id: AccountId, by_ms: i64) -> Result<Value, Failure> {
        // One clock moves at a time: what falls due is done in order, once.
        let _moving = self.inner.clock_moves.lock().await;
        self.refresh_clock(account_id).await?;
        let offset = self.inner.clock.offset(account_id) + by_ms;
        let target = self.inner.clock.wall().plus_ms(offset);
        if target > LATEST {
            return Err(Refusal::plain(400, "a test clock goes no further than the year 2150").into());
        }
        let mut done = 0_u64;
        let mut before = Vec::new();
        loop {
            let due = self.inner.store.next_timers(account_id, Mode::Test, target, STEP).await?;
            if due.is_empty() {
                break;
            }
            if due == before {
                return Err(Failure::Internal("timers that are done still stand".to_owned()));
            }
            for timer in &due {
                // The clock goes along: whoever acts meanwhile acts in the time that the payments are in.
                self.inner.clock.forward(account_id, timer.due);
                self.fire(timer, timer.due).await?;
                done += 1;
            }
            before = due;
            // So that after a crash the clock is not far behind the payments.
            self.keep_clock(account_id, self.inner.clock.offset(account_id)).await?;
        }
        self.keep_clock(account_id, offset).await?;
        self.inner.clock.set(account_id, offset);
        self.inner.timer_wake.notify_one();
        Ok(clock_body(self.inner.clock.wall().plus_ms(offset), done))
    }

    async fn keep_clock(&self, account_id: AccountId, offset_ms: i64) -> Result<(), CommitError> {
        let change = RecordChange::SetClock { account_id, offset_ms };
        let alone = self.inner.delivery_wake.clock_begins_to_move().await;
        let kept = self.inner.store.commit(Changes { records: vec![change], ..Changes::default() }).await;
        if let Err(CommitError::Unknown(_)) = &kept
            && let Ok(stored_ms) = self.inner.store.clock_offset(account_id).await
        {
            self.inner.clock.set(account_id, stored_ms);
        }
        // Deliveries have moved with it, also when the answer is lost.
        self.inner.delivery_wake.clock_moved();
        drop(alone);
        kept
    }

    /// Starts every well-known account's test clock at `start`. A clock that is past it already, with payments made, goes
    /// on from where it is.
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
                self.keep_clock(account_id, by_ms).await.map_err(|error| other(&error))?;
                self.inner.clock.set(account_id, by_ms);
            } else {
                // A start beyond the first: the time that was asked for is the time at which it all began.
                tracing::warn!(
                    site = %seller.account.site, %now,
                    "this test clock has moved on and goes on from there: clocks only move forward"
                );
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

pub(crate) fn only_test(mode: Mode) -> Result<(), Refusal> {
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
