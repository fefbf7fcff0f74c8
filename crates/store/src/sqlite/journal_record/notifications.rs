//! Deliveries, their attempts, and what is set about them.

use super::field::{Field, fields, numbered};
use crate::numbers;
use crate::{
    Channel, DeliveryAttempt, DeliveryRecord, DeliveryState, NotificationChange, NotificationSetting,
    SettingKind,
};
use pasarela_domain::timestamp::Timestamp;

numbered!(Channel, |channel| channel as u8, numbers::channel);
numbered!(DeliveryState, |state| state as u8, numbers::delivery_state);
numbered!(SettingKind, |kind| kind as u8, numbers::setting_kind);

/// Added to the number of a state when one more field stands at the end: records without it are as short as they were.
const ONE_MORE: u8 = 0x80;

/// A new delivery has had no turn, so that its place in the schedule is not written.
impl Field for DeliveryRecord {
    fn put(&self, out: &mut Vec<u8>) {
        ((self.id, self.account_id), (self.application_id, self.mode)).put(out);
        self.channel.put(out);
        for text in [&self.url, &self.topic, &self.action, &self.resource_id] {
            text.put(out);
        }
        self.created.put(out);
        out.push(self.state as u8 | if self.data.is_some() { ONE_MORE } else { 0 });
        (self.attempts, self.next_attempt).put(out);
        if let Some(data) = &self.data {
            data.put(out);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<DeliveryRecord> {
        let ((id, account_id), (application_id, mode)) = Field::take(bytes)?;
        let channel = Field::take(bytes)?;
        let [url, topic, action, resource_id] =
            [Field::take(bytes)?, Field::take(bytes)?, Field::take(bytes)?, Field::take(bytes)?];
        let created = Field::take(bytes)?;
        let (state, has_data) = take_state(bytes)?;
        let (attempts, next_attempt) = Field::take(bytes)?;
        let data = if has_data { Some(Field::take(bytes)?) } else { None };
        Some(DeliveryRecord {
            id,
            account_id,
            application_id,
            mode,
            channel,
            url,
            topic,
            action,
            resource_id,
            created,
            state,
            attempts,
            next_attempt,
            data,
            turns_ahead: 0,
        })
    }
}

impl Field for DeliveryAttempt {
    fn put(&self, out: &mut Vec<u8>) {
        ((self.account_id, self.delivery_id), self.number).put(out);
        self.request_id.put(out);
        (self.started, self.duration_ms).put(out);
        self.response_status.put(out);
        self.failure.put(out);
        out.push(self.state as u8 | if self.exchange.is_some() { ONE_MORE } else { 0 });
        self.next_attempt.put(out);
        if let Some(exchange) = &self.exchange {
            exchange.put(out);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<DeliveryAttempt> {
        let ((account_id, delivery_id), number) = Field::take(bytes)?;
        let request_id = Field::take(bytes)?;
        let (started, duration_ms) = Field::take(bytes)?;
        let (response_status, failure) = (Field::take(bytes)?, Field::take(bytes)?);
        let (state, has_exchange) = take_state(bytes)?;
        let next_attempt = Field::take(bytes)?;
        let exchange = if has_exchange { Some(Field::take(bytes)?) } else { None };
        Some(DeliveryAttempt {
            account_id,
            delivery_id,
            number,
            request_id,
            started,
            duration_ms,
            response_status,
            failure,
            state,
            next_attempt,
            exchange,
        })
    }
}

/// A state, and whether one more field stands at the end.
fn take_state(bytes: &mut &[u8]) -> Option<(DeliveryState, bool)> {
    let number = u8::take(bytes)?;
    Some((numbers::delivery_state(i64::from(number & !ONE_MORE))?, number & ONE_MORE != 0))
}

fields!(NotificationSetting { application_id, mode, kind, name, version, changed, body });

impl Field for NotificationChange {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            NotificationChange::Set(setting) => {
                out.push(1);
                setting.put(out);
            }
            NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt } => {
                out.push(2);
                ((*account_id, *delivery_id), (*state, *next_attempt)).put(out);
            }
            NotificationChange::Move {
                account_id,
                delivery_id,
                from,
                to,
                next_attempt,
                turns_ahead,
                seen,
            } => {
                out.push(if seen.is_some() { 5 } else { 4 });
                ((*account_id, *delivery_id), (*from, *to)).put(out);
                (*next_attempt, i64::from(*turns_ahead)).put(out);
                if let Some((next_attempt, turns_ahead)) = seen {
                    (*next_attempt, i64::from(*turns_ahead)).put(out);
                }
            }
            NotificationChange::Forget { account_id, delivery_id } => {
                out.push(3);
                (*account_id, *delivery_id).put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<NotificationChange> {
        Some(match u8::take(bytes)? {
            1 => NotificationChange::Set(Field::take(bytes)?),
            2 => {
                let ((account_id, delivery_id), (state, next_attempt)) = Field::take(bytes)?;
                NotificationChange::Reschedule { account_id, delivery_id, state, next_attempt }
            }
            3 => {
                let (account_id, delivery_id) = Field::take(bytes)?;
                NotificationChange::Forget { account_id, delivery_id }
            }
            tag @ (4 | 5) => {
                let ((account_id, delivery_id), (from, to)) = Field::take(bytes)?;
                let (next_attempt, turns_ahead) = take_place(bytes)?;
                let seen = if tag == 5 { Some(take_place(bytes)?) } else { None };
                NotificationChange::Move {
                    account_id,
                    delivery_id,
                    from,
                    to,
                    next_attempt,
                    turns_ahead,
                    seen,
                }
            }
            _ => return None,
        })
    }
}

/// Next attempt and turns ahead of a delivery.
fn take_place(bytes: &mut &[u8]) -> Option<(Timestamp, i32)> {
    let (next_attempt, turns_ahead): (Timestamp, i64) = Field::take(bytes)?;
    Some((next_attempt, i32::try_from(turns_ahead).ok()?))
}
