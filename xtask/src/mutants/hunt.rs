//! What the hunting program says, and what it means for a bug.

use anyhow::{Context as _, Result};
use winddown_sim::claims::Claim;

use super::{patch::Planted, workshop::Hunted};

/// One line of the hunting program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Hunt {
    /// A way to look for the bug.
    Search(Search),
    /// What the first run that was found is made of, made small.
    Shrunk(Size),
}

/// One way to look for a bug, and what it found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Search {
    /// How it looked: `random`, `exhaustive`.
    pub(super) method: String,
    pub(super) end: End,
    /// How many runs it took, or states.
    pub(super) effort: u64,
    pub(super) micros: u64,
}

/// How a search ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// A claim was found broken: at this seed, or so many steps from the first state.
    Caught { claim: Claim, place: u64, message: String },
    /// The engine or the simulator panicked.
    Panicked(String),
    /// It found nothing.
    Nothing,
}

/// How large a small run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub(super) units: u64,
    pub(super) asks: u64,
    pub(super) faults: u64,
    pub(super) steps: u64,
}

impl Hunt {
    pub(super) fn read(line: &str) -> Result<Self> {
        let parts: Vec<&str> = line.split('\t').collect();
        Self::of(&parts).with_context(|| format!("the hunting program says what makes no sense: {line}"))
    }

    fn of(parts: &[&str]) -> Option<Self> {
        let number = |place: usize| parts.get(place)?.parse::<u64>().ok();
        let method = (*parts.first()?).to_owned();
        if method == "shrunk" {
            let size = Size { units: number(1)?, asks: number(2)?, faults: number(3)?, steps: number(4)? };
            return Some(Self::Shrunk(size));
        }
        let message = || parts.last().map_or_else(String::new, |text| (*text).to_owned());
        let end = match *parts.get(1)? {
            "caught" => {
                let claim = Claim::ALL.iter().find(|claim| Some(&claim.name()) == parts.get(4));
                End::Caught { claim: *claim?, place: number(5)?, message: message() }
            }
            "panicked" => End::Panicked(message()),
            "nothing" => End::Nothing,
            _ => return None,
        };
        Some(Self::Search(Search { method, end, effort: number(2)?, micros: number(3)? }))
    }
}

/// What a bug came to.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) bug: &'a Planted,
    pub(super) searches: Vec<Search>,
    pub(super) shrunk: Option<Size>,
    /// Why it does not count as found.
    pub(super) failure: Option<String>,
}

impl<'a> Told<'a> {
    pub(super) fn new(bug: &'a Planted, hunted: Hunted) -> Self {
        let mut told = Self { bug, searches: Vec::new(), shrunk: None, failure: None };
        let hunts = match hunted {
            Hunted::NotApplied(error) => {
                told.failure = Some(format!("its patch no longer fits the source\n{error}"));
                return told;
            }
            Hunted::NotBuilt(error) => {
                told.failure = Some(format!("with it the source does not build\n{error}"));
                return told;
            }
            Hunted::Crashed(error) => {
                told.failure = Some(format!("it ends the hunting program: {error}"));
                return told;
            }
            Hunted::Hung(hunts) => {
                told.failure = Some("it makes a run hang, and no claim is found broken".to_owned());
                hunts
            }
            Hunted::Over(hunts) => hunts,
        };
        for hunt in hunts {
            match hunt {
                Hunt::Search(search) => told.searches.push(search),
                Hunt::Shrunk(size) => told.shrunk = Some(size),
            }
        }
        told.failure = told.failure.take().or_else(|| told.judge());
        told
    }

    /// Why what was found is not what should be.
    fn judge(&self) -> Option<String> {
        let ends = || self.searches.iter().map(|search| (&search.method, &search.end));
        for (method, end) in ends() {
            match end {
                End::Panicked(message) => return Some(format!("{method}: found by a panic: {message}")),
                End::Caught { claim, place, message } if !self.bug.claims.contains(claim) => {
                    return Some(format!(
                        "{method}: found by {}, which its patch does not name, at {place}: {message}",
                        claim.name()
                    ));
                }
                End::Caught { .. } | End::Nothing => {}
            }
        }
        let caught = ends().any(|(_, end)| matches!(end, End::Caught { .. }));
        (!caught).then(|| "no claim is found broken".to_owned())
    }

    /// The claim that was found broken first.
    pub(super) fn claim(&self) -> Option<Claim> {
        self.searches.iter().find_map(|search| match &search.end {
            End::Caught { claim, .. } => Some(*claim),
            End::Panicked(_) | End::Nothing => None,
        })
    }

    /// How many runs or states, and microseconds, the bug took this method: the middle one of all its
    /// searches. `None` if it did not find it more often than not.
    pub(super) fn cost(&self, method: &str) -> Option<(u64, u64)> {
        let of_method = || self.searches.iter().filter(|search| search.method == method);
        let mut costs: Vec<(u64, u64)> = of_method()
            .map(|search| match search.end {
                End::Caught { .. } => (search.effort, search.micros),
                End::Panicked(_) | End::Nothing => (u64::MAX, u64::MAX),
            })
            .collect();
        costs.sort_unstable();
        median(&costs).filter(|(effort, _)| *effort < u64::MAX)
    }
}

/// The middle one of sorted values; the upper one of two.
pub(super) fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::{super::patch::named, *};

    #[test]
    fn lines_are_read() {
        let line = "random\tcaught\t8\t95\tanswers-are-true\t7\tthe store says stopping";
        let end = End::Caught {
            claim: Claim::AnswersAreTrue,
            place: 7,
            message: "the store says stopping".to_owned(),
        };
        let search = Search { method: "random".to_owned(), end, effort: 8, micros: 95 };
        assert_eq!(Hunt::read(line).unwrap(), Hunt::Search(search));
        let size = Size { units: 1, asks: 2, faults: 0, steps: 4 };
        assert_eq!(Hunt::read("shrunk\t1\t2\t0\t4").unwrap(), Hunt::Shrunk(size));
        assert!(Hunt::read("random\tmaybe\t8\t95").is_err());
    }

    fn judged(end: End) -> Option<String> {
        let bug = Planted {
            name: "a".to_owned(),
            title: "a".to_owned(),
            system: "none".to_owned(),
            reference: None,
            claims: vec![Claim::AnswersAreTrue],
            file: "a.patch".into(),
        };
        let search = Search { method: "random".to_owned(), end, effort: 1, micros: 1 };
        Told::new(&bug, Hunted::Over(vec![Hunt::Search(search)])).failure
    }

    #[test]
    fn only_a_claim_that_the_patch_names_counts() {
        let caught = |claim| End::Caught { claim, place: 0, message: "so".to_owned() };
        assert_eq!(judged(caught(Claim::AnswersAreTrue)), None);
        assert!(judged(caught(Claim::NoGhosts)).unwrap().contains("does not name"));
        assert!(judged(End::Panicked("index".to_owned())).unwrap().contains("by a panic: index"));
        assert_eq!(judged(End::Nothing).unwrap(), "no claim is found broken");
    }

    #[test]
    fn the_middle_one_counts_and_misses_are_the_worst() {
        let bugs = named(&["stop-awaits-body".to_owned()]).unwrap();
        let search =
            |end, effort| Hunt::Search(Search { method: "random".to_owned(), end, effort, micros: 1 });
        let caught = || End::Caught { claim: Claim::StopInTime, place: 0, message: String::new() };
        let hunts = |last| vec![search(caught(), 5), search(End::Nothing, 9), search(last, 7)];
        let cost = |last| Told::new(&bugs[0], Hunted::Over(hunts(last))).cost("random");
        assert_eq!(cost(caught()), Some((7, 1)));
        assert_eq!(cost(End::Nothing), None);
    }
}
