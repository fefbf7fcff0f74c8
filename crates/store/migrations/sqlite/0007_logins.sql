-- People who log in, and the sessions of their browsers.
--
-- `nickname` and `email` are keyed hashes of the names by which a login is found; a password stands in `body` as its
-- argon2id hash alone. A session is found by the keyed hash of its token.

CREATE TABLE login (
    account_id INTEGER NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    nickname   BLOB NOT NULL,
    email      BLOB NOT NULL,
    body       BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX login_by_nickname ON login (nickname);
CREATE UNIQUE INDEX login_by_email ON login (email);

CREATE TABLE session (
    account_id INTEGER NOT NULL,
    lookup     BLOB NOT NULL,
    started    INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (account_id, lookup)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_expiry ON session (expires);
