//! Seeing everything that happens, until the daemon is gone.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use winddown_host::{
    daemon::state_dir::Paths,
    ipc::{Ask, Part, Said, ShutdownRecord},
};

use crate::{complaint::Complaint, output::Output, shutdown::End, talk::Talk};

/// How long a report is looked for where its daemon cannot be seen to end: it is written right after clients are
/// disconnected.
const REPORT_PATIENCE: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(20);

/// Says everything that happens until the daemon is gone. A connection that ends in another way is cut off: who
/// stands on what was said must not take that for all there was.
pub(crate) fn run(paths: &Paths, mut talk: Talk, ask: Ask, output: &mut Output) -> Result<u8, Complaint> {
    let daemon = End::of(&talk);
    let instance = paths.instance();
    let mut is_told = false;
    talk.ask(ask)?;
    while let Some(reply) = talk.reply_or(|left| output.countdown(left))? {
        match reply.said {
            Said::Part(part) => {
                if let Part::DaemonShutdown { shutdown_in_seconds, .. } = part {
                    is_told = true;
                    if let Some(seconds) = shutdown_in_seconds {
                        talk.count_down(seconds);
                    }
                }
                output.part(&part, talk.took())?;
            }
            Said::Ok(_) => output.attached()?,
            Said::Error(problem) => return Err(Complaint::Refused(problem)),
        }
    }
    output.gone()?;
    if is_told && has_shut_down(paths, daemon, instance.as_deref())? {
        return Ok(0);
    }
    Err(Complaint::CutOff)
}

/// Whether the daemon has come to the end of its shutdown, which is when it writes its report.
fn has_shut_down(paths: &Paths, daemon: Option<End>, instance: Option<&str>) -> Result<bool, Complaint> {
    let patience = if daemon.is_some() { Duration::ZERO } else { REPORT_PATIENCE };
    if let Some(daemon) = daemon {
        daemon.wait().map_err(Complaint::Broken)?;
    }
    let until = Instant::now() + patience;
    // The next daemon, which may be up already, has set it aside.
    while ![paths.report(), paths.old_report()].iter().any(|path| is_of(fs::read(path).ok(), instance)) {
        if Instant::now() >= until {
            return Ok(false);
        }
        thread::sleep(GLANCE);
    }
    Ok(true)
}

/// Whether a report is that of an instance. Where nobody knows which one it was, any report may be its.
fn is_of(text: Option<Vec<u8>>, instance: Option<&str>) -> bool {
    let record = text.and_then(|text| serde_json::from_slice::<ShutdownRecord>(&text).ok());
    record.is_some_and(|record| instance.is_none_or(|instance| record.instance == instance))
}
