//! What falls due in this node's shares of the accounts: timers and deliveries.

use crate::postgres::lanes::Values;
use crate::postgres::reader::limit_value;
use crate::postgres::rows::{self, delivery_columns};
use crate::postgres::store::PostgresStore;
use crate::{DueDelivery, ReadError, Timer};
use pasarela_domain::identity::{AccountId, Mode};
use pasarela_domain::timestamp::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// A question about what comes first in several shares. `$1` is the shares, `$2` how many rows at most; there is an
/// index that leads with the share and goes on in the order that is asked for. What is added is asked of the answers alone.
struct ByShare {
    /// The first of each share, and of these the first: as many rows are looked at as shares and answers, however many
    /// wait.
    merged: &'static str,
    /// All of the shares, sorted: for Citus, which can't run the other form across its nodes.
    sorted: &'static str,
}

macro_rules! by_share {
    ($columns:expr, $table:literal, $condition:literal, $order:literal $(, $added:literal)?) => {
        ByShare {
            merged: concat!(
                "SELECT first.*" $(, ", ", $added)?,
                " FROM unnest($1::SMALLINT[]) AS mine (number) CROSS JOIN LATERAL (SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE share = mine.number AND ",
                $condition,
                " ORDER BY ",
                $order,
                " LIMIT $2) AS first ORDER BY ",
                $order,
                " LIMIT $2"
            ),
            sorted: concat!(
                "SELECT ",
                $columns,
                $(", ", $added,)?
                " FROM ",
                $table,
                " AS first WHERE share = ANY($1::SMALLINT[]) AND ",
                $condition,
                " ORDER BY ",
                $order,
                " LIMIT $2"
            ),
        }
    };
}

const DUE_HEADS: ByShare =
    by_share!("account_id, mode, due, wake", "timer_head", "wake <= $3", "wake, account_id, mode");
const NEXT_WAKE: ByShare = by_share!("wake", "timer_head", "true", "wake");
const DUE_DELIVERIES: ByShare = by_share!(
    delivery_columns!(),
    "delivery",
    "state = 0 AND next_attempt <= $3 AND (next_attempt, id) > ($4, $5)",
    "next_attempt, id",
    "(SELECT min(older.id) FROM delivery AS older WHERE older.account_id = first.account_id
      AND older.mode = first.mode AND older.resource_id = first.resource_id AND older.id < first.id
      AND older.state IN (0, 3) AND older.channel = first.channel AND older.topic = first.topic
      AND older.url = first.url) AS behind"
);
const NEXT_DELIVERY: ByShare = by_share!("next_attempt", "delivery", "state = 0", "next_attempt");

#[cfg(test)]
pub(crate) const BY_SHARE: [&str; 4] =
    [DUE_HEADS.merged, NEXT_WAKE.merged, DUE_DELIVERIES.merged, NEXT_DELIVERY.merged];

/// The due timers of how many accounts are asked for at once.
const ACCOUNTS_AT_ONCE: usize = 16;

/// The earliest timer of an account.
struct Head {
    account_id: AccountId,
    mode: Mode,
    /// How far the account's time is ahead.
    offset_ms: i64,
}

impl PostgresStore {
    /// The timers that are due at the wall clock's `now_wall`, earliest first; at most `limit`. An account's own timers
    /// keep their order, and none is left out before a later one of the same account.
    pub(crate) async fn due_timers(&self, now_wall: Timestamp, limit: u32) -> Result<Vec<Timer>, ReadError> {
        let heads = self.by_share(&DUE_HEADS, &limit_value(limit), &[&now_wall.0], head).await?;
        let limit = limit_value(limit) as usize;
        let mut due: Vec<(i64, Timer)> = Vec::new();
        for some in heads.chunks(ACCOUNTS_AT_ONCE) {
            // They are sent one behind the other, and answered together.
            let asking = some.iter().map(|head| {
                let until = now_wall.plus_ms(head.offset_ms);
                self.next_timers(head.account_id, head.mode, until, limit as u32)
            });
            let answers = futures_util::future::try_join_all(asking).await?;
            for (head, timers) in some.iter().zip(answers) {
                if due.len() < limit {
                    due.extend(timers.into_iter().map(|timer| (timer.due.0 - head.offset_ms, timer)));
                }
            }
            if due.len() >= limit {
                break;
            }
        }
        due.sort_by_key(|(wake, timer)| (*wake, timer.kind, timer.subject));
        due.truncate(limit);
        Ok(due.into_iter().map(|(_, timer)| timer).collect())
    }

    /// When, by the wall clock, the earliest timer is due.
    pub(crate) async fn next_wake(&self) -> Result<Option<Timestamp>, ReadError> {
        let first = self.by_share(&NEXT_WAKE, &1, &[], |row| rows::instant(row, 0)).await?;
        Ok(first.first().copied())
    }

    /// The pending deliveries whose next attempt is due at `now_wall`, earliest first; at most `limit`, after the one
    /// with this next attempt and id.
    pub(crate) async fn due_deliveries(
        &self,
        now_wall: Timestamp,
        limit: u32,
        after: Option<(Timestamp, i64)>,
    ) -> Result<Vec<DueDelivery>, ReadError> {
        let (after, after_id) = after.map_or((i64::MIN, i64::MIN), |(at, id)| (at.0, id));
        let values: &Values<'_> = &[&now_wall.0, &after, &after_id];
        self.by_share(&DUE_DELIVERIES, &limit_value(limit), values, rows::due_delivery).await
    }

    /// When, by the wall clock, the earliest pending delivery is to be tried.
    pub(crate) async fn next_delivery(&self) -> Result<Option<Timestamp>, ReadError> {
        let first = self.by_share(&NEXT_DELIVERY, &1, &[], |row| rows::instant(row, 0)).await?;
        Ok(first.first().copied())
    }

    async fn by_share<T>(
        &self,
        question: &ByShare,
        limit: &i64,
        values: &Values<'_>,
        read: impl FnMut(&Row) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        // A share's number is below 64.
        let shares: Vec<i16> = self.shares().iter().map(|share| share as i16).collect();
        let sql = if self.readers().is_distributed().await? { question.sorted } else { question.merged };
        let mut all: Vec<&(dyn ToSql + Sync)> = vec![&shares, limit];
        all.extend(values);
        self.readers().many(sql, &all, read).await
    }
}

fn head(row: &Row) -> Result<Head, ReadError> {
    let (due, wake): (i64, i64) = (rows::get(row, 2)?, rows::get(row, 3)?);
    Ok(Head { account_id: rows::get(row, 0)?, mode: rows::mode(row, 1)?, offset_ms: due - wake })
}
