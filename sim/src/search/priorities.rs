//! Few bugs take more than a few ill-timed moments. So whoever acts has a priority, the one with the
//! highest acts for as long as there is anything to do, and only at a few moments somebody else gets in
//! front: probabilistic concurrency testing (PCT), of Burckhardt and others.
//!
//! A scheduler that is for somebody can starve somebody for ever. So after a while it is fair.

use std::collections::BTreeMap;

use crate::chooser::{Chooser, Label, NOBODY, Random};

/// After so many turns everybody is treated alike: as many as the storm of an untimed run has at least.
const TURNS: u64 = 150;

/// There are fewer moments than this at which whoever is in front goes to the end.
const CHANGES: u64 = 5;

/// Ranks are drawn below this; those from here on are of whoever went to the end.
const LAST: u64 = 1 << 32;

/// Answers from a seed, and takes turns by priority.
#[derive(Clone, Debug)]
pub struct Priorities {
    random: Random,
    /// The lower, the sooner.
    ranks: BTreeMap<u32, u64>,
    /// The turns after which whoever is in front goes to the end.
    changes: Vec<u64>,
    turns: u64,
}

impl Priorities {
    /// Takes turns by priorities that are drawn like all other answers.
    #[must_use]
    pub fn new(mut random: Random) -> Self {
        let count = random.choose(Label::Order, CHANGES);
        let changes = (0..count).map(|_| 1 + random.choose(Label::Order, TURNS)).collect();
        Self { random, ranks: BTreeMap::new(), changes, turns: 0 }
    }

    fn rank(&mut self, actor: u32) -> u64 {
        let random = &mut self.random;
        let drawn = || if actor == NOBODY { u64::MAX } else { random.choose(Label::Order, LAST) };
        *self.ranks.entry(actor).or_insert_with(drawn)
    }
}

impl Chooser for Priorities {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        self.random.choose(label, count)
    }

    fn turn(&mut self, count: usize, who: &dyn Fn(usize) -> u32) -> usize {
        self.turns += 1;
        if self.turns > TURNS {
            return self.random.turn(count, who);
        }
        let Some((_, place)) = (0..count).map(|place| (self.rank(who(place)), place)).min() else { return 0 };
        if self.changes.contains(&self.turns) {
            self.ranks.insert(who(place), LAST + self.turns);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that are taken in a line in which everybody always has something to do.
    fn turns(seed: u64, actors: &[u32], turns: usize) -> Vec<usize> {
        let mut priorities = Priorities::new(Random::new(seed));
        (0..turns).map(|_| priorities.turn(actors.len(), &|place| actors[place])).collect()
    }

    #[test]
    fn somebody_is_in_front_but_for_a_few_moments_and_later_everybody_is_alike() {
        for seed in 0..100 {
            let taken = turns(seed, &[3, 4, 5, 6], 400);
            let (early, late) = taken.split_at(150);
            let changes = early.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(changes < 5, "seed {seed}: {early:?}");
            assert!((0..4).all(|place| late.contains(&place)), "seed {seed}: {late:?}");
        }
    }

    #[test]
    fn who_came_first_goes_first_and_nobody_goes_last() {
        for seed in 0..100 {
            let taken = turns(seed, &[NOBODY, 7, 7, 7], 150);
            assert!(taken.iter().all(|place| *place == 1), "seed {seed}: {taken:?}");
        }
    }

    #[test]
    fn seeds_are_for_different_actors() {
        let first = |seed| turns(seed, &[3, 4, 5, 6], 1)[0];
        assert!((0..4).all(|place| (0..100).any(|seed| first(seed) == place)));
    }
}
