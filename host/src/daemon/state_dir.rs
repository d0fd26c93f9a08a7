//! The directory in which one daemon keeps its state, and what proves that it is the only one.
//!
//! The proof is a lock on a file that is never removed: the kernel gives it back when the process that
//! holds it is gone, however it went, and never before. What else is there of an earlier daemon is stale
//! once the lock is held, and is taken over. What is there of another daemon is never touched: where somebody removed
//! its lock by hand, it still listens, and whoever listens is not stale.
//!
//! ```text
//! winddownd.lock     held for as long as the process lives; never removed
//! winddownd.pid      its number and its instance; removed on every path out
//! winddownd.sock     the socket; removed on every path out
//! winddown.db        the store
//! report.json        how the last host that came up was shut down
//! report.old         how one before it was
//! forgotten-….jsonl  what units were and had found that were forgotten
//! journal-….jsonl    what the engine of one start took in and asked for, where that is wanted
//! ```

mod lock;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
    process,
};

/// So long may a socket's path be on Linux: `sun_path` has 108 bytes with the zero at its end.
const LONGEST_SOCKET_PATH: usize = 107;

/// Why the state directory cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another daemon has it.
    #[error(
        "another winddownd{who} uses the state directory {dir}; stop it with `winddown shutdown`, or choose \
         another directory with --state-dir"
    )]
    Taken {
        /// The directory.
        dir: PathBuf,
        /// Who it is, as far as that can be read.
        who: String,
    },
    /// Others could look into it.
    #[error(
        "the state directory {dir} is open to others (mode {mode:04o}); run `chmod 700 {dir}` if that is right"
    )]
    Open {
        /// The directory.
        dir: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("the state directory {dir} belongs to user {owner}, and this is user {user}")]
    Foreign {
        /// The directory.
        dir: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who wants it.
        user: u32,
    },
    /// It is no directory.
    #[error("the state directory {0} is not a directory")]
    NoDirectory(PathBuf),
    /// A socket in it would have a path that is too long.
    #[error(
        "the path {path} is too long for a socket ({length} bytes, at most {LONGEST_SOCKET_PATH}); choose a \
         shorter state directory"
    )]
    TooLong {
        /// The socket's path.
        path: PathBuf,
        /// How long it is.
        length: usize,
    },
    /// Something could not be done with a file.
    #[error("failed to {what} {path}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What came of it.
        #[source]
        error: io::Error,
    },
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StateError {
    move |error| StateError::Io { what, path: path.to_owned(), error }
}

/// The paths in a state directory. Whoever has these has no right to anything behind them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paths {
    dir: PathBuf,
}

impl Paths {
    /// The paths in this directory.
    #[must_use]
    pub const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("winddownd.sock")
    }

    /// The PID file.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.dir.join("winddownd.pid")
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.dir.join("winddown.db")
    }

    /// How the last host that came up was shut down.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.dir.join("report.json")
    }

    /// How the last one before it was shut down that left a report.
    #[must_use]
    pub fn old_report(&self) -> PathBuf {
        self.dir.join("report.old")
    }

    /// What one start of the daemon writes down of its engine's steps.
    #[must_use]
    pub fn journal(&self, instance: &str) -> PathBuf {
        self.dir.join(format!("journal-{instance}.jsonl"))
    }

    /// Which start of the daemon has the directory, as its PID file says. `None`: there is none, or it is not to be
    /// read.
    #[must_use]
    pub fn instance(&self) -> Option<String> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        text.split_whitespace().nth(1).map(str::to_owned)
    }

    /// What is written down of units before they are forgotten.
    #[must_use]
    pub fn forgotten(&self, instance: &str) -> PathBuf {
        self.dir.join(format!("forgotten-{instance}.jsonl"))
    }

    fn lock(&self) -> PathBuf {
        self.dir.join("winddownd.lock")
    }
}

/// Where the state is kept if nobody says so: `winddown` under `$XDG_STATE_HOME`, or under
/// `~/.local/state`. `None`: there is no home.
#[must_use]
pub fn usual_dir() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    base.map(|base| base.join("winddown"))
}

/// A state directory that this process alone uses. Dropped, it lets go of it.
#[derive(Debug)]
pub struct StateDir {
    paths: Paths,
    instance: String,
    /// What an earlier daemon left, in words.
    stale: Option<String>,
    /// Invariant: locked for as long as this lives. Let go of last.
    _lock: File,
}

impl StateDir {
    /// Takes the directory, and makes it if it is not there. The PID file says who has it from now on.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn take(dir: &Path) -> Result<Self, StateError> {
        make(dir)?;
        let dir = fs::canonicalize(dir).map_err(failed("find", dir))?;
        check(&dir)?;
        let paths = Paths::new(dir);
        let socket = paths.socket();
        let length = socket.as_os_str().as_bytes().len();
        if length > LONGEST_SOCKET_PATH {
            return Err(StateError::TooLong { path: socket, length });
        }
        let lock = lock::take(&paths)?;
        lock::refuse_another(&paths)?;
        let stale = fs::read_to_string(paths.pid_file()).ok().map(|text| lock::who(&text));
        let state = Self { instance: instance()?, paths, stale, _lock: lock };
        state.write_pid_file()?;
        Ok(state)
    }

    /// The paths in it.
    #[must_use]
    pub const fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Which start of the daemon this is: 16 hexadecimal digits that no other start has.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// What an earlier daemon left that is proven gone, in words.
    #[must_use]
    pub fn stale(&self) -> Option<&str> {
        self.stale.as_deref()
    }

    fn write_pid_file(&self) -> Result<(), StateError> {
        let text = format!("{} {}\n", process::id(), self.instance);
        replace(&self.paths.pid_file(), text.as_bytes())
    }

    /// Removes the PID file, if it is this instance's.
    ///
    /// # Errors
    /// It is there, and could not be read or removed.
    pub fn remove_pid_file(&self) -> io::Result<()> {
        let path = self.paths.pid_file();
        match fs::read_to_string(&path) {
            Ok(text) if text.split_whitespace().nth(1) == Some(&self.instance) => fs::remove_file(path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes how the shutdown went, whole or not at all.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn write_report(&self, report: &[u8]) -> Result<(), StateError> {
        replace(&self.paths.report(), report)
    }

    /// Gives the report of an earlier host another name, if there is one.
    ///
    /// # Errors
    /// It is there, and could not be renamed.
    pub fn set_report_aside(&self) -> Result<(), StateError> {
        let path = self.paths.report();
        match fs::rename(&path, self.paths.old_report()) {
            Ok(()) => sync(self.paths.dir()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("set aside", &path)(error)),
        }
    }
}

/// The PID file goes on every path, also where something fails before there is a host.
impl Drop for StateDir {
    fn drop(&mut self) {
        // There is nobody left who could be told, and the next daemon knows a stale one.
        drop(self.remove_pid_file());
    }
}

/// Makes the directory with those above it, each of them durable before anything is put into it.
fn make(dir: &Path) -> Result<(), StateError> {
    match fs::metadata(dir) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("look at", dir)(error)),
    }
    let parent = match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Ok(()),
    };
    make(parent)?;
    match DirBuilder::new().mode(0o700).create(dir) {
        // Two daemons may start at the same time; the lock says which one it is.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed("make", dir)(error)),
        _ => sync(parent),
    }
}

fn check(dir: &Path) -> Result<(), StateError> {
    let meta = fs::metadata(dir).map_err(failed("look at", dir))?;
    let user = rustix::process::geteuid().as_raw();
    if !meta.is_dir() {
        return Err(StateError::NoDirectory(dir.to_owned()));
    }
    if meta.uid() != user {
        return Err(StateError::Foreign { dir: dir.to_owned(), owner: meta.uid(), user });
    }
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StateError::Open { dir: dir.to_owned(), mode });
    }
    Ok(())
}

/// Sixteen hexadecimal digits that no other start has.
fn instance() -> Result<String, StateError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(failed("read", path))?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

/// Puts a file in place whole or not at all.
fn replace(path: &Path, content: &[u8]) -> Result<(), StateError> {
    let new = path.with_extension("new");
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(failed("write", path))?;
    path.parent().map_or(Ok(()), sync)
}

/// Makes what was made, renamed or removed in a directory durable.
fn sync(dir: &Path) -> Result<(), StateError> {
    File::open(dir).and_then(|file| file.sync_all()).map_err(failed("sync", dir))
}

#[cfg(test)]
mod tests;
