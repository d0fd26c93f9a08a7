//! Which stops are over. Each is told once: a count that is made of this misses none, however many there are.

use std::collections::BTreeMap;

use winddown_core::{Input, Notice, UnitId, UnitReport};

use super::Driver;

/// Stops whose final status was told and whose way down is not over, as they stood last. One that is promised
/// upfront goes on after that, so it is told when it is over; but if the step that ends it also starts the unit
/// again, the engine has forgotten on which rung the body went, and it is told as unseen.
pub(super) type Stops = BTreeMap<UnitId, UnitReport>;

impl Driver {
    /// A final status was told.
    pub(super) fn note_stop(&mut self, unit: UnitId, notice: Notice) {
        let was_stopped = matches!(notice, Notice::Stopped | Notice::Cancelled | Notice::TimedOut);
        if !was_stopped || !self.hooks.want_stops() {
            return;
        }
        let before = self.engine.unit_report(unit).and_then(|report| self.stops.insert(unit, report));
        if let Some(report) = before {
            self.hooks.stopped(&report);
        }
        self.follow_stop(unit);
    }

    /// The engine has taken an input: tells of those whose way down that has ended. What ends without one of its
    /// own is seen at the next wake-up.
    pub(super) fn follow_stops(&mut self, input: &Input) {
        if self.stops.is_empty() {
            return;
        }
        match (input.unit(), input) {
            (Some(unit), _) => self.follow_stop(unit),
            (None, Input::Woken) => {
                let units: Vec<UnitId> = self.stops.keys().copied().collect();
                units.into_iter().for_each(|unit| self.follow_stop(unit));
            }
            (None, _) => {}
        }
    }

    fn follow_stop(&mut self, unit: UnitId) {
        let Some(known) = self.stops.get_mut(&unit) else { return };
        let present = self.engine.unit_report(unit).filter(|it| it.incarnation == known.incarnation);
        if let Some(report) = present {
            *known = report;
        }
        if (present.is_none() || !self.engine.is_ending(unit))
            && let Some(report) = self.stops.remove(&unit)
        {
            self.hooks.stopped(&report);
        }
    }

    /// Nothing more comes.
    pub(super) fn end_stops(&mut self) {
        for report in std::mem::take(&mut self.stops).into_values() {
            let unit = report.unit;
            self.hooks.stopped(&self.engine.unit_report(unit).unwrap_or(report));
        }
    }
}

#[cfg(all(test, feature = "daemon"))]
mod tests {
    use std::{
        collections::HashMap,
        sync::{Arc, Mutex, PoisonError},
    };

    use winddown_core::{Action, Ending, Kind, contracts};

    use crate::{BodyResult, Builder, Context, Host, Shutdown, Span, Unit, store::Memory};

    type Counts = Arc<Mutex<HashMap<(Ending, bool), u32>>>;

    /// A host that counts its stops by how they ended, and whether a rung had failed.
    fn counting(kind: Kind) -> (Builder, Counts) {
        let counts = Counts::default();
        let count = Arc::clone(&counts);
        let builder =
            Host::builder().kind("kind", kind).memory(&Memory::default()).on_stopped(move |report| {
                let mut counts = count.lock().unwrap_or_else(PoisonError::into_inner);
                *counts.entry((report.ending, report.failed.is_some())).or_default() += 1;
            });
        (builder, counts)
    }

    fn counted(counts: &Counts) -> HashMap<(Ending, bool), u32> {
        counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn polite(context: Context) -> BodyResult {
        Err(context.cancelled().await.into())
    }

    async fn deaf(_: Context) -> BodyResult {
        std::future::pending().await
    }

    const ON_CANCEL: Ending = Ending::OnRung(Action::RequestCancel);

    #[tokio::test]
    async fn of_ten_thousand_stops_at_once_each_is_told() {
        const UNITS: u32 = 10_000;
        let task = || contracts::task(Span::from_secs(60));
        // An engagement's body would have to hold still, and this one does not listen for that.
        let kinds = [(task(), (ON_CANCEL, false)), (contracts::engagement(), (Ending::Unseen, true))];
        for (kind, how) in kinds {
            let (mut builder, counts) = counting(kind);
            for number in 0..UNITS {
                builder = builder.unit(format!("unit-{number}"), Unit::task("kind", polite));
            }
            let host = builder.start().await.unwrap();
            for number in 0..UNITS {
                host.start(format!("unit-{number}")).await.unwrap();
            }
            assert_eq!(counted(&counts), HashMap::new());
            host.shutdown(Shutdown::default()).await.unwrap();
            assert_eq!(counted(&counts), HashMap::from([(how, UNITS)]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_is_told_as_it_ended_whatever_comes_after_it() {
        let (builder, counts) = counting(contracts::task(Span::from_secs(5)));
        let builder = builder
            .unit("polite", Unit::task("kind", polite))
            .unit("deaf", Unit::task("kind", deaf))
            .unit("short", Unit::task("kind", async |_: Context| Ok(())));
        let host = builder.start().await.unwrap();
        for unit in ["polite", "deaf", "short"] {
            host.start(unit).await.unwrap();
        }
        host.stop("deaf").await.unwrap();
        let mut expected = HashMap::from([((Ending::Unseen, true), 1)]);
        assert_eq!(counted(&counts), expected, "before the answer, with the rung that failed");
        host.restart("polite").await.unwrap();
        host.restart("polite").await.unwrap();
        expected.insert((Ending::Unseen, false), 2);
        assert_eq!(counted(&counts), expected);
        host.shutdown(Shutdown::default()).await.unwrap();
        expected.insert((ON_CANCEL, false), 1);
        assert_eq!(counted(&counts), expected, "and what ended by itself was not stopped");
    }
}
