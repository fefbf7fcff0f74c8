-- What a payment left of its buyer: keyed hashes, nothing if there are none. The account is inside each, so that the
-- index leads to one account's payments. An insert appends to the index's pending list, which is sorted in behind.
ALTER TABLE payment ADD COLUMN traces BIGINT[];
CREATE INDEX payment_by_trace ON payment USING GIN (traces) WHERE traces IS NOT NULL;
