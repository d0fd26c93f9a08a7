//! `cargo xtask`: runs, sweeps and replays the simulator, and keeps the golden hashes.

mod bench;
mod breach;
mod cli;
mod diff;
mod explore;
mod golden;
mod journal;
mod json;
mod look;
mod mutants;
mod output;
mod play;
mod replay;
mod shrink;
mod summary;
mod sweep;
mod torture;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::{
    cli::{Cli, Command, SimArguments},
    output::{Code, complain},
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Sim(arguments) => simulate(&arguments),
        Command::Golden(arguments) => golden::run(&arguments),
        Command::Explore(arguments) => explore::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Torture(arguments) => torture::run(&arguments),
    };
    let code = result.unwrap_or_else(|error| {
        complain(&format!("error: {error:#}"));
        Code::Usage
    });
    code.into()
}

fn simulate(arguments: &SimArguments) -> Result<Code> {
    if let Some(file) = &arguments.journal {
        return journal::run(file, arguments.format);
    }
    let looks = arguments.until.is_some() || arguments.at.is_some();
    match (arguments.seed, &arguments.replay) {
        (Some(seed), _) if arguments.shrink => shrink::run_seed(arguments, seed),
        (None, None) => sweep::run(arguments),
        (Some(_), _) | (None, Some(_)) if looks => look::run(arguments),
        (Some(_), _) | (None, Some(_)) if arguments.diff.is_some() => diff::run(arguments),
        (Some(seed), _) => play::run(arguments, seed),
        (None, Some(file)) => replay::run(arguments, file),
    }
}
