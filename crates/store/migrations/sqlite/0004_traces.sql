-- What a payment left of its buyer: keyed hashes, eight bytes each (little-endian), nothing if there are none. Each also
-- stands as a key in random_key, by which the other payments that it left a trace on are found.
ALTER TABLE payment ADD COLUMN traces BLOB;
