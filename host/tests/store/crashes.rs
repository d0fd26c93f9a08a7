//! Crashes, by the thousand, and what is found after each.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use tempfile::TempDir;

use crate::{
    harness::{Random, file_in},
    vfs::{Files, Happened, Loss, Power, put},
};

/// Says what is wrong with what is left, given what was acknowledged.
pub(crate) type Check = fn(&Path, &BTreeSet<u32>) -> Result<(), String>;

/// Lets the power go after everything that happened, and counts what was lost.
pub(crate) struct Crashes {
    /// How often after each thing that happened.
    each: u32,
    /// After one in so many of the things that happened.
    one_in: u32,
    check: Check,
    random: Random,
    /// States that were looked at, so that none is twice.
    pub(crate) seen: BTreeSet<u64>,
    pub(crate) states: u32,
    /// What was wrong with each state that was not as it should be.
    pub(crate) lost: Vec<String>,
}

impl Crashes {
    pub(crate) fn new(each: u32, one_in: u32, check: Check) -> Self {
        Self { each, one_in, check, random: Random(7), seen: BTreeSet::new(), states: 0, lost: Vec::new() }
    }

    /// Plays what happened from `power` on. Gives back one of the states that are left by a power loss, with
    /// what was acknowledged before it.
    pub(crate) fn play(
        &mut self,
        power: &mut Power,
        happened: &[Happened],
        acknowledged: &mut BTreeSet<u32>,
    ) -> (Files, BTreeSet<u32>) {
        let chosen = self.random.below(happened.len() as u64);
        let mut one = None;
        for (place, happened) in (0..).zip(happened) {
            power.happen(happened, &mut Loss::random(&mut self.random));
            if let Happened::Acknowledged(number) = happened {
                acknowledged.insert(*number);
            }
            let looks = u32::from(self.random.below(self.one_in.into()) == 0) * self.each;
            for _ in 0..looks {
                let left = self.fail(power);
                self.look_at(&left, acknowledged);
            }
            if place == chosen {
                one = Some((self.fail(power), acknowledged.clone()));
            }
        }
        one.unwrap_or_else(|| (self.fail(power), acknowledged.clone()))
    }

    /// What could be left if the power went at this moment.
    fn fail(&mut self, power: &Power) -> Files {
        power.clone().fail(&mut Loss::random(&mut self.random))
    }

    pub(crate) fn look_at(&mut self, left: &Files, acknowledged: &BTreeSet<u32>) {
        self.states += 1;
        let mut hasher = DefaultHasher::new();
        (left, acknowledged).hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return;
        }
        let directory = fast_directory();
        put(left, directory.path());
        if let Err(what) = (self.check)(&file_in(&directory), acknowledged) {
            self.lost.push(what);
        }
    }
}

/// What is on a disk when a store is opened for the first time: its file is made by the store itself, and
/// its name is synced before SQLite comes to it.
pub(crate) fn nothing_yet() -> Files {
    [("state.db".into(), Vec::new())].into()
}

/// A directory that is gone with the power, as nothing of it is needed for longer.
pub(crate) fn fast_directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
