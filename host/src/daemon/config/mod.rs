//! The configuration file: TOML, in which every key is known or refused, and every error has its place.

mod file;
mod kinds;
mod text;

use std::{
    env,
    ffi::OsStr,
    fmt, fs, io,
    net::SocketAddr,
    ops::Range,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use winddown_core::{Kind, Plan, Restart, Span};

use crate::{Command, ipc::UnitName};

use self::{file::File, kinds::Kinds};

/// A configuration that runs, and has every key.
pub const SAMPLE: &str = include_str!("../../../examples/winddownd.toml");

/// How long a forced shutdown takes if the file does not say it, and its deadline is not shorter.
const FORCE_WITHIN: Span = Span::from_secs(5);

/// What a daemon is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where the daemon keeps its state, unless the command line says otherwise.
    pub state_dir: Option<PathBuf>,
    /// By when the whole host is down.
    pub deadline: Span,
    /// By when it is down once it is forced.
    pub force_within: Span,
    /// When whoever runs the daemon kills it, counted from its first signal.
    pub outer_grace: Option<Span>,
    /// How many units a shutdown stops at the same time.
    pub at_once: Option<u16>,
    /// How many units one owner may have active at the same time.
    pub owner_cap: Option<u32>,
    /// How many clients may be connected at the same time.
    pub clients: u16,
    /// Whether every step of the engine is written down, so that a run can be played again.
    pub journal: bool,
    /// Where HTTP is served, if it is.
    pub http: Option<Http>,
    /// All kinds of units by name: the contracts' own, and those of the file.
    pub kinds: Vec<(Arc<str>, Kind)>,
    /// The units, in the order in which they are declared.
    pub units: Vec<UnitConfig>,
}

/// Where and for whom HTTP is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Http {
    /// The address to listen at.
    pub address: SocketAddr,
    /// The file with the bearer tokens.
    pub tokens: PathBuf,
}

/// One unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnitConfig {
    /// Its name.
    pub name: UnitName,
    /// The name of its kind.
    pub kind: Arc<str>,
    /// The name of its owner, or an empty one.
    pub owner: Arc<str>,
    /// What it needs for as long as it lives: units that stand before it.
    pub needs: Vec<UnitName>,
    /// Whether it is started with the daemon.
    pub start: bool,
    /// What runs for it.
    pub body: BodyConfig,
}

/// What runs for a unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BodyConfig {
    /// A process.
    Command(Command),
    /// One of the bodies that the daemon brings along.
    Demo(Demo),
}

/// A body that the daemon brings along, to try things with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demo {
    /// Sleeps 369 s, and listens to nobody.
    Navigation,
    /// Records a finding every 100 ms, can be paused, and goes on where its last checkpoint was.
    Engagement,
    /// Counts a minute in steps of 100 ms, says how far it is, and ends when it is asked to cancel.
    Countdown,
    /// Keeps a thread busy and never yields.
    Spin,
}

/// Why a configuration cannot be used. Says where, what, and what was expected.
#[derive(Debug)]
pub enum ConfigError {
    /// The file could not be read.
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What is in the file makes no sense.
    Wrong {
        /// Which file.
        file: PathBuf,
        /// In which line, from 1.
        line: usize,
        /// At which character of it, from 1.
        column: usize,
        /// What is wrong, and what was expected.
        why: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, error } => {
                write!(formatter, "failed to read the configuration {}: {error}", file.display())
            }
            Self::Wrong { file, line, column, why } => {
                write!(formatter, "{}:{line}:{column}: {why}", file.display())
            }
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            Self::Wrong { .. } => None,
        }
    }
}

/// What is wrong, and where in the text. `None`: in the text as a whole.
#[derive(PartialEq, Eq, Debug)]
struct Wrong {
    span: Option<Range<usize>>,
    why: String,
}

impl Wrong {
    fn at(span: Range<usize>, why: String) -> Self {
        Self { span: Some(span), why }
    }
}

impl Config {
    /// Reads a file. Paths in it are relative to where it is.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file)
            .map_err(|error| ConfigError::Unreadable { file: file.to_owned(), error })?;
        Self::parse(&text, file.parent().unwrap_or_else(|| Path::new(""))).map_err(|Wrong { span, why }| {
            let (line, column) = place(&text, span.map_or(0, |span| span.start));
            ConfigError::Wrong { file: file.to_owned(), line, column, why }
        })
    }

    /// What can be used and is hardly meant, a sentence each: what the daemon will do, and what to change.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.units.is_empty() {
            all.push(
                "there is no unit, so there is nothing to run; declare each one as a [[unit]]".to_owned(),
            );
        }
        if let Some(grace) = self.outer_grace {
            let most = Plan::longest_shutdown(grace);
            for (what, span) in [("the deadline", self.deadline), ("force-within", self.force_within)] {
                if span > most {
                    all.push(format!(
                        "{what} of {span} is cut to {most}: an outer-grace of {grace} leaves no more, as a tenth \
                         of it is kept as a margin"
                    ));
                }
            }
        }
        for (name, kind) in &self.kinds {
            if matches!(kind.restart, Restart::Always { backoff } if backoff.is_zero()) {
                all.push(format!(
                    "kind {name:?} starts its units again at once, however often: one that cannot run keeps a \
                     processor busy; give its restart a backoff, such as \"1s\""
                ));
            }
        }
        let commands = self.units.iter().filter_map(|unit| match &unit.body {
            BodyConfig::Command(command) => Some((unit, command)),
            BodyConfig::Demo(_) => None,
        });
        for (unit, why) in commands.filter_map(|(unit, command)| Some((unit, lacks(command)?))) {
            all.push(format!("unit {:?} cannot be started: {why}", unit.name.as_str()));
        }
        all
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, Wrong> {
        let file: File = toml::from_str(text)
            .map_err(|error| Wrong { span: error.span(), why: text::plain(error.message()) })?;
        let kinds = Kinds::new(&file)?;
        kinds.check()?;
        let units = file.units(&kinds, folder)?;
        let positive = |span: Option<toml::Spanned<text::SpanText>>, usual: Span, what: &str| match span {
            None => Ok(usual),
            Some(span) if span.get_ref().0.is_zero() => {
                Err(Wrong::at(span.span(), format!("{what} is 0: nothing could be done in no time")))
            }
            Some(span) => Ok(span.get_ref().0),
        };
        let deadline = positive(file.deadline, Span::from_secs(30), "the deadline")?;
        let place = file.force_within.as_ref().map(toml::Spanned::span);
        let force_within = positive(file.force_within, FORCE_WITHIN.min(deadline), "force-within")?;
        if let Some(place) = place.filter(|_| force_within > deadline) {
            let why = format!(
                "force-within is {force_within}, and the deadline {deadline}: who asks twice would wait longer \
                 than who asks once; make it {deadline} at most"
            );
            return Err(Wrong::at(place, why));
        }
        let http = file.http.map(|http| Http { address: http.address, tokens: folder.join(http.tokens) });
        Ok(Self {
            state_dir: file.state_dir.map(|path| folder.join(path)),
            deadline,
            force_within,
            outer_grace: file
                .outer_grace
                .map(|span| positive(Some(span), Span::ZERO, "outer-grace"))
                .transpose()?,
            at_once: file.at_once.map(|count| count.0),
            owner_cap: file.owner_cap.map(|count| count.0),
            clients: file.clients.map_or(64, |count| count.0),
            journal: file.journal,
            http,
            kinds: kinds.all(),
            units,
        })
    }
}

/// What a command names and is not there. A program without a slash is looked for as it will be when it is started,
/// if the daemon has the environment then that this process has.
fn lacks(command: &Command) -> Option<String> {
    let command = command.prepare();
    let directory = command.get_current_dir();
    if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
        return Some(format!("{} is no directory", directory.display()));
    }
    // A relative one is found from the directory that the process is started in.
    let program = Path::new(command.get_program());
    let place = |path: &Path| directory.map_or_else(|| path.to_owned(), |directory| directory.join(path));
    let is_program = |it: fs::Metadata| it.is_file() && it.permissions().mode() & 0o111 != 0;
    let can_run = |path: &Path| fs::metadata(path).is_ok_and(is_program);
    if command.get_program().as_encoded_bytes().contains(&b'/') {
        let path = place(program);
        return (!can_run(&path)).then(|| format!("{} is no program that can be run", path.display()));
    }
    let own = command.get_envs().find_map(|(name, value)| (name == "PATH").then_some(value));
    // Without a PATH, it is the system that says where to look.
    let path = own.map_or_else(|| env::var_os("PATH"), |value| value.map(OsStr::to_owned))?;
    let is_there = env::split_paths(&path).any(|folder| can_run(&place(&folder).join(program)));
    let name = program.display();
    (!is_there).then(|| format!("no directory of PATH has a program {name:?} that can be run"))
}

/// Line and column of a place in a text, both from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests;
