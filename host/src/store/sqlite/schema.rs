//! What the tables look like, and how an older database becomes a newer one.

use rusqlite::Connection;

/// "WDWN": tells our databases from those of everybody else.
pub(super) const APPLICATION_ID: i32 = 0x5744_574E;

/// The n-th brings a database from version n to version n + 1. One that was released is never changed.
pub(super) const MIGRATIONS: &[&str] = &[
    // `found` is the number of the unit's findings, and the place of the last one. A unit without a kind
    // was removed: its findings stay. The state of a body and its process have tables of their own, so
    // that a row is rewritten without them.
    "CREATE TABLE unit (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT,
        owner TEXT,
        found INTEGER NOT NULL DEFAULT 0,
        incarnation INTEGER,
        status TEXT,
        reason TEXT,
        leaked INTEGER
    ) STRICT;
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
    ) STRICT;",
    // What the number of a stated reason stands for.
    "ALTER TABLE unit ADD COLUMN stated TEXT;",
];

/// Carries out those of `migrations` that the database does not have: all of them, or none.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (before, migration) in (0_u32..).zip(migrations).filter(|(before, _)| *before >= version) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", before + 1)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: &str = "ALTER TABLE unit ADD COLUMN note TEXT;";

    fn version(connection: &Connection) -> u32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_database_is_brought_forward_and_keeps_what_it_has() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
        connection.execute("INSERT INTO unit (name, kind, owner) VALUES ('a', 'k', 'o')", []).unwrap();
        migrate(&mut connection, &[MIGRATIONS[0], SECOND]).unwrap();
        assert_eq!(version(&connection), 2);
        let note: (String, Option<String>) = connection
            .query_row("SELECT name, note FROM unit", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(note, ("a".to_owned(), None));
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
        let broken = [MIGRATIONS[0], SECOND, "CREATE TABLE unit (number INTEGER)"];
        migrate(&mut connection, &broken).unwrap_err();
        assert_eq!(version(&connection), 1);
        connection.prepare("SELECT note FROM unit").unwrap_err();
    }
}
