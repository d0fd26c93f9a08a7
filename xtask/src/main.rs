//! `cargo xtask`: runs, sweeps and replays the simulator, and keeps the golden hashes.

mod bench;
mod breach;
mod cli;
mod golden;
mod json;
mod output;
mod play;
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
        Command::Sim(arguments) => match arguments.seed {
            Some(seed) => play::run(&arguments, seed),
            None => sweep::run(&arguments),
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
