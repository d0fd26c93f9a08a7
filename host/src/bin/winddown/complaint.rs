//! Why a command did not work, in words and as an exit code.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use serde_json::json;
use winddown_host::ipc::{BadLine, Problem, ProblemCode, VERSION};

use crate::cli::Format;

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
    #[error(
        "the daemon at {path} is in another PID namespace, from where its end cannot be waited for\n  shut it down from a shell beside it (such as `docker exec` gives, or `nsenter --target PID --pid`), or ask with --no-wait, and read `winddown report` later"
    )]
    OtherNamespace { path: PathBuf },
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
    #[error(
        "cut off: the connection ended, and the daemon has not told of a shutdown that it went through; it was killed, or this read too slowly\n  `winddown list` says whether it answers; then attach again"
    )]
    CutOff,
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
            Self::OtherNamespace { .. }
            | Self::NoReport { .. }
            | Self::NoReportYet { .. }
            | Self::GoneWithoutReport
            | Self::BadReport { .. } => 1,
            Self::Refused(problem) => match problem.code {
                ProblemCode::UnknownUnit => 4,
                ProblemCode::Busy | ProblemCode::Refused | ProblemCode::NotRecorded | ProblemCode::Store => 1,
                ProblemCode::BadLine | ProblemCode::TooLong | ProblemCode::Version | ProblemCode::Gone => 5,
            },
            Self::BadLine(_) | Self::Lost | Self::CutOff | Self::Broken(_) => 5,
            // Who closes the pipe has read enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) => 1,
        }
    }

    /// What kind of complaint it is, for programs. Those of the daemon have their own words.
    fn word(&self) -> String {
        let word = match self {
            Self::NoStateDir => "no-state-dir",
            Self::NoDaemon { .. } => "no-daemon",
            Self::Foreign { .. } => "foreign",
            Self::OtherNamespace { .. } => "other-namespace",
            Self::NoReport { .. } | Self::NoReportYet { .. } => "no-report",
            Self::GoneWithoutReport => "gone-without-report",
            Self::BadReport { .. } => "bad-report",
            // A word of the protocol can be written as JSON, and is text.
            Self::Refused(problem) => {
                return json!(problem.code).as_str().unwrap_or_default().to_owned();
            }
            Self::BadLine(_) => "bad-line",
            Self::Lost => "lost",
            Self::CutOff => "cut-off",
            Self::Broken(_) => "broken",
            Self::Output(_) => "output",
        };
        word.to_owned()
    }

    pub(crate) fn say(&self, format: Format) {
        if self.code() == 0 {
            return;
        }
        let text = self.to_string();
        match format {
            Format::Human => complain(&format!("error: {text}")),
            Format::Json => complain(&as_json(&self.word(), &text, self.code())),
        }
    }
}

/// The command line makes no sense, or is a question that is answered. Says so, and gives the exit code.
pub(crate) fn usage(error: &clap::Error, format: Format) -> u8 {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if format == Format::Json && error.use_stderr() {
        let text = error.render().to_string();
        complain(&as_json("usage", text.trim_start_matches("error: "), code));
    } else {
        // There is nobody left who could be told that this did not work either.
        drop(error.print());
    }
    code
}

/// One line: the first paragraph, or line, of a text is what is wrong, and the rest what to do.
fn as_json(word: &str, text: &str, exit: u8) -> String {
    let text = text.trim_end();
    let (message, rest) = text.split_once('\n').unwrap_or((text, ""));
    let hint: Vec<&str> = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let hint = (!hint.is_empty()).then(|| hint.join("; "));
    json!({ "type": "error", "v": VERSION, "code": word, "message": message, "hint": hint, "exit": exit })
        .to_string()
}

fn complain(text: &str) {
    // There is nobody left who could be told that this did not work either.
    drop(writeln!(anstream::stderr(), "{text}"));
}
