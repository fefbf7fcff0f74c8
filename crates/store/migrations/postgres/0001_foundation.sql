-- The first schema on PostgreSQL (12 or later), and on what speaks its protocol: Citus, YugabyteDB, CockroachDB.
--
-- Each table that grows leads its primary key with account_id: the key by which rows are distributed. No unique
-- constraint spans accounts there. Small tables that every request reads (accounts, applications, credentials, clocks)
-- and those of the nodes themselves are reference tables when the database is distributed.
-- Modes: 0 test, 1 live. Times: milliseconds since 1970.

CREATE TABLE setting (
    name  TEXT  NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- The nodes' leases. `number` is in the ids that its holder makes; `ids_until` is later than the newest of them.
CREATE TABLE node (
    number    SMALLINT NOT NULL PRIMARY KEY,
    holder    UUID,
    expires   TIMESTAMPTZ NOT NULL,
    ids_until BIGINT NOT NULL
);
INSERT INTO node SELECT number, NULL, now(), 0 FROM generate_series(0, 31) AS numbers (number);

-- Who does the background work of which accounts.
CREATE TABLE work_share (
    share  SMALLINT NOT NULL PRIMARY KEY,
    holder UUID
);
INSERT INTO work_share SELECT share, NULL FROM generate_series(0, 63) AS shares (share);

CREATE TABLE account (
    id    BIGINT NOT NULL PRIMARY KEY,
    site  TEXT   NOT NULL,
    email TEXT   NOT NULL,
    body  BYTEA  NOT NULL
);
CREATE UNIQUE INDEX account_by_email ON account (site, email);

CREATE TABLE application (
    id                    BIGINT NOT NULL PRIMARY KEY,
    account_id            BIGINT NOT NULL,
    sealed_webhook_secret BYTEA  NOT NULL,
    body                  BYTEA  NOT NULL
);
CREATE INDEX application_by_account ON application (account_id);

CREATE TABLE credential (
    lookup         BYTEA    NOT NULL PRIMARY KEY,
    kind           SMALLINT NOT NULL,
    account_id     BIGINT   NOT NULL,
    application_id BIGINT   NOT NULL,
    mode           SMALLINT NOT NULL,
    well_known     BOOLEAN  NOT NULL
);

-- How far a test account's time is ahead of the wall clock.
CREATE TABLE clock (
    account_id BIGINT NOT NULL PRIMARY KEY,
    offset_ms  BIGINT NOT NULL
);

CREATE TABLE payer (
    account_id BIGINT   NOT NULL,
    mode       SMALLINT NOT NULL,
    email      BYTEA    NOT NULL,
    payer_id   BIGINT   NOT NULL,
    PRIMARY KEY (account_id, mode, email)
);

-- `content` is the compressed body; it is not compressed again.
CREATE TABLE payment (
    account_id         BIGINT   NOT NULL,
    id                 BIGINT   NOT NULL,
    mode               SMALLINT NOT NULL,
    version            BIGINT   NOT NULL,
    created            BIGINT   NOT NULL,
    updated            BIGINT   NOT NULL,
    approved           BIGINT,
    release            BIGINT,
    status             TEXT     NOT NULL,
    status_detail      TEXT     NOT NULL,
    payment_method_id  TEXT     NOT NULL,
    payment_type_id    TEXT     NOT NULL,
    operation_type     TEXT     NOT NULL,
    payer_id           BIGINT   NOT NULL,
    external_reference TEXT,
    store_id           TEXT,
    pos_id             TEXT,
    content            BYTEA    NOT NULL,
    PRIMARY KEY (account_id, id)
);
-- Hosted pages know a payment's id alone.
CREATE INDEX payment_by_id ON payment (id);
CREATE INDEX payment_by_created ON payment (account_id, mode, created, id);
CREATE INDEX payment_by_updated ON payment (account_id, mode, updated, id);
CREATE INDEX payment_by_approved ON payment (account_id, mode, approved, id) WHERE approved IS NOT NULL;
CREATE INDEX payment_by_release ON payment (account_id, mode, release, id) WHERE release IS NOT NULL;
CREATE INDEX payment_by_status ON payment (account_id, mode, status, created, id);
CREATE INDEX payment_by_payer ON payment (account_id, mode, payer_id, created);
-- A reference may be longer than an index entry may be.
CREATE INDEX payment_by_reference ON payment (account_id, mode, md5(external_reference))
    WHERE external_reference IS NOT NULL;

CREATE TABLE card_token (
    account_id           BIGINT   NOT NULL,
    lookup               BYTEA    NOT NULL,
    mode                 SMALLINT NOT NULL,
    version              BIGINT   NOT NULL,
    purge_at             BIGINT   NOT NULL,
    sealed_number        BYTEA,
    sealed_security_code BYTEA,
    content              BYTEA    NOT NULL,
    PRIMARY KEY (account_id, lookup)
);
CREATE INDEX card_token_sealed ON card_token (purge_at)
    WHERE sealed_number IS NOT NULL OR sealed_security_code IS NOT NULL;

CREATE TABLE idempotency (
    account_id  BIGINT NOT NULL,
    key         BYTEA  NOT NULL,
    request     BYTEA  NOT NULL,
    resource_id BIGINT NOT NULL,
    part_id     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires);

-- One row a posting; `legs` is packed. `sequence` tells postings of the same instant apart and gives their order.
CREATE TABLE posting (
    account_id   BIGINT   NOT NULL,
    mode         SMALLINT NOT NULL,
    effective_at BIGINT   NOT NULL,
    sequence     BIGINT   NOT NULL,
    resource_id  BIGINT   NOT NULL,
    cause        SMALLINT NOT NULL,
    currency     TEXT     NOT NULL,
    legs         BYTEA    NOT NULL,
    PRIMARY KEY (account_id, mode, effective_at, sequence)
);
CREATE INDEX posting_by_resource ON posting (account_id, mode, resource_id);

-- Debit positive. The balance of a user's ledger account is one row, under its owner. The balance of one of the
-- platform's own (owner 0) is the sum of a row for each account whose business it took part in, so that two sellers
-- never wait for one row, and each commit stays with one account's rows.
CREATE TABLE balance (
    account_id   BIGINT   NOT NULL,
    mode         SMALLINT NOT NULL,
    currency     TEXT     NOT NULL,
    kind         SMALLINT NOT NULL,
    owner        BIGINT   NOT NULL,
    amount_minor BIGINT   NOT NULL,
    PRIMARY KEY (account_id, mode, currency, kind, owner),
    CHECK (owner = 0 OR kind NOT BETWEEN 7 AND 13 OR amount_minor <= 0),
    CHECK (owner = 0 OR kind <> 6 OR amount_minor >= 0)
);

CREATE TABLE timer (
    account_id BIGINT   NOT NULL,
    mode       SMALLINT NOT NULL,
    subject    BIGINT   NOT NULL,
    kind       SMALLINT NOT NULL,
    due        BIGINT   NOT NULL,
    PRIMARY KEY (account_id, mode, subject, kind)
);
CREATE INDEX timer_by_due ON timer (account_id, mode, due, kind, subject);

-- The earliest timer of each account, and when it is due by the wall clock: moving an account's clock changes one row
-- here, however many timers the account has.
CREATE TABLE timer_head (
    account_id BIGINT   NOT NULL,
    mode       SMALLINT NOT NULL,
    share      SMALLINT NOT NULL,
    due        BIGINT   NOT NULL,
    wake       BIGINT   NOT NULL,
    PRIMARY KEY (account_id, mode)
);
CREATE INDEX timer_head_by_wake ON timer_head (share, wake);

CREATE TABLE delivery (
    account_id     BIGINT   NOT NULL,
    id             BIGINT   NOT NULL,
    share          SMALLINT NOT NULL,
    application_id BIGINT   NOT NULL,
    mode           SMALLINT NOT NULL,
    channel        SMALLINT NOT NULL,
    state          SMALLINT NOT NULL,
    attempts       INTEGER  NOT NULL,
    created        BIGINT   NOT NULL,
    next_attempt   BIGINT   NOT NULL,
    resource_id    TEXT     NOT NULL,
    topic          TEXT     NOT NULL,
    action         TEXT     NOT NULL,
    url            TEXT     NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX delivery_pending ON delivery (share, next_attempt, id) WHERE state = 0;
CREATE INDEX delivery_by_resource ON delivery (account_id, mode, resource_id);

CREATE TABLE delivery_attempt (
    account_id      BIGINT   NOT NULL,
    delivery_id     BIGINT   NOT NULL,
    number          INTEGER  NOT NULL,
    request_id      TEXT     NOT NULL,
    started         BIGINT   NOT NULL,
    duration_ms     BIGINT   NOT NULL,
    response_status SMALLINT,
    failure         TEXT,
    state           SMALLINT NOT NULL,
    next_attempt    BIGINT,
    PRIMARY KEY (account_id, delivery_id, number)
);
