//! What every process of a tree is to be told, also those that have left its group.

use std::io;

use rustix::process::Signal;

use super::census::Member;

/// Signals that each process of a tree is to get once.
#[derive(Debug)]
pub(crate) struct Errand {
    signals: &'static [Signal],
    /// The pause that this is.
    pause: Option<u32>,
    /// The group has got them already.
    group_knows: bool,
    told: Vec<Member>,
}

/// How far an errand has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// Nobody is left who is to be told.
    All,
    /// Those who were found; they may have started others before they heard of it.
    More,
    /// Some could not be told for now.
    NotAll,
}

impl Errand {
    /// Tells whoever is there. Who is started later comes from somebody who knows.
    pub(crate) const fn tell(signals: &'static [Signal], group_knows: bool) -> Self {
        Self { signals, pause: None, group_knows, told: Vec::new() }
    }

    /// Tells whoever is there, and whoever comes, until nobody comes any more.
    pub(crate) const fn hold_still(pause: u32) -> Self {
        Self { signals: &[Signal::STOP], pause: Some(pause), group_knows: false, told: Vec::new() }
    }

    pub(crate) const fn pause(&self) -> Option<u32> {
        self.pause
    }

    /// Tells those who have not heard it yet.
    pub(crate) fn pass_on(&mut self, members: &[Member]) -> Told {
        let (mut found_new, mut all) = (false, true);
        for member in members {
            if (self.group_knows && member.in_group) || self.told.iter().any(|it| it.is(member)) {
                continue;
            }
            match member.signal(self.signals) {
                // What may not be reached lives on, and the ladder goes on without it.
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => all = false,
                Ok(()) | Err(_) => {
                    self.told.push(*member);
                    found_new = true;
                }
            }
        }
        match (all, found_new && self.pause.is_some()) {
            (false, _) => Told::NotAll,
            (true, true) => Told::More,
            (true, false) => Told::All,
        }
    }
}

/// Signals each of them, whatever became of the one before. Says what went wrong first.
pub(crate) fn signal_all(members: &[Member], signal: Signal) -> io::Result<()> {
    let mut first = Ok(());
    for member in members {
        let result = member.signal(&[signal]);
        first = first.and(result);
    }
    first
}
