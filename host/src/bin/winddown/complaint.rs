//! Why a command did not work, in words and as an exit code.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use winddown_host::ipc::{BadLine, Problem, ProblemCode};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Complaint {
    #[error(
        "there is neither $XDG_STATE_HOME nor $HOME; say with --state-dir where the daemon keeps its state"
    )]
    NoStateDir,
    #[error(
        "no daemon answers at {path}: {error}\n  start one with `winddownd --config FILE`, or say with --state-dir where it keeps its state"
    )]
    NoDaemon { path: PathBuf, error: io::Error },
    #[error("the daemon at {path} is run by user {owner}, and this is user {user}")]
    Foreign { path: PathBuf, owner: u32, user: u32 },
    #[error("there is no report at {path}: {error}\n  a daemon writes it when it has shut down")]
    NoReport { path: PathBuf, error: io::Error },
    #[error(
        "there is no report at {path}: the host that came up last has left none, or not yet\n  how one before it was shut down is in {old}"
    )]
    NoReportYet { path: PathBuf, old: PathBuf },
    #[error("the daemon is gone and left no report of its shutdown; what it acknowledged is on record")]
    GoneWithoutReport,
    #[error("the report at {path} cannot be read: {error}")]
    BadReport { path: PathBuf, error: serde_json::Error },
    #[error("{}", .0.why)]
    Refused(Problem),
    #[error("the daemon says what this client does not understand: {0}")]
    BadLine(#[from] BadLine),
    #[error("the daemon went away before it answered")]
    Lost,
    #[error("the connection to the daemon broke: {0}")]
    Broken(#[source] io::Error),
    #[error("failed to write the answer: {0}")]
    Output(#[source] io::Error),
}

impl Complaint {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::NoStateDir => 2,
            Self::NoDaemon { .. } | Self::Foreign { .. } => 3,
            Self::NoReport { .. }
            | Self::NoReportYet { .. }
            | Self::GoneWithoutReport
            | Self::BadReport { .. } => 1,
            Self::Refused(problem) => match problem.code {
                ProblemCode::UnknownUnit => 4,
                ProblemCode::Busy | ProblemCode::Refused | ProblemCode::NotRecorded | ProblemCode::Store => 1,
                ProblemCode::BadLine | ProblemCode::TooLong | ProblemCode::Version | ProblemCode::Gone => 5,
            },
            Self::BadLine(_) | Self::Lost | Self::Broken(_) => 5,
            // Who closes the pipe has read enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) => 1,
        }
    }

    pub(crate) fn say(&self) {
        if self.code() != 0 {
            // There is nobody left who could be told that this did not work either.
            drop(writeln!(anstream::stderr(), "error: {self}"));
        }
    }
}
