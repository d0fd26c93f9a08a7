//! The report of the last shutdown, as it is in the state directory.

use std::{fs, io::ErrorKind};

use winddown_host::{daemon::state_dir::Paths, ipc::ShutdownRecord};

use crate::{complaint::Complaint, output::Output};

pub(crate) fn run(paths: &Paths, output: &mut Output) -> Result<u8, Complaint> {
    let path = paths.report();
    let text =
        fs::read(&path).map_err(|error| match Some(paths.old_report()).filter(|old| old.exists()) {
            Some(old) if error.kind() == ErrorKind::NotFound => Complaint::NoReportYet { path, old },
            Some(_) | None => Complaint::NoReport { path, error },
        })?;
    output.record(&parse(paths, &text)?)?;
    Ok(0)
}

pub(crate) fn parse(paths: &Paths, text: &[u8]) -> Result<ShutdownRecord, Complaint> {
    serde_json::from_slice(text).map_err(|error| Complaint::BadReport { path: paths.report(), error })
}
