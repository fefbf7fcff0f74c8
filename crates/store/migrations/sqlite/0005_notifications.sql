-- Where applications are told, what is known of their addresses, and what each attempt saw in full.
--
-- `kind` says what `body` holds (JSON); `name` tells settings of one kind apart, such as the address it is about.
-- `changed` is the wall-clock time of the newest version.

CREATE TABLE notification_setting (
    application_id INTEGER NOT NULL,
    mode           INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    name           TEXT NOT NULL,
    version        INTEGER NOT NULL,
    changed        INTEGER NOT NULL,
    body           BLOB NOT NULL,
    PRIMARY KEY (application_id, mode, kind, name)
) STRICT, WITHOUT ROWID;

-- The JSON object that the message carries beside the resource's id, for topics that have one.
ALTER TABLE delivery ADD COLUMN data TEXT;
-- State 3 is held: its address is paused, or it waits for a program that listens.
CREATE INDEX delivery_held ON delivery (account_id, mode) WHERE state = 3;
-- What the request and its answer can be shown again from.
ALTER TABLE delivery_attempt ADD COLUMN exchange BLOB;
