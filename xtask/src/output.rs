//! What goes out: text, exit codes, and what to do when nobody reads any more.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// All claims held.
    Clean,
    /// A claim is broken.
    Broken,
    /// Usage, or bad input.
    Usage,
    /// Not deterministic.
    Divergent,
    /// Nothing ran.
    Nothing,
    /// Interrupted.
    Interrupted,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(match code {
            Code::Clean => 0,
            Code::Broken => 1,
            Code::Usage => 2,
            Code::Divergent => 3,
            Code::Nothing => 4,
            Code::Interrupted => 130,
        })
    }
}

/// Prints to standard output, with colour only where it is wanted and understood.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints one JSON object on a line of its own.
pub(crate) fn print_json(value: &serde_json::Value) -> io::Result<()> {
    print(&format!("{value}\n"))
}

/// Tells standard error. If even that is closed, there is nobody to tell.
pub(crate) fn complain(text: &str) {
    let mut out = anstream::stderr().lock();
    drop(writeln!(out, "{text}"));
}

pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
