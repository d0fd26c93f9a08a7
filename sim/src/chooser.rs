//! Where every choice of a simulated run comes from.
//!
//! The simulation asks one question only: which of so many? Menus go from the mildest answer to the
//! nastiest, so a run of small answers is a calm run. Whoever answers (a seed, a tape, a feature, an
//! exhaustive search) decides the run; replay, shrinking and fuzzing are one mechanism.

use winddown_core::Span;

use crate::entropy::Stream;

/// Which part of the world asks. Each has answers of its own, so that parts do not disturb each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Label {
    /// What the scenario is.
    Scenario,
    /// Which faults there are, and how often.
    Swarm,
    /// When operators ask for what.
    Operators,
    /// What bodies do.
    Bodies,
    /// How long writes take, and whether they fail.
    Store,
    /// What clients do.
    Clients,
    /// How long the host's own steps take.
    Host,
    /// What is first of what happens in the same instant.
    Order,
    /// Where it crashes.
    Crash,
    /// What a generated scenario has beyond the contracts.
    Variety,
}

impl Label {
    /// All of them, in declaration order.
    pub const ALL: [Self; 10] = [
        Self::Scenario,
        Self::Swarm,
        Self::Operators,
        Self::Bodies,
        Self::Store,
        Self::Clients,
        Self::Host,
        Self::Order,
        Self::Crash,
        Self::Variety,
    ];

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Swarm => "swarm",
            Self::Operators => "operators",
            Self::Bodies => "bodies",
            Self::Store => "store",
            Self::Clients => "clients",
            Self::Host => "host",
            Self::Order => "order",
            Self::Crash => "crash",
            Self::Variety => "variety",
        }
    }
}

/// Who acts when nobody does: the storm ends by itself. Whoever is for somebody is against this one.
pub const NOBODY: u32 = 0;

/// Answers the simulation's questions.
pub trait Chooser {
    /// One of `0..count`. 0 is the mildest. `count` is at least 1.
    fn choose(&mut self, label: Label, count: u64) -> u64;

    /// Which of so many does the next thing, where any of them may: a place in the line. `who` says who acts
    /// at a place, for those who choose somebody and not just a place.
    fn turn(&mut self, count: usize, _who: &dyn Fn(usize) -> u32) -> usize {
        usize::try_from(self.choose(Label::Order, count as u64)).unwrap_or_default()
    }

    /// A span between two, both included.
    fn span(&mut self, label: Label, shortest: Span, longest: Span) -> Span {
        let extra = longest.minus(shortest).nanos();
        if extra == 0 {
            return shortest;
        }
        shortest.plus(Span::from_nanos(self.choose(label, extra.saturating_add(1))))
    }

    /// Whether something nasty happens that does so `rate` times in a thousand. Asks nothing if it
    /// never does.
    fn strikes(&mut self, label: Label, rate: u16) -> bool {
        rate > 0 && self.choose(label, 1_000) >= 1_000 - u64::from(rate.min(1_000))
    }
}

/// Answers from a seed.
#[derive(Clone, Debug)]
pub struct Random([Stream; Label::ALL.len()]);

impl Random {
    /// The answers that belong to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Label::ALL.map(|label| Stream::new(seed, label)))
    }
}

impl Chooser for Random {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        self.0[label as usize].below(count)
    }
}

/// Always the mildest answer: nothing fails, everything is as fast as it can be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mild;

impl Chooser for Mild {
    fn choose(&mut self, _label: Label, _count: u64) -> u64 {
        0
    }
}

/// The answers of a run, by who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape(pub [Vec<u64>; Label::ALL.len()]);

impl Tape {
    /// The same answers without the mildest ones at the ends, which need not be written down.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        for answers in &mut self.0 {
            let end = answers.iter().rposition(|answer| *answer != 0).map_or(0, |last| last + 1);
            answers.truncate(end);
        }
        self
    }
}

/// Writes down what another chooser answers.
#[derive(Clone, Debug, Default)]
pub struct Recorded<C> {
    /// Who answers.
    pub inner: C,
    /// What was answered so far.
    pub tape: Tape,
}

impl<C: Chooser> Chooser for Recorded<C> {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        let answer = self.inner.choose(label, count);
        self.tape.0[label as usize].push(answer);
        answer
    }

    fn turn(&mut self, count: usize, who: &dyn Fn(usize) -> u32) -> usize {
        let answer = self.inner.turn(count, who);
        self.tape.0[Label::Order as usize].push(answer as u64);
        answer
    }
}

/// Answers from a tape; mildly where the tape is at its end. Any tape is a valid one: an answer that is
/// too large for its menu is wrapped.
#[derive(Clone, Debug)]
pub struct Replay {
    tape: Tape,
    places: [usize; Label::ALL.len()],
}

impl Replay {
    /// Answers from this tape.
    #[must_use]
    pub const fn new(tape: Tape) -> Self {
        Self { tape, places: [0; Label::ALL.len()] }
    }
}

impl Chooser for Replay {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        let place = &mut self.places[label as usize];
        let answer = self.tape.0[label as usize].get(*place).copied().unwrap_or_default();
        *place += 1;
        answer % count.max(1)
    }
}

impl<C: Chooser> Chooser for &mut C {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        (**self).choose(label, count)
    }

    fn turn(&mut self, count: usize, who: &dyn Fn(usize) -> u32) -> usize {
        (**self).turn(count, who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(count: u64) -> Label {
        Label::ALL[usize::try_from(count).unwrap() % Label::ALL.len()]
    }

    #[test]
    fn a_tape_replays_what_was_recorded() {
        let mut recorded = Recorded { inner: Random::new(7), tape: Tape::default() };
        let given: Vec<u64> = (1..100).map(|count| recorded.choose(label(count), count)).collect();
        let mut replay = Replay::new(recorded.tape);
        let again: Vec<u64> = (1..100).map(|count| replay.choose(label(count), count)).collect();
        assert_eq!(given, again);
        assert_eq!(replay.choose(Label::Order, 5), 0, "past its end a tape is mild");
    }

    #[test]
    fn one_more_draw_in_one_part_shifts_no_other() {
        let (mut plain, mut greedy) = (Random::new(7), Random::new(7));
        for _ in 0..50 {
            greedy.choose(Label::Clients, 9);
            assert_eq!(plain.choose(Label::Bodies, 1_000), greedy.choose(Label::Bodies, 1_000));
        }
    }

    #[test]
    fn mild_answers_never_strike() {
        assert!(!Mild.strikes(Label::Bodies, 999));
        assert!(Random::new(1).strikes(Label::Bodies, 1_000));
        assert!(!Random::new(1).strikes(Label::Bodies, 0));
    }
}
