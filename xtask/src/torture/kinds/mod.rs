//! The torments.

mod frames;
mod frozen;
mod half_open;
mod ids;
mod kill;
mod modes;
mod orphans;
mod race;
mod signal_storm;
mod stopped;
mod term_during_start;
mod tokens;

use anyhow::Result;

use super::run::Round;

/// What can be done to a daemon, and what must hold in spite of it.
#[derive(Debug)]
pub(super) struct Torment {
    pub(super) name: &'static str,
    /// What is done.
    pub(super) fault: &'static str,
    /// What must hold, in so few words that they fit into a table.
    pub(super) holds: &'static str,
    /// What is counted.
    pub(super) unit: &'static str,
    /// What the slowest time is the time of.
    pub(super) slowest: &'static str,
    /// How many trials are made in one home.
    pub(super) batch: u64,
    /// How many trials a short run makes, and a full one.
    pub(super) short: u64,
    pub(super) full: u64,
    /// What winddown aims at.
    pub(super) aim: &'static str,
    /// Makes a round of trials. An error is what did not hold.
    pub(super) play: fn(&mut Round<'_>) -> Result<()>,
}

/// All of them, in the order in which they are played.
pub(super) const ALL: &[Torment] = &[
    kill::TORMENT,
    term_during_start::TORMENT,
    signal_storm::TORMENT,
    stopped::TORMENT,
    frozen::TORMENT,
    orphans::TORMENT,
    race::TORMENT,
    modes::TORMENT,
    frames::TORMENT,
    half_open::TORMENT,
    ids::TORMENT,
    tokens::TORMENT,
];

pub(super) fn named(name: &str) -> Result<&'static Torment, String> {
    ALL.iter().find(|torment| torment.name == name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|torment| torment.name).collect();
        format!("there is no such torment; there are {}", names.join(", "))
    })
}
