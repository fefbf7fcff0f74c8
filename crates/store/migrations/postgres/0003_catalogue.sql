-- What operators changed of the compiled-in catalogue, version by version; the newest counts.
CREATE TABLE catalogue (
    version  BIGINT NOT NULL PRIMARY KEY,
    applied  BIGINT NOT NULL,
    author   TEXT   NOT NULL,
    comment  TEXT   NOT NULL,
    document BYTEA  NOT NULL
);
