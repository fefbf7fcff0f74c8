-- What an account keeps beside its payments: its applications' details and credentials, what sellers granted, Pix keys,
-- policies, and the log of sensitive acts. `kind` says what `body` holds (JSON); `name` tells entries of one kind apart.
-- `changed` is the wall-clock time of the newest version.

CREATE TABLE account_entry (
    account_id INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (account_id, kind, name)
) STRICT, WITHOUT ROWID;
