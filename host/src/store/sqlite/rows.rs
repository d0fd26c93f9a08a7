//! One write, as statements; and what is read back.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params, types::Type};
use winddown_core::{Incarnation, Reason, Row, Status};

use crate::store::{Finding, Kept, ProcessIdentity, Write};

/// What became of a write that SQLite has nothing against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carried {
    /// It is in the transaction.
    Out,
    /// A row, a checkpoint or a process of a unit that was never declared, or that was removed. The
    /// findings that came with it are in the transaction: they are taken from anybody.
    Refused,
}

/// Carries out one write inside of the transaction that is open.
pub(super) fn carry_out(connection: &Connection, write: &Write) -> rusqlite::Result<Carried> {
    match write {
        Write::Declare { unit, kind, owner } => declare(connection, unit, kind, owner),
        Write::Persist { unit, row, stated, findings, .. } => {
            let declared = with_findings(connection, unit, findings)?;
            declared
                .map_or(Ok(Carried::Refused), |number| put_row(connection, number, row, stated.as_deref()))
        }
        Write::Checkpoint { unit, row, stated, findings, state, .. } => {
            let Some(number) = with_findings(connection, unit, findings)? else {
                return Ok(Carried::Refused);
            };
            put_state(connection, number, row.incarnation, state)?;
            put_row(connection, number, row, stated.as_deref())
        }
        Write::Findings { unit, findings } => {
            with_findings(connection, unit, findings)?;
            Ok(Carried::Out)
        }
        Write::Spawned { unit, incarnation, process } => match lookup(connection, unit)? {
            Some((found, true)) => put_process(connection, found.number, *incarnation, process),
            Some((_, false)) | None => Ok(Carried::Refused),
        },
        Write::Remove { unit } => remove(connection, unit),
    }
}

/// A unit as its findings know it.
#[derive(Clone, Copy)]
struct Unit {
    number: i64,
    found: i64,
}

/// The unit of that name, and whether it is declared.
fn lookup(connection: &Connection, name: &str) -> rusqlite::Result<Option<(Unit, bool)>> {
    connection
        .prepare_cached("SELECT number, found, kind IS NOT NULL FROM unit WHERE name = ?1")?
        .query_row([name], |row| Ok((Unit { number: row.get(0)?, found: row.get(1)? }, row.get(2)?)))
        .optional()
}

/// Adds findings to a unit, which becomes known by that. Gives back its number, if it is declared.
fn with_findings(connection: &Connection, name: &str, findings: &[Finding]) -> rusqlite::Result<Option<i64>> {
    let (unit, declared) = match lookup(connection, name)? {
        Some(known) => known,
        None if findings.is_empty() => return Ok(None),
        None => {
            let mut insert = connection.prepare_cached("INSERT INTO unit (name) VALUES (?1)")?;
            (Unit { number: insert.insert([name])?, found: 0 }, false)
        }
    };
    add_findings(connection, unit, findings)?;
    Ok(declared.then_some(unit.number))
}

fn declare(connection: &Connection, name: &str, kind: &str, owner: &str) -> rusqlite::Result<Carried> {
    connection
        .prepare_cached(
            "INSERT INTO unit (name, kind, owner) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, owner = excluded.owner",
        )?
        .execute([name, kind, owner])?;
    Ok(Carried::Out)
}

/// A finding whose name is there already adds nothing, so the number of findings is counted here and
/// taken from nobody.
fn add_findings(connection: &Connection, unit: Unit, findings: &[Finding]) -> rusqlite::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut last = unit.found;
    let mut insert = connection.prepare_cached(
        "INSERT INTO finding (unit, place, id, data) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (unit, id) DO NOTHING",
    )?;
    for finding in findings {
        if insert.execute(params![unit.number, last + 1, &*finding.id, &*finding.data])? == 1 {
            last += 1;
        }
    }
    if last > unit.found {
        let mut count = connection.prepare_cached("UPDATE unit SET found = ?2 WHERE number = ?1")?;
        count.execute([unit.number, last])?;
    }
    Ok(())
}

/// Compare and set: a later incarnation replaces an earlier one, and the first terminal status of an
/// incarnation stays.
fn put_row(
    connection: &Connection,
    number: i64,
    row: &Row,
    stated: Option<&str>,
) -> rusqlite::Result<Carried> {
    connection
        .prepare_cached(
            "UPDATE unit SET incarnation = ?2, status = ?3, reason = ?4, leaked = ?5, stated = ?6
             WHERE number = ?1 AND (incarnation IS NULL OR incarnation < ?2 OR (incarnation = ?2
                 AND (status = ?3 OR status NOT IN ('stopped', 'completed', 'failed', 'cancelled'))))",
        )?
        .execute(params![
            number,
            row.incarnation.0,
            row.status.name(),
            reason_text(row.reason),
            row.leaked,
            stated
        ])?;
    Ok(Carried::Out)
}

fn put_state(connection: &Connection, number: i64, start: Incarnation, state: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO checkpoint (unit, incarnation, state) VALUES (?1, ?2, ?3)
             ON CONFLICT (unit) DO UPDATE SET incarnation = excluded.incarnation, state = excluded.state
             WHERE incarnation <= excluded.incarnation",
        )?
        .execute(params![number, start.0, state])?;
    Ok(())
}

fn put_process(
    connection: &Connection,
    number: i64,
    start: Incarnation,
    process: &ProcessIdentity,
) -> rusqlite::Result<Carried> {
    // SQLite has no unsigned numbers.
    let ticks = process.started.cast_signed();
    connection
        .prepare_cached(
            "INSERT INTO process (unit, incarnation, pid, started, boot) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (unit) DO UPDATE SET incarnation = excluded.incarnation, pid = excluded.pid,
                 started = excluded.started, boot = excluded.boot
             WHERE incarnation <= excluded.incarnation",
        )?
        .execute(params![number, start.0, process.pid, ticks, process.boot])?;
    Ok(Carried::Out)
}

fn remove(connection: &Connection, name: &str) -> rusqlite::Result<Carried> {
    for statement in [
        "DELETE FROM checkpoint WHERE unit = (SELECT number FROM unit WHERE name = ?1)",
        "DELETE FROM process WHERE unit = (SELECT number FROM unit WHERE name = ?1)",
        "UPDATE unit SET kind = NULL, owner = NULL, incarnation = NULL, status = NULL, reason = NULL,
            leaked = NULL, stated = NULL WHERE name = ?1",
        "DELETE FROM unit WHERE name = ?1 AND found = 0",
    ] {
        connection.prepare_cached(statement)?.execute([name])?;
    }
    Ok(Carried::Out)
}

/// Everything that is held of the units that are declared, in the order in which they first came.
pub(super) fn kept(connection: &Connection) -> rusqlite::Result<Vec<Kept>> {
    let mut query = connection.prepare(
        "SELECT name, kind, owner, found, unit.incarnation, status, reason, leaked, state, pid, started, boot, stated
         FROM unit LEFT JOIN checkpoint ON checkpoint.unit = number LEFT JOIN process ON process.unit = number
         WHERE kind IS NOT NULL ORDER BY number",
    )?;
    query
        .query_map([], |columns| {
            Ok(Kept {
                unit: columns.get(0)?,
                kind: columns.get(1)?,
                owner: columns.get(2)?,
                row: row(columns)?,
                stated: columns.get(12)?,
                state: columns.get(8)?,
                process: process(columns)?,
            })
        })?
        .collect()
}

fn row(columns: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Row>> {
    let Some(incarnation) = columns.get(4)? else { return Ok(None) };
    let (status, reason): (String, String) = (columns.get(5)?, columns.get(6)?);
    Ok(Some(Row {
        incarnation: Incarnation(incarnation),
        status: Status::ALL
            .into_iter()
            .find(|known| known.name() == status)
            .ok_or_else(|| unknown(5, "status", &status))?,
        reason: reason_from(&reason).ok_or_else(|| unknown(6, "reason", &reason))?,
        findings: columns.get(3)?,
        leaked: columns.get(7)?,
    }))
}

fn process(columns: &rusqlite::Row<'_>) -> rusqlite::Result<Option<ProcessIdentity>> {
    let Some(pid) = columns.get(9)? else { return Ok(None) };
    let started: i64 = columns.get(10)?;
    Ok(Some(ProcessIdentity { pid, started: started.cast_unsigned(), boot: columns.get(11)? }))
}

fn unknown(column: usize, what: &str, text: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        format!("no {what} is called {text:?}").into(),
    )
}

/// How many findings a unit is said to have, where that is not the number that it has.
pub(super) fn miscounted(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT name || ' has ' || count(place) || ' findings and not ' || found
             FROM unit LEFT JOIN finding ON finding.unit = number
             GROUP BY number HAVING found <> count(place) OR found <> coalesce(max(place), 0)",
            [],
            |row| row.get(0),
        )
        .optional()
}

/// The findings of a unit after the `after`-th, in order, at most `limit`.
pub(super) fn findings(
    connection: &Connection,
    unit: &str,
    after: u32,
    limit: u32,
) -> rusqlite::Result<Vec<Finding>> {
    connection
        .prepare_cached(
            "SELECT id, data FROM finding WHERE unit = (SELECT number FROM unit WHERE name = ?1)
             AND place > ?2 ORDER BY place LIMIT ?3",
        )?
        .query_map(params![unit, after, limit], |row| {
            Ok(Finding::from((row.get::<_, Arc<str>>(0)?, row.get_ref(1)?.as_blob()?)))
        })?
        .collect()
}

/// The word in front of the number of a reason that somebody stated.
const STATED: &str = "stated ";

fn reason_text(reason: Reason) -> String {
    match reason {
        Reason::None => "none".to_owned(),
        Reason::ByUser => "by-user".to_owned(),
        Reason::Stated(number) => format!("{STATED}{number}"),
        Reason::RunBudgetOver => "run-budget-over".to_owned(),
        Reason::StartOverdue => "start-overdue".to_owned(),
        Reason::Shutdown => "shutdown".to_owned(),
        Reason::Interrupted => "interrupted".to_owned(),
    }
}

fn reason_from(text: &str) -> Option<Reason> {
    Some(match text {
        "none" => Reason::None,
        "by-user" => Reason::ByUser,
        "run-budget-over" => Reason::RunBudgetOver,
        "start-overdue" => Reason::StartOverdue,
        "shutdown" => Reason::Shutdown,
        "interrupted" => Reason::Interrupted,
        other => Reason::Stated(other.strip_prefix(STATED)?.parse().ok()?),
    })
}
