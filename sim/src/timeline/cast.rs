//! Who is in a run, apart from where the run comes from.

use std::borrow::Cow;

use winddown_core::{Action, UnitId};

use crate::{plain::plain, setup::Setup};

/// No column of names is made wider than this.
const COLUMN: usize = 40;

/// A name in a sentence is cut after this; no host takes a longer one.
const NAME: usize = 255;

/// What a timeline has to know about the units that it is about.
///
/// A number may be given again. So what is asked is asked for an entry of the story, by its place in it.
pub trait Cast {
    /// How many units there are.
    fn unit_count(&self) -> usize;

    /// What a unit is called in that entry.
    fn unit_name(&self, unit: UnitId, entry: usize) -> Cow<'_, str>;

    /// What is done on a rung of a unit's ladder, if it goes down so far.
    fn action(&self, unit: UnitId, entry: usize, rung: u8) -> Option<Action>;
}

impl Cast for Setup {
    fn unit_count(&self) -> usize {
        Self::unit_count(self)
    }

    fn unit_name(&self, unit: UnitId, _: usize) -> Cow<'_, str> {
        Self::unit_name(self, unit).into()
    }

    fn action(&self, unit: UnitId, _: usize, rung: u8) -> Option<Action> {
        let plan = self.units.get(unit.index())?.plan;
        self.plan.kinds.get(plan)?.ladder.rung(rung).map(|rung| rung.action)
    }
}

/// Who is on stage in one entry of a story.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) cast: &'a dyn Cast,
    pub(super) entry: usize,
}

impl Scene<'_> {
    pub(super) fn name(self, unit: UnitId) -> String {
        name_words(&self.cast.unit_name(unit, self.entry))
    }

    pub(super) fn action(self, unit: UnitId, rung: u8) -> Option<Action> {
        self.cast.action(unit, self.entry, rung)
    }
}

/// A name as it stands in a sentence.
#[must_use]
pub fn name_words(name: &str) -> String {
    cut(name, NAME)
}

/// Names as they stand below each other, and how wide they are. The width is the names', so it has to have
/// an end: what is wider than a format can be is a panic there.
pub(super) fn column<'a>(names: impl Iterator<Item = Cow<'a, str>>, least: usize) -> (Vec<String>, usize) {
    let names: Vec<String> = names.map(|name| cut(&name, COLUMN)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    (names, width.max(least))
}

/// Not more than so many letters, the last one an ellipsis where some are missing.
fn cut(name: &str, most: usize) -> String {
    // What is longer than that is not looked at: a name may have a megabyte.
    let begins: String = name.chars().take(most + 1).collect();
    let shown = plain(&begins);
    if shown.chars().nth(most).is_none() {
        return shown;
    }
    shown.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_cut() {
        let long = "x".repeat(70_000);
        let names = ["a".to_owned(), "é".repeat(COLUMN), long.clone(), "\u{1b}[31m".repeat(10)];
        let (names, width) = column(names.into_iter().map(Cow::Owned), 4);
        assert_eq!((names[0].as_str(), width), ("a", COLUMN));
        assert_eq!(names[1], "é".repeat(COLUMN));
        assert_eq!(names[2], "x".repeat(COLUMN - 1) + "…");
        assert!(names[3].starts_with("\\u{1b}[31m\\u{1b}") && names[3].ends_with('…'), "{}", names[3]);
        assert_eq!(column(core::iter::empty(), 4), (vec![], 4));
        assert_eq!(name_words(&long).chars().count(), NAME);
    }
}
