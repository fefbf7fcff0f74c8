-- Where a delivery stands in its schedule. An older notification about the same resource is sent first, also when a newer
-- one's time has come: then the older one's attempts are more than its turns, and the newer one's turns more than its attempts.

ALTER TABLE delivery ADD COLUMN turns_ahead INTEGER NOT NULL DEFAULT 0;
