-- What is neither delivered nor given up, by what it is about: who waits behind whom. All that was ever told of a resource may be
-- much, and this is little.

CREATE INDEX delivery_unsettled ON delivery (account_id, mode, resource_id, id) WHERE state IN (0, 3);
