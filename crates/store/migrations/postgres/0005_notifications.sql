-- Where applications are told, what is known of their addresses, and what each attempt saw in full.
--
-- A setting is found by its application, so the table stands whole on every machine like that of the applications.
-- `kind` says what `body` holds (JSON); `name` tells settings of one kind apart, such as the address it is about.
-- `changed` is the wall-clock time of the newest version: by it other nodes learn of it.

CREATE TABLE notification_setting (
    application_id BIGINT   NOT NULL,
    mode           SMALLINT NOT NULL,
    kind           SMALLINT NOT NULL,
    name           TEXT     NOT NULL,
    version        BIGINT   NOT NULL,
    changed        BIGINT   NOT NULL,
    body           BYTEA    NOT NULL,
    PRIMARY KEY (application_id, mode, kind, name)
);
CREATE INDEX notification_setting_by_change ON notification_setting (changed);

-- The JSON object that the message carries beside the resource's id, for topics that have one.
ALTER TABLE delivery ADD COLUMN data TEXT;
-- State 3 is held: its address is paused, or it waits for a program that listens.
CREATE INDEX delivery_held ON delivery (account_id, mode, id) WHERE state = 3;
-- What the request and its answer can be shown again from.
ALTER TABLE delivery_attempt ADD COLUMN exchange BYTEA;
