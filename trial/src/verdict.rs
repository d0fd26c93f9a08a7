//! What a trial comes to.

use std::{collections::BTreeMap, fmt, mem, sync::Arc, time::Duration};

use winddown_sim::timeline::Line;

use crate::{
    play::Seen,
    tale,
    trouble::{Noticed, Trouble},
};

/// One trouble of a unit, or of the whole service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Defect {
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// Which unit, if it is about one.
    pub unit: Option<Arc<str>>,
    /// In words, as it was in the shortest run.
    pub words: String,
    /// In how many runs.
    pub runs: u64,
    /// The shortest of them: that in which the engine took the fewest steps until it was noticed.
    pub seed: u64,
    steps: usize,
    timeline: Vec<Line>,
}

impl Defect {
    /// The shortest run in which it was noticed, as a timeline: the life of the host that showed it.
    #[must_use]
    pub fn timeline(&self) -> String {
        winddown_sim::timeline::joined(&self.timeline)
    }
}

/// What a trial came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// How many runs there were.
    pub runs: u64,
    /// How many of them were interrupted by a crash, how often.
    pub crashes: u64,
    /// How many shutdowns there were.
    pub shutdowns: u64,
    /// How many stops of single units had their time, in those and before.
    pub stops: u64,
    /// The shutdown that took longest in virtual time, of those that had their time: how long, how long it might
    /// have taken, and its seed.
    pub slowest: Option<(Duration, Duration, u64)>,
    /// What was noticed, worst first.
    pub defects: Vec<Defect>,
    /// The first seed.
    first: u64,
    span: Duration,
    units: usize,
    started: BTreeMap<Arc<str>, bool>,
    refused: BTreeMap<Arc<str>, String>,
    /// What was noticed in the present run.
    fresh: Vec<(Trouble, Option<Arc<str>>)>,
}

impl Verdict {
    pub(crate) fn new(first: u64, span: Duration) -> Self {
        Self { first, span, ..Self::default() }
    }

    /// Whether nothing was noticed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.defects.is_empty()
    }

    /// What was noticed of this kind, of this unit or, with `None`, of the service as a whole.
    #[must_use]
    pub fn defect(&self, trouble: Trouble, unit: Option<&str>) -> Option<&Defect> {
        self.defects.iter().find(|it| it.trouble == trouble && it.unit.as_deref() == unit)
    }

    /// There was a host, and nothing for it to do.
    pub(crate) fn has_no_unit(&self) -> bool {
        self.units == 0 && self.defects.is_empty()
    }

    /// Takes in one life of a run's host.
    pub(crate) fn add(&mut self, seed: u64, mut seen: Seen) {
        self.units = self.units.max(seen.names.len());
        self.stops += seen.stops.values().map(|count| u64::from(*count)).sum::<u64>();
        match seen.down {
            Some((took, limit)) => {
                self.shutdowns += 1;
                let slowest = self.slowest.is_none_or(|(slowest, ..)| slowest < took);
                if seen.patient && slowest {
                    self.slowest = Some((took, limit, seed));
                }
            }
            None => self.crashes += 1,
        }
        for (name, error) in mem::take(&mut seen.refused) {
            self.refused.entry(name).or_insert_with(|| error.to_string());
        }
        for name in &seen.names {
            let ran = seen.ran(name);
            *self.started.entry(Arc::clone(name)).or_default() |= ran;
        }
        for noticed in mem::take(&mut seen.noticed) {
            self.notice(seed, noticed, Some(&seen));
        }
    }

    /// Something was noticed. In one run, it counts once.
    pub(crate) fn notice(&mut self, seed: u64, noticed: Noticed, seen: Option<&Seen>) {
        let Noticed { trouble, unit, words } = noticed;
        let same = |it: &Defect| it.trouble == trouble && it.unit == unit;
        let steps = seen.map_or(0, |seen| seen.steps.len());
        let place = self.defects.iter().position(same);
        let runs = place.map_or(0, |place| self.defects[place].runs);
        let key = (trouble, unit.clone());
        let runs = runs + u64::from(!self.fresh.contains(&key));
        self.fresh.push(key);
        match place {
            Some(place) if self.defects[place].steps <= steps => self.defects[place].runs = runs,
            _ => {
                let timeline = seen.map(tale::told).unwrap_or_default();
                let defect = Defect { trouble, unit, words, runs, seed, steps, timeline };
                match place {
                    Some(place) => self.defects[place] = defect,
                    None => self.defects.push(defect),
                }
            }
        }
    }

    pub(crate) fn run_is_over(&mut self) {
        self.runs += 1;
        self.fresh.clear();
    }

    /// All runs are over. `allowed`: what is no trouble here.
    pub(crate) fn is_complete(&mut self, allowed: impl Fn(Trouble, Option<&str>) -> bool) {
        for (name, _) in mem::take(&mut self.started).into_iter().filter(|(_, ran)| !ran) {
            let why = self.refused.get(&name).map_or("nobody asked for it", String::as_str);
            let words = format!("never ran: {why}");
            self.notice(self.first, Noticed::new(Trouble::NeverRan, Some(&name), words), None);
        }
        self.defects.retain(|it| !allowed(it.trouble, it.unit.as_deref()));
        self.defects.sort_by(|one, other| (one.trouble, &one.unit).cmp(&(other.trouble, &other.unit)));
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, crashes, shutdowns, stops, units, .. } = self;
        let last = self.first.wrapping_add(runs.saturating_sub(1));
        let (span, first) = (self.span, self.first);
        writeln!(formatter, "{runs} runs of {units} units, each within {span:?}, seeds {first} to {last}:")?;
        writeln!(
            formatter,
            "{shutdowns} shutdowns, {crashes} crashes, {stops} stops of units that had their time"
        )?;
        if let Some((took, limit, seed)) = self.slowest {
            writeln!(formatter, "slowest shutdown: {took:?} of {limit:?}, in seed {seed}")?;
        }
        if self.is_clean() {
            return writeln!(formatter, "nothing to mend");
        }
        for defect in &self.defects {
            let Defect { trouble, unit, words, runs: times, seed, .. } = defect;
            let noticed = Noticed { trouble: *trouble, unit: unit.clone(), words: words.clone() };
            writeln!(formatter)?;
            writeln!(formatter, "{trouble:?}  {noticed}")?;
            writeln!(formatter, "    in {times} of {runs} runs; the shortest is seed {seed}")?;
        }
        Ok(())
    }
}
