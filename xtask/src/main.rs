//! `cargo xtask`: runs, sweeps and replays the simulator, and keeps the golden hashes.

mod bench;
mod breach;
mod cli;
mod diff;
mod explore;
mod golden;
mod interrupt;
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

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;

use crate::{
    cli::{Cli, Command, SimArguments},
    output::{Code, complain, json_line, plain_lines},
};

fn main() -> ExitCode {
    let in_json = wants_json();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if in_json && error.use_stderr() => return failed(&error.render().to_string(), true),
        Err(error) => error.exit(),
    };
    let result = match cli.command {
        Command::Sim(arguments) => simulate(&arguments),
        Command::Golden(arguments) => golden::run(&arguments),
        Command::Explore(arguments) => explore::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Torture(arguments) => torture::run(&arguments),
    };
    match result {
        Ok(code) => code.into(),
        Err(error) => failed(&format!("error: {error:#}"), in_json),
    }
}

/// Says what is wrong: in words, or as one object on a line.
fn failed(text: &str, in_json: bool) -> ExitCode {
    if in_json {
        complain(&json_line(&json::error(text.trim_start_matches("error: ").trim_end(), Code::Usage)));
    } else {
        complain(&plain_lines(text));
    }
    Code::Usage.into()
}

/// Whether answers are for a program, also where the command line as a whole makes no sense.
fn wants_json() -> bool {
    let words: Vec<OsString> = std::env::args_os().collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
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
