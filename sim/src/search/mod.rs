//! Where to look: which of all the runs there could be a seed stands for, and what answers in it.

mod priorities;
mod source;

pub use self::{priorities::Priorities, source::Source};

use crate::chooser::{Chooser, Label, Random};

/// What answers in the run of a seed.
#[derive(Clone, Debug)]
pub enum Answers {
    /// Chance.
    Random(Random),
    /// Chance, but for who is next.
    Priorities(Priorities),
}

impl Chooser for Answers {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        match self {
            Self::Random(random) => random.choose(label, count),
            Self::Priorities(priorities) => priorities.choose(label, count),
        }
    }

    fn turn(&mut self, count: usize, who: &dyn Fn(usize) -> u32) -> usize {
        match self {
            Self::Random(random) => random.turn(count, who),
            Self::Priorities(priorities) => priorities.turn(count, who),
        }
    }
}
