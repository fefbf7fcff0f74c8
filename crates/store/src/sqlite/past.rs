//! A buyer's past in the tables: by the random keys of the traces, newest first.

use crate::numbers::mode_number;
use crate::sqlite::random_keys::RandomKeys;
use crate::sqlite::reader::one;
use crate::sqlite::rows;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::unwritten::Kinds;
use crate::{PastPayment, PastQuestion, ReadError};
use pasarela_domain::identity::PaymentId;
use rusqlite::Connection;
use std::collections::BTreeSet;

/// Where looking for more candidates ends: only payments that were erased just now leave any that are none.
const MOST_CANDIDATES: usize = 5_000;

impl SqliteStore {
    /// The payments that left one of the traces, newest first.
    pub(crate) async fn payments_by_traces(
        &self,
        question: &PastQuestion,
    ) -> Result<Vec<PastPayment>, ReadError> {
        let keys = self.keys();
        self.points(Kinds::PAYMENTS).await?.ask(|connection| find(connection, keys, question)).await
    }
}

fn find(
    connection: &Connection,
    keys: &RandomKeys,
    question: &PastQuestion,
) -> rusqlite::Result<Vec<PastPayment>> {
    let wanted = question.most() as usize;
    let mut most = wanted;
    loop {
        let mut candidates = BTreeSet::new();
        // Of a trace with more candidates than were asked for, the older ones are not known: nothing below counts.
        let mut floor = PaymentId::MIN;
        for trace in &question.traces {
            let (rows, has_more) = keys.newest(connection, keys.hasher().trace(*trace), most)?;
            if has_more {
                floor = rows.last().copied().unwrap_or(floor).max(floor);
            }
            candidates.extend(rows);
        }
        let mut found = Vec::with_capacity(wanted.min(candidates.len()));
        for id in candidates.into_iter().rev().take_while(|id| *id >= floor) {
            found.extend(payment(connection, question, id)?);
            if found.len() == wanted {
                return Ok(found);
            }
        }
        if floor == PaymentId::MIN || most >= MOST_CANDIDATES {
            return Ok(found);
        }
        most *= 8;
    }
}

/// The candidate, if it is the account's and did leave one of the traces.
fn payment(
    connection: &Connection,
    question: &PastQuestion,
    id: PaymentId,
) -> rusqlite::Result<Option<PastPayment>> {
    let sql = "SELECT created, status, status_detail, traces FROM payment
               WHERE id = ?1 AND account_id = ?2 AND mode = ?3";
    let values = (id, question.account_id, mode_number(question.mode));
    let payment = one(connection, sql, values, |row| {
        Ok(PastPayment {
            id,
            created: rows::instant(row, 0)?,
            status: row.get(1)?,
            status_detail: row.get(2)?,
            traces: rows::traces(row, 3)?,
        })
    })?;
    Ok(payment.filter(|payment| payment.traces.iter().any(|trace| question.traces.contains(trace))))
}
