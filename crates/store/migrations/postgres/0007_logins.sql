-- People who log in, and the sessions of their browsers.
--
-- `nickname` and `email` are keyed hashes of the names by which a login is found; a password stands in `body` as its
-- argon2id hash alone. A session is found by the keyed hash of its token. Logins are small and looked up by their
-- names: a reference table where the database is distributed, like the accounts.

CREATE TABLE login (
    account_id BIGINT NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    nickname   BYTEA  NOT NULL,
    email      BYTEA  NOT NULL,
    body       BYTEA  NOT NULL
);
CREATE UNIQUE INDEX login_by_nickname ON login (nickname);
CREATE UNIQUE INDEX login_by_email ON login (email);

CREATE TABLE session (
    account_id BIGINT NOT NULL,
    lookup     BYTEA  NOT NULL,
    started    BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    expires    BIGINT NOT NULL,
    body       BYTEA  NOT NULL,
    PRIMARY KEY (account_id, lookup)
);
CREATE INDEX session_by_expiry ON session (expires);
