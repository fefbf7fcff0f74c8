-- Preferences and merchant orders of the redirect checkout: bodies that their seller reads, changes and searches.
--
-- `kind` is 1 for a preference, 2 for a merchant order. The payer's e-mail stands here as its keyed hash alone.

CREATE TABLE checkout (
    account_id         INTEGER NOT NULL,
    mode               INTEGER NOT NULL,
    kind               INTEGER NOT NULL,
    id                 TEXT NOT NULL,
    version            INTEGER NOT NULL,
    created            INTEGER NOT NULL,
    updated            INTEGER NOT NULL,
    external_reference TEXT,
    preference_id      TEXT,
    status             TEXT,
    marketplace        TEXT,
    sponsor_id         INTEGER,
    application_id     INTEGER,
    payer_id           INTEGER,
    payer_email        BLOB,
    content            BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX checkout_by_id ON checkout (account_id, mode, kind, id);
CREATE INDEX checkout_by_created ON checkout (account_id, mode, kind, created, id);
CREATE INDEX checkout_by_reference ON checkout (account_id, mode, kind, external_reference)
    WHERE external_reference IS NOT NULL;
CREATE INDEX checkout_by_preference ON checkout (account_id, mode, kind, preference_id)
    WHERE preference_id IS NOT NULL;
CREATE INDEX checkout_by_payer ON checkout (account_id, mode, kind, payer_email)
    WHERE payer_email IS NOT NULL;
