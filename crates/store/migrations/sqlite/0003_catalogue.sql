-- What operators changed of the compiled-in catalogue, version by version; the newest counts.
CREATE TABLE catalogue (
    version  INTEGER PRIMARY KEY,
    applied  INTEGER NOT NULL,
    author   TEXT NOT NULL,
    comment  TEXT NOT NULL,
    document BLOB NOT NULL
) STRICT;
