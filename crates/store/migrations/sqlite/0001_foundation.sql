-- The first schema.
--
-- Tables that grow are keyed by what grows with time, so that a commit touches few pages; their indexes too. Random
-- keys (hashes of an external reference, of a payer, of a token, of an idempotency key) live in one narrow table,
-- random_key, which is filled behind the commits in sorted bulk; until then they stand in random_key_recent.
-- Modes: 0 test, 1 live. Times: milliseconds since 1970.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The key of the hashes in random_key: nobody outside can make values that collide.
INSERT INTO setting (name, value) VALUES ('hash_key', randomblob(16));
-- The key of the journal's checksums: the journal of another database, or of the one that a backup replaced, is noise.
INSERT INTO setting (name, value) VALUES ('journal_key', randomblob(16));

-- The newest record of the journal whose changes are in these tables, and how many postings were ever made; one row.
CREATE TABLE applied (
    through  INTEGER NOT NULL,
    postings INTEGER NOT NULL
) STRICT;
INSERT INTO applied (through, postings) VALUES (0, 0);

CREATE TABLE account (
    id    INTEGER PRIMARY KEY,
    site  TEXT NOT NULL,
    email TEXT NOT NULL,
    body  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX account_by_email ON account (site, email);

CREATE TABLE application (
    id                    INTEGER PRIMARY KEY,
    account_id            INTEGER NOT NULL,
    sealed_webhook_secret BLOB NOT NULL,
    body                  BLOB NOT NULL
) STRICT;
CREATE INDEX application_by_account ON application (account_id);

CREATE TABLE credential (
    lookup         BLOB NOT NULL PRIMARY KEY,
    kind           INTEGER NOT NULL,
    account_id     INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    mode           INTEGER NOT NULL,
    well_known     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE payer (
    account_id INTEGER NOT NULL,
    mode       INTEGER NOT NULL,
    email      BLOB NOT NULL,
    payer_id   INTEGER NOT NULL,
    PRIMARY KEY (account_id, mode, email)
) STRICT, WITHOUT ROWID;

-- `content` is last: a search that looks at the columns before it never reads the pages that it overflows to.
CREATE TABLE payment (
    id                 INTEGER PRIMARY KEY,
    account_id         INTEGER NOT NULL,
    mode               INTEGER NOT NULL,
    version            INTEGER NOT NULL,
    created            INTEGER NOT NULL,
    updated            INTEGER NOT NULL,
    approved           INTEGER,
    release            INTEGER,
    status             TEXT NOT NULL,
    status_detail      TEXT NOT NULL,
    payment_method_id  TEXT NOT NULL,
    payment_type_id    TEXT NOT NULL,
    operation_type     TEXT NOT NULL,
    payer_id           INTEGER NOT NULL,
    external_reference TEXT,
    store_id           TEXT,
    pos_id             TEXT,
    content            BLOB NOT NULL
) STRICT;
CREATE INDEX payment_by_created ON payment (account_id, mode, created);
CREATE INDEX payment_by_updated ON payment (account_id, mode, updated);
CREATE INDEX payment_by_approved ON payment (account_id, mode, approved);
CREATE INDEX payment_by_release ON payment (account_id, mode, release);
CREATE INDEX payment_by_status ON payment (account_id, mode, status, created);

-- How many payments stand in each stretch of an index, so that a search knows its total without counting: the
-- stretch begins at `first` and ends before the next row's; the newest has no count. `series` is the name of a date, or
-- `status:` and a status (then by creation).
CREATE TABLE payment_tally (
    account_id INTEGER NOT NULL,
    mode       INTEGER NOT NULL,
    series     TEXT NOT NULL,
    first      INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (account_id, mode, series, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE card_token (
    id                   INTEGER PRIMARY KEY,
    lookup               BLOB NOT NULL,
    account_id           INTEGER NOT NULL,
    mode                 INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    purge_at             INTEGER NOT NULL,
    sealed_number        BLOB,
    sealed_security_code BLOB,
    content              BLOB NOT NULL
) STRICT;
CREATE INDEX card_token_sealed ON card_token (purge_at)
    WHERE sealed_number IS NOT NULL OR sealed_security_code IS NOT NULL;

CREATE TABLE idempotency (
    id          INTEGER PRIMARY KEY,
    account_id  INTEGER NOT NULL,
    key         BLOB NOT NULL,
    request     BLOB NOT NULL,
    resource_id INTEGER NOT NULL,
    part_id     INTEGER NOT NULL,
    expires     INTEGER NOT NULL
) STRICT;

-- From a hash to the rows whose value has it; the row itself says whether it is the one.
CREATE TABLE random_key (
    hash   INTEGER NOT NULL,
    row_id INTEGER NOT NULL,
    PRIMARY KEY (hash, row_id)
) STRICT, WITHOUT ROWID;

-- Keys not yet in random_key: one row a commit, each key 16 bytes (hash, row; little-endian).
CREATE TABLE random_key_recent (
    id   INTEGER PRIMARY KEY,
    keys BLOB NOT NULL
) STRICT;

-- One row a posting; `legs` is packed. `sequence` tells postings of the same instant apart. Together with the payment's
-- other postings, so that one tree is enough.
CREATE TABLE posting (
    account_id   INTEGER NOT NULL,
    mode         INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    sequence     INTEGER NOT NULL,
    resource_id  INTEGER NOT NULL,
    cause        INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    legs         BLOB NOT NULL,
    PRIMARY KEY (account_id, mode, resource_id, effective_at, sequence)
) STRICT, WITHOUT ROWID;

-- Debit positive.
CREATE TABLE balance (
    mode         INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    kind         INTEGER NOT NULL,
    owner        INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (mode, currency, kind, owner)
) STRICT, WITHOUT ROWID;

-- How far a test account's time is ahead of the wall clock.
CREATE TABLE clock (
    account_id INTEGER PRIMARY KEY,
    offset_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE timer (
    account_id INTEGER NOT NULL,
    mode       INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    subject    INTEGER NOT NULL,
    PRIMARY KEY (account_id, mode, due, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX timer_by_subject ON timer (account_id, mode, subject, kind);

-- The earliest timer of each account, and when it is due by the wall clock: moving an account's clock changes one row
-- here, however many timers the account has.
CREATE TABLE timer_head (
    account_id INTEGER NOT NULL,
    mode       INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    wake       INTEGER NOT NULL,
    PRIMARY KEY (account_id, mode)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_head_by_wake ON timer_head (wake);

-- `resource_id` is an integer where its text is one, which is shorter.
CREATE TABLE delivery (
    id             INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    mode           INTEGER NOT NULL,
    channel        INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    next_attempt   INTEGER NOT NULL,
    resource_id    ANY NOT NULL,
    topic          TEXT NOT NULL,
    action         TEXT NOT NULL,
    url            TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_pending ON delivery (next_attempt) WHERE state = 0;
CREATE INDEX delivery_by_resource ON delivery (account_id, mode, resource_id);

CREATE TABLE delivery_attempt (
    delivery_id     INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    request_id      TEXT NOT NULL,
    started         INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL,
    response_status INTEGER,
    failure         TEXT,
    state           INTEGER NOT NULL,
    next_attempt    INTEGER,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
