-- A seller's customers, their saved cards, and the card numbers behind these.
--
-- The words that a customer is searched by are kept in lower case; the e-mail as its keyed hash, by which alone it is
-- found. Both unique keys lead with the account: they hold where the table is distributed, too.

CREATE TABLE customer (
    account_id            BIGINT   NOT NULL,
    mode                  SMALLINT NOT NULL,
    user_id               BIGINT   NOT NULL,
    version               BIGINT   NOT NULL,
    email                 BYTEA    NOT NULL,
    created               BIGINT   NOT NULL,
    updated               BIGINT   NOT NULL,
    first_name            TEXT,
    last_name             TEXT,
    identification_type   TEXT,
    identification_number TEXT,
    phone_area_code       TEXT,
    phone_number          TEXT,
    content               BYTEA    NOT NULL,
    PRIMARY KEY (account_id, mode, user_id)
);
CREATE UNIQUE INDEX customer_by_email ON customer (account_id, mode, email);
CREATE INDEX customer_by_created ON customer (account_id, mode, created, user_id);
CREATE INDEX customer_by_updated ON customer (account_id, mode, updated, user_id);
CREATE INDEX customer_by_identification ON customer (account_id, mode, identification_number)
    WHERE identification_number IS NOT NULL;

-- Whose card an id is; what the API shows of it stands in the customer's body.
CREATE TABLE saved_card (
    account_id  BIGINT   NOT NULL,
    mode        SMALLINT NOT NULL,
    id          BIGINT   NOT NULL,
    user_id     BIGINT   NOT NULL,
    fingerprint BYTEA    NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

-- One sealed number however many sellers' customers saved it. `card_references` counts the rows of saved_card with its
-- fingerprint; a number that nobody refers to is not here. It belongs to no account: it is spread by its fingerprint.
CREATE TABLE sealed_card (
    fingerprint     BYTEA    NOT NULL,
    mode            SMALLINT NOT NULL,
    card_references BIGINT   NOT NULL CHECK (card_references >= 0),
    sealed_number   BYTEA    NOT NULL,
    PRIMARY KEY (fingerprint, mode)
);
