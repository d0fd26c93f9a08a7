//! `cargo xtask`: runs, sweeps and replays the simulator, and keeps the golden hashes.

mod bench;
mod breach;
mod cli;
mod golden;
mod json;
mod output;
mod play;
mod replay;
mod shrink;
mod summary;
mod sweep;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command},
    output::{Code, complain},
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Sim(arguments) => match (arguments.seed, &arguments.replay) {
            (Some(seed), _) if arguments.shrink => shrink::run_seed(&arguments, seed),
            (Some(seed), _) => play::run(&arguments, seed),
            (None, Some(file)) => replay::run(&arguments, file),
            (None, None) => sweep::run(&arguments),
        },
        Command::Golden(arguments) => golden::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    let code = result.unwrap_or_else(|error| {
        complain(&format!("error: {error:#}"));
        Code::Usage
    });
    code.into()
}
