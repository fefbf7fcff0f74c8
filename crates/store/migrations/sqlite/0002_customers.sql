-- A seller's customers, their saved cards, and the card numbers behind these.
--
-- Sellers have far fewer customers than payments: plain unique keys serve. The words that a customer is searched by are
-- kept in lower case; the e-mail as its keyed hash, by which alone it is found.

CREATE TABLE customer (
    account_id            INTEGER NOT NULL,
    mode                  INTEGER NOT NULL,
    user_id               INTEGER NOT NULL,
    version               INTEGER NOT NULL,
    email                 BLOB NOT NULL,
    created               INTEGER NOT NULL,
    updated               INTEGER NOT NULL,
    first_name            TEXT,
    last_name             TEXT,
    identification_type   TEXT,
    identification_number TEXT,
    phone_area_code       TEXT,
    phone_number          TEXT,
    content               BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX customer_by_user ON customer (account_id, mode, user_id);
CREATE UNIQUE INDEX customer_by_email ON customer (account_id, mode, email);
CREATE INDEX customer_by_created ON customer (account_id, mode, created, user_id);
CREATE INDEX customer_by_updated ON customer (account_id, mode, updated, user_id);
CREATE INDEX customer_by_identification ON customer (account_id, mode, identification_number)
    WHERE identification_number IS NOT NULL;

-- Whose card an id is; what the API shows of it stands in the customer's body.
CREATE TABLE saved_card (
    account_id  INTEGER NOT NULL,
    mode        INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    PRIMARY KEY (account_id, mode, id)
) STRICT, WITHOUT ROWID;

-- One sealed number however many sellers' customers saved it. `card_references` counts the rows of saved_card with its
-- fingerprint; a number that nobody refers to is not here.
CREATE TABLE sealed_card (
    mode            INTEGER NOT NULL,
    fingerprint     BLOB NOT NULL,
    card_references INTEGER NOT NULL CHECK (card_references > 0),
    sealed_number   BLOB NOT NULL,
    PRIMARY KEY (mode, fingerprint)
) STRICT, WITHOUT ROWID;
