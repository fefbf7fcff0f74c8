//! The SQL that writes a group: one statement a table, however many rows, each row an element of the arrays it is given.
//!
//! Every statement names the account: where tables are distributed, it goes to the rows' own nodes.

/// Asks, and keeps until the transaction ends, that this node's lease holds; gives the transaction's number.
pub(crate) const FENCE: &str = "SELECT txid_current()::text FROM node
    WHERE number = $1 AND holder = $2 AND expires > now() FOR KEY SHARE";

/// What became of a transaction whose answer was lost: `committed`, `aborted`, `in progress`, or nothing.
pub(crate) const TRANSACTION_STATUS: &str = "SELECT txid_status($1::text::bigint)";

pub(crate) const INSERT_IDEMPOTENCY: &str =
    "INSERT INTO idempotency (account_id, key, request, resource_id, part_id, expires)
    SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[])";

pub(crate) const INSERT_PAYMENT: &str =
    "INSERT INTO payment (account_id, id, mode, version, created, updated, approved, release, status, status_detail,
     payment_method_id, payment_type_id, operation_type, payer_id, external_reference, store_id, pos_id, content, traces)
    SELECT new.account_id, new.id, new.mode, new.version, new.created, new.updated, new.approved, new.release,
     new.status, new.status_detail, new.payment_method_id, new.payment_type_id, new.operation_type, new.payer_id,
     new.external_reference, new.store_id, new.pos_id, new.content, new.traces::bigint[]
    FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[],
     $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[],
     $15::text[], $16::text[], $17::text[], $18::bytea[], $19::text[])
     AS new (account_id, id, mode, version, created, updated, approved, release, status, status_detail,
     payment_method_id, payment_type_id, operation_type, payer_id, external_reference, store_id, pos_id, content,
     traces)";

pub(crate) const UPDATE_PAYMENT: &str = "UPDATE payment SET version = payment.version + 1, created = new.created,
     updated = new.updated, approved = new.approved, release = new.release, status = new.status,
     status_detail = new.status_detail, payment_method_id = new.payment_method_id,
     payment_type_id = new.payment_type_id, operation_type = new.operation_type, payer_id = new.payer_id,
     external_reference = new.external_reference, store_id = new.store_id, pos_id = new.pos_id,
     content = new.content, traces = new.traces::bigint[]
    FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::text[],
     $16::text[], $17::text[], $18::bytea[], $19::text[])
     AS new (account_id, id, mode, version, created, updated, approved, release, status, status_detail,
     payment_method_id, payment_type_id, operation_type, payer_id, external_reference, store_id, pos_id, content,
     traces)
    WHERE payment.account_id = new.account_id AND payment.id = new.id AND payment.mode = new.mode
     AND payment.version = new.version";

pub(crate) const INSERT_CARD_TOKEN: &str =
    "INSERT INTO card_token (account_id, lookup, mode, version, purge_at, sealed_number, sealed_security_code, content)
    SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[],
     $7::bytea[], $8::bytea[])";

pub(crate) const UPDATE_CARD_TOKEN: &str = "UPDATE card_token SET version = card_token.version + 1,
     purge_at = new.purge_at, sealed_number = new.sealed_number, sealed_security_code = new.sealed_security_code,
     content = new.content
    FROM unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[],
     $8::bytea[])
     AS new (account_id, lookup, mode, version, purge_at, sealed_number, sealed_security_code, content)
    WHERE card_token.account_id = new.account_id AND card_token.lookup = new.lookup AND card_token.mode = new.mode
     AND card_token.version = new.version";

pub(crate) const INSERT_ACCOUNT: &str = "INSERT INTO account (id, site, email, body)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[])";

pub(crate) const INSERT_APPLICATION: &str =
    "INSERT INTO application (id, account_id, sealed_webhook_secret, body)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])";

pub(crate) const UPDATE_APPLICATION: &str = "UPDATE application
     SET sealed_webhook_secret = new.sealed_webhook_secret, body = new.body
    FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])
     AS new (id, account_id, sealed_webhook_secret, body)
    WHERE application.id = new.id AND application.account_id = new.account_id";

pub(crate) const INSERT_CREDENTIAL: &str =
    "INSERT INTO credential (lookup, kind, account_id, application_id, mode, well_known)
    SELECT * FROM unnest($1::bytea[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::boolean[])";

pub(crate) const INSERT_PAYER: &str = "INSERT INTO payer (account_id, mode, email, payer_id)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bytea[], $4::bigint[])";

/// Before the clock is set: the pending deliveries keep their place in the account's time.
pub(crate) const MOVE_DELIVERIES: &str = "UPDATE delivery
     SET next_attempt = next_attempt - ($2 - coalesce((SELECT offset_ms FROM clock WHERE account_id = $1), 0))
    WHERE share = $3 AND state = 0 AND account_id = $1 AND mode = 0";

pub(crate) const SET_CLOCK: &str = "INSERT INTO clock (account_id, offset_ms) VALUES ($1, $2)
    ON CONFLICT (account_id) DO UPDATE SET offset_ms = excluded.offset_ms";

pub(crate) const INSERT_ATTEMPT: &str =
    "INSERT INTO delivery_attempt (account_id, delivery_id, number, request_id,
     started, duration_ms, response_status, failure, state, next_attempt, exchange)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[],
     $7::smallint[], $8::text[], $9::smallint[], $10::bigint[], $11::bytea[])";

pub(crate) const UPDATE_DELIVERY: &str = "UPDATE delivery SET state = new.state, attempts = new.attempts,
     next_attempt = coalesce(new.next_attempt, delivery.next_attempt)
    FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::integer[], $5::bigint[])
     AS new (account_id, id, state, attempts, next_attempt)
    WHERE delivery.account_id = new.account_id AND delivery.id = new.id";

pub(crate) const INSERT_DELIVERY: &str = "INSERT INTO delivery (account_id, id, share, application_id, mode, channel,
     state, attempts, created, next_attempt, resource_id, topic, action, url, data)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::smallint[], $6::smallint[],
     $7::smallint[], $8::integer[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[],
     $14::text[], $15::text[])";

pub(crate) const INSERT_POSTING: &str =
    "INSERT INTO posting (account_id, mode, effective_at, sequence, resource_id, cause, currency, legs)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
     $7::text[], $8::bytea[])";

pub(crate) const DELETE_TIMER: &str = "DELETE FROM timer
    USING unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::smallint[], $5::bigint[])
     AS old (account_id, mode, subject, kind, due)
    WHERE timer.account_id = old.account_id AND timer.mode = old.mode AND timer.subject = old.subject
     AND timer.kind = old.kind";

/// Timers of payments that are made in the same transaction: there is none that they could replace, and an insertion that
/// needs not look for one is cheaper.
pub(crate) const INSERT_TIMER: &str = "INSERT INTO timer (account_id, mode, subject, kind, due)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::smallint[], $5::bigint[])";

pub(crate) const SET_TIMER: &str = "INSERT INTO timer (account_id, mode, subject, kind, due)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::smallint[], $5::bigint[])
    ON CONFLICT (account_id, mode, subject, kind) DO UPDATE SET due = excluded.due";

/// The heads that are about to be computed anew: no timer of theirs comes unseen from another node after this.
pub(crate) const LOCK_HEADS: &str = "SELECT 1 FROM timer_head AS head
    JOIN unnest($1::bigint[], $2::smallint[]) AS changed (account_id, mode)
     ON head.account_id = changed.account_id AND head.mode = changed.mode
    ORDER BY head.account_id, head.mode FOR UPDATE OF head";

/// Timers came: the head is the earlier of itself and the earliest of them. How far the clock is ahead is taken from
/// the head where there is one, because that is locked; see [`FIT_HEADS`] for where there is none.
pub(crate) const LOWER_HEADS: &str = "INSERT INTO timer_head AS head (account_id, mode, share, due, wake)
    SELECT new.account_id, new.mode, new.share, new.due,
     new.due - coalesce((SELECT offset_ms FROM clock WHERE account_id = new.account_id AND new.mode = 0), 0)
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bigint[]) AS new (account_id, mode, share, due)
    ON CONFLICT (account_id, mode) DO UPDATE SET due = excluded.due, wake = excluded.due - (head.due - head.wake)
    WHERE excluded.due < head.due";

/// The clock may have been set while [`LOWER_HEADS`] waited to insert a test account's first head.
pub(crate) const FIT_HEADS: &str = "UPDATE timer_head AS head SET wake = head.due - clock.offset_ms
    FROM unnest($1::bigint[]) AS changed (account_id), clock
    WHERE head.account_id = changed.account_id AND head.mode = 0 AND clock.account_id = changed.account_id
     AND head.wake <> head.due - clock.offset_ms";

/// The clock is set: a head, so that whoever inserts the account's first one waits for this transaction, or this
/// transaction for it. [`RAISE_HEADS`] or [`DELETE_HEADS`] take it away before anybody sees it.
pub(crate) const HOLD_HEADS: &str = "INSERT INTO timer_head (account_id, mode, share, due, wake)
    SELECT new.account_id, new.mode, new.share, 0, 0
    FROM unnest($1::bigint[], $2::smallint[], $3::smallint[]) AS new (account_id, mode, share)
    ON CONFLICT (account_id, mode) DO NOTHING";

/// Timers went, or the clock was set: the heads as the timers are now.
pub(crate) const RAISE_HEADS: &str = "UPDATE timer_head AS head SET due = first.due, wake = first.due - first.ahead
    FROM (SELECT changed.account_id, changed.mode,
      (SELECT timer.due FROM timer WHERE timer.account_id = changed.account_id AND timer.mode = changed.mode
       ORDER BY timer.due LIMIT 1) AS due,
      coalesce((SELECT offset_ms FROM clock WHERE account_id = changed.account_id AND changed.mode = 0), 0) AS ahead
     FROM unnest($1::bigint[], $2::smallint[]) AS changed (account_id, mode)) AS first
    WHERE head.account_id = first.account_id AND head.mode = first.mode AND first.due IS NOT NULL
     AND (head.due <> first.due OR head.wake <> first.due - first.ahead)";

pub(crate) const DELETE_HEADS: &str = "DELETE FROM timer_head AS head
    USING unnest($1::bigint[], $2::smallint[]) AS changed (account_id, mode)
    WHERE head.account_id = changed.account_id AND head.mode = changed.mode
     AND NOT EXISTS (SELECT 1 FROM timer WHERE timer.account_id = changed.account_id AND timer.mode = changed.mode)";

/// All balances that the group changes, in the order in which every node locks them.
pub(crate) const LOCK_BALANCES: &str =
    "SELECT balance.account_id, balance.mode, balance.currency, balance.kind,
     balance.owner, balance.amount_minor
    FROM balance JOIN unnest($1::bigint[], $2::smallint[], $3::text[], $4::smallint[], $5::bigint[])
     AS changed (account_id, mode, currency, kind, owner)
     ON balance.account_id = changed.account_id AND balance.mode = changed.mode
     AND balance.currency = changed.currency AND balance.kind = changed.kind AND balance.owner = changed.owner
    ORDER BY balance.account_id, balance.mode, balance.currency, balance.kind, balance.owner
    FOR UPDATE OF balance";

/// What takes from a balance that has a limit: the row must be there, and its CHECK hold.
pub(crate) const TAKE_FROM_BALANCES: &str =
    "UPDATE balance SET amount_minor = balance.amount_minor + new.amount_minor
    FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
     AS new (account_id, mode, currency, kind, owner, amount_minor)
    WHERE balance.account_id = new.account_id AND balance.mode = new.mode AND balance.currency = new.currency
     AND balance.kind = new.kind AND balance.owner = new.owner";

pub(crate) const ADD_TO_BALANCES: &str = "INSERT INTO balance AS balance
     (account_id, mode, currency, kind, owner, amount_minor)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
    ON CONFLICT (account_id, mode, currency, kind, owner)
     DO UPDATE SET amount_minor = balance.amount_minor + excluded.amount_minor";

/// Takes what is secret from tokens whose time has come. A new version: whoever read the token before must see that its
/// secrets are gone.
pub(crate) const PURGE_SECRETS: &str = "UPDATE card_token
     SET sealed_number = NULL, sealed_security_code = NULL, version = card_token.version + 1
    FROM (SELECT account_id, lookup FROM card_token
     WHERE (sealed_number IS NOT NULL OR sealed_security_code IS NOT NULL) AND purge_at <= $1
     ORDER BY purge_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS expired
    WHERE card_token.account_id = expired.account_id AND card_token.lookup = expired.lookup";

/// Forgets idempotency records whose time has passed, oldest first.
pub(crate) const PURGE_IDEMPOTENCY: &str = "DELETE FROM idempotency
    USING (SELECT account_id, key FROM idempotency WHERE expires <= $1
     ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED) AS expired
    WHERE idempotency.account_id = expired.account_id AND idempotency.key = expired.key";
