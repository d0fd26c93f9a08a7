-- A database as version 2 of the schema left it. Never changed: it stands for those that are out there.
PRAGMA application_id = 0x5744574E;
PRAGMA user_version = 2;
CREATE TABLE unit (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT,
        owner TEXT,
        found INTEGER NOT NULL DEFAULT 0,
        incarnation INTEGER,
        status TEXT,
        reason TEXT,
        leaked INTEGER
    , stated TEXT) STRICT;
CREATE TABLE finding (
        unit INTEGER NOT NULL,
        place INTEGER NOT NULL,
        id TEXT NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (unit, place),
        UNIQUE (unit, id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (
        unit INTEGER PRIMARY KEY,
        incarnation INTEGER NOT NULL,
        state BLOB NOT NULL
    ) STRICT;
CREATE TABLE process (
        unit INTEGER PRIMARY KEY,
        incarnation INTEGER NOT NULL,
        pid INTEGER NOT NULL,
        started INTEGER NOT NULL,
        boot BLOB NOT NULL
    ) STRICT;
INSERT INTO unit VALUES
    (1, 'a', 'engagement', 'somebody', 2, 3, 'stopped', 'stated 7', 1, 'too slow'),
    (2, 'b', 'engagement', 'somebody', 0, NULL, NULL, NULL, NULL, NULL),
    (3, 'removed', NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL);
INSERT INTO finding VALUES
    (1, 1, 'one', CAST('what one says' AS BLOB)),
    (1, 2, 'two', CAST('what two says' AS BLOB)),
    (3, 1, 'three', CAST('what three says' AS BLOB));
INSERT INTO checkpoint VALUES (1, 3, CAST('half way' AS BLOB));
INSERT INTO process VALUES (1, 3, 33, 33000, x'07070707070707070707070707070707');
