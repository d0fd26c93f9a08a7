//! What is told: a row for each torment as it is over, what failed, and what that is worth.

use std::{io, path::Path, time::Duration};

use serde_json::json;
use winddown_sim::quoted;

use super::{
    census::Marked,
    home::{Arena, words},
    kinds::Torment,
    run::{Failure, Told},
};
use crate::{
    cli::Format,
    json::SCHEMA,
    output::{BAD, GOOD, print, print_json, styled},
};

/// What is told of all torments.
#[derive(Debug)]
pub(super) struct Table {
    format: Format,
    options: String,
    rows: u64,
    failed: Vec<&'static str>,
}

impl Table {
    /// `options`: what was said on the command line and changes what happens, as [`options`] writes it.
    pub(super) const fn new(format: Format, options: String) -> Self {
        Self { format, options, rows: 0, failed: Vec::new() }
    }

    pub(super) fn head(&self, arena: &Arena, origin: &str, seed: u64) -> io::Result<()> {
        match self.format {
            Format::Text => print(&format!(
                "daemon: {origin}\nseed: {seed}{}\n\n{:<18}{:<34}{:>9}{:>10}  {:<20}{:>9}{:>9}  bound\n",
                match arena.patience() {
                    1 => String::new(),
                    times => format!(", all times allowed {times}-fold"),
                },
                "torment",
                "what must hold",
                "trials",
                "failures",
                "slowest",
                "ms",
                "seconds",
            )),
            Format::Json => print_json(&json!({
                "type": "torture-begins", "schema": SCHEMA, "daemon": origin, "seed": seed,
                "patience": arena.patience(),
            })),
        }
    }

    /// Tells of one torment.
    pub(super) fn row(&mut self, told: &Told) -> io::Result<()> {
        self.rows += 1;
        if !told.failures.is_empty() {
            self.failed.push(told.torment.name);
        }
        match self.format {
            Format::Text => print(&text(told, &self.options)),
            Format::Json => print_json(&object(told, &self.options)),
        }
    }

    /// Tells of all of them, and of processes that outlived them.
    pub(super) fn foot(&self, left: &[Marked], interrupted: bool) -> io::Result<()> {
        if self.format == Format::Json {
            return print_json(&json!({
                "type": "torture", "schema": SCHEMA, "torments": self.rows, "failed": self.failed,
                "left": left.iter().map(|process| process.words.as_str()).collect::<Vec<_>>(),
                "interrupted": interrupted,
            }));
        }
        let mut text = String::from("\n");
        if !left.is_empty() {
            text += &format!("{}\n", styled(BAD, &format!("left alive, and ended: {}", words(left))));
        }
        if interrupted {
            text += "interrupted\n";
        }
        text += &if self.failed.is_empty() {
            styled(GOOD, "everything held; no failure in n trials bounds the rate of failures at 3/n")
        } else {
            styled(BAD, &format!("not so: {}", self.failed.join(", ")))
        };
        print(&format!("{text}\n"))
    }
}

fn text(told: &Told, options: &str) -> String {
    let Told { torment, trials, failures, slowest, elapsed } = told;
    let slowest = if slowest.is_zero() {
        format!("{:<20}{:>9}", "-", "")
    } else {
        format!("{:<20}{:>9}", torment.slowest, slowest.as_millis())
    };
    let row = format!(
        "{:<18}{:<34}{trials:>9}{:>10}  {slowest}{:>9}  {}\n",
        torment.name,
        torment.holds,
        failures.len(),
        seconds(*elapsed),
        bound(*trials, failures.len()),
    );
    let row = if failures.is_empty() { row } else { format!("{}\n", styled(BAD, row.trim_end())) };
    row + &failures.iter().map(|failure| failure_text(torment, failure, options)).collect::<String>()
}

/// What the number of trials is worth.
fn bound(trials: u64, failures: usize) -> String {
    match (failures, trials) {
        (0, 4..) => format!("1 in {}", trials / 3),
        _ => "-".to_owned(),
    }
}

fn failure_text(torment: &Torment, failure: &Failure, options: &str) -> String {
    let log: String = failure.log.lines().map(|line| format!("      | {line}\n")).collect();
    format!(
        "    {}\n      again: {}\n      kept:  {}\n{log}",
        failure.what,
        again(torment, failure, options),
        failure.kept.display(),
    )
}

/// The command that makes the same choices again.
fn again(torment: &Torment, failure: &Failure, options: &str) -> String {
    let Failure { seed, goal, .. } = failure;
    format!("cargo xtask torture {} --seed {seed} --trials {goal}{options}", torment.name)
}

/// The options that a command needs, beside its choices, to do the same: each one after a space.
pub(super) fn options(daemon: Option<&Path>, patience: u32) -> String {
    let daemon = daemon.map(|file| format!(" --daemon {}", quoted(&file.to_string_lossy())));
    let patience = Some(patience).filter(|times| *times > 1).map(|times| format!(" --patience {times}"));
    [daemon, patience].into_iter().flatten().collect()
}

fn object(told: &Told, options: &str) -> serde_json::Value {
    let Told { torment, trials, failures, slowest, elapsed } = told;
    let failures: Vec<serde_json::Value> = failures
        .iter()
        .map(|failure| {
            json!({
                "seed": failure.seed, "what": failure.what, "log": failure.log,
                "kept": failure.kept.display().to_string(), "again": again(torment, failure, options),
            })
        })
        .collect();
    json!({
        "type": "torment", "schema": SCHEMA, "name": torment.name, "trials": trials, "of": torment.unit,
        "failures": failures, "slowest": torment.slowest, "slowest_millis": millis(*slowest),
        "elapsed_millis": millis(*elapsed), "full": torment.full,
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(time: Duration) -> String {
    format!("{}.{}", time.as_secs(), time.subsec_millis() / 100)
}

/// Says which torments there are.
pub(super) fn list(torments: &[&'static Torment], format: Format) -> io::Result<()> {
    for torment in torments {
        let Torment { name, fault, holds, unit, short, full, aim, .. } = torment;
        match format {
            Format::Text => print(&format!(
                "{name}\n    {fault}\n    must hold: {holds}\n    {short} {unit}, full {full}; {aim}\n"
            ))?,
            Format::Json => print_json(&json!({
                "type": "torment-known", "schema": SCHEMA, "name": name, "fault": fault, "holds": holds,
                "of": unit, "short": short, "full": full, "aim": aim,
            }))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_told_where_there_is_one() {
        assert_eq!(bound(300, 0), "1 in 100");
        assert_eq!((bound(300, 1), bound(3, 0)), ("-".to_owned(), "-".to_owned()));
    }

    #[test]
    fn what_plays_a_failure_again_has_every_option_that_matters() {
        let torment = &super::super::kinds::ALL[0];
        let failure =
            Failure { seed: 7, goal: 20, what: String::new(), log: String::new(), kept: "kept".into() };
        let plain = format!("cargo xtask torture {} --seed 7 --trials 20", torment.name);
        assert_eq!(again(torment, &failure, &options(None, 1)), plain);
        let all = options(Some(Path::new("/a b/winddownd")), 5);
        let whole = format!("{plain} --daemon '/a b/winddownd' --patience 5");
        assert_eq!(again(torment, &failure, &all), whole);
        let told = Told {
            torment,
            trials: 20,
            failures: vec![failure],
            slowest: Duration::ZERO,
            elapsed: Duration::ZERO,
        };
        assert!(text(&told, &all).contains(&whole), "{}", text(&told, &all));
        assert_eq!(object(&told, &all)["failures"][0]["again"], whole);
    }

    #[test]
    fn names_are_different_and_fit_their_columns() {
        let mut names: Vec<_> = super::super::kinds::ALL.iter().map(|torment| torment.name).collect();
        assert!(names.iter().all(|name| name.len() < 18));
        assert!(super::super::kinds::ALL.iter().all(|torment| torment.holds.len() < 34));
        assert!(super::super::kinds::ALL.iter().all(|torment| torment.short <= torment.full));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), super::super::kinds::ALL.len());
    }
}
