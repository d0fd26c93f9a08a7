//! `winddown`: asks a running `winddownd`, and says what it answered.

mod attach;
mod cli;
mod complaint;
mod output;
mod postmortem;
mod record;
mod shutdown;
mod talk;

use std::process::ExitCode;

use clap::Parser as _;
use winddown_host::{
    daemon::state_dir::{Paths, usual_dir},
    ipc::{Answer, Ask, Said},
};

use self::{
    cli::{Cli, Command, Format},
    complaint::Complaint,
    output::Output,
    talk::Talk,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(complaint::usage(&error, Format::asked_for())),
    };
    let format = cli.format;
    match run(cli, &mut Output::new(format)) {
        Ok(code) => ExitCode::from(code),
        Err(complaint) => {
            complaint.say(format);
            ExitCode::from(complaint.code())
        }
    }
}

fn run(cli: Cli, output: &mut Output) -> Result<u8, Complaint> {
    let dir = cli.state_dir.or_else(usual_dir).ok_or(Complaint::NoStateDir)?;
    let paths = Paths::new(dir);
    let ask = match cli.command {
        Command::Report => return record::run(&paths, output),
        Command::Shutdown { force, within, no_wait } => {
            let talk = Talk::to(&paths, cli.wait)?;
            return shutdown::run(&paths, talk, Ask::Shutdown { force, within }, no_wait, output);
        }
        Command::Attach { unit } => {
            return attach::run(&paths, Talk::to(&paths, cli.wait)?, Ask::Attach { unit }, output);
        }
        Command::Start { unit } => Ask::Start { unit },
        Command::Stop { unit, force, within } => Ask::Stop { unit, force, within },
        Command::Restart { unit } => Ask::Restart { unit },
        Command::Cancel { unit, reason } => Ask::Cancel { unit, reason },
        Command::Pause { unit } => Ask::Pause { unit },
        Command::Resume { unit } => Ask::Resume { unit },
        Command::List => Ask::List {},
        Command::Inspect { unit } => Ask::Inspect { unit },
        Command::Findings { unit, after, limit } => Ask::Findings { unit, after, limit },
    };
    once(Talk::to(&paths, cli.wait)?, ask, output)
}

/// Asks one thing, and says all of its answer.
fn once(mut talk: Talk, ask: Ask, output: &mut Output) -> Result<u8, Complaint> {
    talk.ask(ask.clone())?;
    loop {
        let reply = talk.reply()?.ok_or(Complaint::Lost)?;
        match reply.said {
            Said::Part(part) if reply.id == 0 => output.aside(&part)?,
            Said::Part(part) => output.part(&part, talk.took())?,
            Said::Ok(answer) => {
                output.answer(&ask, &answer, talk.took())?;
                // "It was not running" is an answer, and no success.
                return Ok(u8::from(answer == Answer::Cancelled(false)));
            }
            Said::Error(problem) => return Err(Complaint::Refused(problem)),
        }
    }
}
