//! `cargo xtask`: runs, sweeps and replays the simulator, and keeps the golden hashes.

mod breach;
mod cli;
mod golden;
mod json;
mod output;
mod play;
mod sweep;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command},
    output::{Code, is_closed_pipe},
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Sim(arguments) => {
            if let Some(seeds) = arguments.sweep_range() {
                sweep::run(&arguments, seeds)
            } else {
                play::run(&arguments)
            }
        }
        Command::Golden(arguments) => golden::run(&arguments),
    };
    match result {
        Ok(code) => code.into(),
        // Whoever reads has seen enough; that is no failure of ours.
        Err(error) if is_closed_pipe(&error) => Code::Clean.into(),
        Err(error) => {
            output::complain(&format!("error: {error:#}"));
            Code::Usage.into()
        }
    }
}
