//! Forgetting units of kinds that the configuration does not have any more.
//!
//! A host does not come up with a unit of which nobody says how it stops. Either its kind comes back into the
//! configuration, or the unit is forgotten here: what lives of it is ended first, what it found is written to a file
//! and stays in the database as well, and only then its row goes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use serde::Serialize;
use tokio::time::timeout;
use tracing::warn;
use winddown_core::{Incarnation, Status};

use crate::{
    body::{
        census::{Census, Tree},
        left,
    },
    builder::home_of,
    ipc::{Data, VERSION},
    store::{Finding, Kept, Options, SqliteStore, Store as _, StoreError, Write},
};

use super::{
    config::Config,
    run::{RunError, state_of},
    state_dir::StateDir,
};

/// How long what lives of a unit may take to be gone once it is killed.
const END_PATIENCE: Duration = Duration::from_secs(10);
/// How long the database may take to write what is asked of it here.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// So many findings are read at a time.
const PAGE: u32 = 1000;

/// Why units were not forgotten. All of them are as they were.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The database.
    #[error("failed to open the store: {0}")]
    Store(#[from] StoreError),
    /// Something of a unit lives on, or nobody can say that it does not.
    #[error(
        "unit {unit:?} is not forgotten, nor is any other one: {why}; end what is left of it by hand, and try again"
    )]
    Lives {
        /// Which unit.
        unit: Arc<str>,
        /// What is known about it.
        why: String,
    },
    /// What was found could not be written to a file.
    #[error(
        "failed to write what was found to {path}: {error}; nothing is forgotten: make room, and try again"
    )]
    Export {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The database did not take it.
    #[error(
        "the database still has unit {unit:?}; what was found is in {path} as well: see that the disk has room, and \
         try again"
    )]
    NotForgotten {
        /// Which unit.
        unit: Arc<str>,
        /// The file with the findings.
        path: PathBuf,
    },
}

/// What was forgotten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forgotten {
    /// The units, each with how many findings it has.
    pub units: Vec<(Arc<str>, u32)>,
    /// Where it is written what they were and what they found. `None`: there was no unit.
    pub file: Option<PathBuf>,
}

/// A unit, as a line of the file. Its findings follow.
#[derive(Serialize)]
struct UnitLine<'a> {
    v: u32,
    unit: &'a str,
    kind: &'a str,
    owner: &'a str,
    status: Option<Status>,
    incarnation: u32,
    findings: u32,
    /// What its last checkpoint kept.
    state: Option<Data>,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    unit: &'a str,
    id: &'a str,
    data: Data,
}

/// Forgets every unit in the store whose kind the configuration does not have, and that is not in it under another
/// kind.
///
/// # Errors
/// A daemon runs, or see [`ForgetError`].
pub async fn forget_removed_kinds(file: &Path, state_dir: Option<PathBuf>) -> Result<Forgotten, RunError> {
    let config = Config::read(file)?;
    // Nobody else has it from here on.
    let state = StateDir::take(&state_of(&config, state_dir)?)?;
    let database = state.paths().database();
    if !database.exists() {
        return Ok(Forgotten { units: Vec::new(), file: None });
    }
    let (mut store, kept) = open(&database)?;
    let removed = removed(kept, &config);
    if removed.is_empty() {
        return Ok(Forgotten { units: Vec::new(), file: None });
    }
    let census = Census::start();
    for unit in &removed {
        end(&census, &state, unit).await?;
    }
    let path = state.paths().forgotten(state.instance());
    let units = export(&mut store, &removed, &path).map_err(|error| {
        // A part of it is of no use to anybody, and all of it is in the database.
        drop(fs::remove_file(&path));
        ForgetError::Export { path: path.clone(), error }
    })?;
    for unit in &removed {
        store.write(Write::Remove { unit: Arc::clone(&unit.unit) });
    }
    Box::new(store).close(WRITE_PATIENCE);
    // A removal is answered by nobody, so it is looked for.
    let (store, kept) = open(&database)?;
    Box::new(store).close(WRITE_PATIENCE);
    match self::removed(kept, &config).into_iter().next() {
        Some(Kept { unit, .. }) => Err(ForgetError::NotForgotten { unit, path }.into()),
        None => Ok(Forgotten { units, file: Some(path) }),
    }
}

fn open(database: &Path) -> Result<(SqliteStore, Vec<Kept>), ForgetError> {
    Ok(SqliteStore::open(database, |_| {}, &Options::default())?)
}

/// A unit that is declared gets the kind that it is declared with.
fn removed(kept: Vec<Kept>, config: &Config) -> Vec<Kept> {
    let has_kind = |kept: &Kept| config.kinds.iter().any(|(name, _)| *name == kept.kind);
    let is_declared = |kept: &Kept| config.units.iter().any(|unit| unit.name.as_str() == &*kept.unit);
    kept.into_iter().filter(|kept| !has_kind(kept) && !is_declared(kept)).collect()
}

/// Ends what an earlier daemon left of a unit, as a start of the daemon does.
async fn end(census: &Census, state: &StateDir, kept: &Kept) -> Result<(), ForgetError> {
    let unit = &kept.unit;
    let lives = |why| ForgetError::Lives { unit: Arc::clone(unit), why };
    let tree = Tree {
        mark: Tree::mark(&home_of(Some(state.paths().dir().to_owned())), unit),
        // Of a start that was not written down yet, too: no daemon runs that it could be of.
        starts: 0..=u32::MAX,
        leader: kept.process,
    };
    match timeout(END_PATIENCE, left::reap(census, tree.clone())).await {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(who))) => {
            warn!("unit {unit:?}: an earlier host left {who}, now ended");
            Ok(())
        }
        Ok(Err(error)) => Err(lives(format!("nobody can say whether something of it lives ({error})"))),
        Err(_) => {
            let members = census.look(tree).await.unwrap_or_default();
            Err(lives(format!("{} of it were killed and do not go", left::numbers(&members))))
        }
    }
}

/// Writes everything that is about to be forgotten to a new file, durable before this returns.
fn export(store: &mut SqliteStore, removed: &[Kept], path: &Path) -> io::Result<Vec<(Arc<str>, u32)>> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut out = BufWriter::new(file);
    let mut units = Vec::with_capacity(removed.len());
    for kept in removed {
        let found = export_unit(store, kept, &mut out)?;
        units.push((Arc::clone(&kept.unit), found));
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    File::open(path.parent().unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    Ok(units)
}

fn export_unit(store: &mut SqliteStore, kept: &Kept, out: &mut impl io::Write) -> io::Result<u32> {
    let unit = &*kept.unit;
    let findings = kept.row.map_or(0, |row| row.findings);
    let head = UnitLine {
        v: VERSION,
        unit,
        kind: &kept.kind,
        owner: &kept.owner,
        status: kept.row.map(|row| row.status),
        incarnation: kept.row.map_or(Incarnation(0), |row| row.incarnation).0,
        findings,
        state: kept.state.as_deref().map(Data::from),
    };
    line(out, &head)?;
    let mut found = 0;
    loop {
        let page = page(store, &kept.unit, found)?;
        for finding in &page {
            line(out, &FindingLine { unit, id: &finding.id, data: Data::from(&*finding.data) })?;
        }
        let count = u32::try_from(page.len()).unwrap_or(u32::MAX);
        found = found.saturating_add(count);
        if count < PAGE {
            break;
        }
    }
    if found < findings {
        return Err(io::Error::other(format!(
            "{found} findings of {unit:?} could be read, and it has {findings}"
        )));
    }
    Ok(found)
}

fn page(store: &mut SqliteStore, unit: &Arc<str>, after: u32) -> io::Result<Vec<Finding>> {
    let (reply, answer) = mpsc::sync_channel(1);
    let reply = move |found| drop(reply.send(found));
    store.findings(Arc::clone(unit), after, PAGE, Box::new(reply));
    let found = answer.recv().map_err(|_| io::Error::other("the store is gone"))?;
    found.map_err(io::Error::other)
}

fn line(out: &mut impl io::Write, what: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, what)?;
    out.write_all(b"\n")
}
