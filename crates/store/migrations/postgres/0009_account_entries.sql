-- What an account keeps beside its payments: its applications' details and credentials, what sellers granted, Pix keys,
-- policies, and the log of sensitive acts. `kind` says what `body` holds (JSON); `name` tells entries of one kind apart.
-- `changed` is the wall-clock time of the newest version: by it other nodes learn of it. Names are compared byte by byte,
-- in whatever language the database is.

CREATE TABLE account_entry (
    account_id BIGINT   NOT NULL,
    kind       SMALLINT NOT NULL,
    name       TEXT     COLLATE "C" NOT NULL,
    version    BIGINT   NOT NULL,
    changed    BIGINT   NOT NULL,
    body       BYTEA    NOT NULL,
    PRIMARY KEY (account_id, kind, name)
);
CREATE INDEX account_entry_by_change ON account_entry (kind, changed);
