//! Shutting the daemon down, and waiting until it is gone.

use std::{fs, io, os::fd::OwnedFd};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, pidfd_open},
};
use winddown_host::{
    daemon::state_dir::Paths,
    ipc::{Answer, Ask, Part, Said},
};

use crate::{complaint::Complaint, output::Output, record, talk::Talk};

pub(crate) fn run(
    paths: &Paths,
    mut talk: Talk,
    ask: Ask,
    no_wait: bool,
    output: &mut Output,
) -> Result<u8, Complaint> {
    let daemon = End::of(&talk);
    if !no_wait && daemon.is_none() {
        return Err(Complaint::OtherNamespace { path: paths.socket() });
    }
    talk.ask(ask.clone())?;
    let mut instance = None;
    while let Some(reply) = talk.reply_or(|left| output.countdown(left))? {
        match reply.said {
            Said::Part(part) => {
                if let Part::DaemonShutdown { shutdown_in_seconds: Some(seconds), .. } = part {
                    talk.count_down(seconds);
                }
                output.aside(&part)?;
            }
            Said::Ok(answer) => {
                if no_wait {
                    output.answer(&ask, &answer, talk.took())?;
                    return Ok(0);
                }
                if let Answer::ShuttingDown { instance: its } = answer {
                    instance = Some(its);
                }
            }
            Said::Error(problem) => return Err(Complaint::Refused(problem)),
        }
    }
    let instance = instance.ok_or(Complaint::Lost)?;
    if let Some(daemon) = daemon {
        daemon.wait().map_err(Complaint::Broken)?;
    }
    let text = fs::read(paths.report()).map_err(|_| Complaint::GoneWithoutReport)?;
    let record = record::parse(paths, &text)?;
    if record.instance != instance {
        return Err(Complaint::GoneWithoutReport);
    }
    output.record(&record)?;
    Ok(u8::from(record.code != 0))
}

/// The end of a daemon's process.
pub(crate) struct End {
    pid: Pid,
    /// Held from before the first question on, so that another process with the same number is never meant.
    process: rustix::io::Result<OwnedFd>,
}

impl End {
    /// `None`: it cannot be waited for from this PID namespace.
    pub(crate) fn of(talk: &Talk) -> Option<Self> {
        talk.daemon().map(|pid| Self { pid, process: pidfd_open(pid, PidfdFlags::empty()) })
    }

    /// The kernel says when a process is gone. There is nothing to wait for if it was gone before.
    pub(crate) fn wait(self) -> io::Result<()> {
        let daemon = match self.process {
            Ok(daemon) => daemon,
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => {
                let why = format!("process {} cannot be waited for: {error}", self.pid.as_raw_nonzero());
                return Err(io::Error::other(why));
            }
        };
        loop {
            match poll(&mut [PollFd::new(&daemon, PollFlags::IN)], None) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
