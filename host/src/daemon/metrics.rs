//! What is counted, for Prometheus.

use std::{
    fmt,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::time::Instant;
use winddown_core::{Ending, Status, UnitReport};

use crate::UnitInfo;

/// Seconds, with a fraction.
type Seconds = Gauge<f64, AtomicU64>;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Rung {
    rung: &'static str,
}

/// What is counted.
pub(super) struct Metrics {
    registry: Registry,
    active: Gauge,
    leaked: Gauge,
    stops: Family<Rung, Counter>,
    ungraceful: Counter,
    shutdown: Seconds,
    last_shutdown: Seconds,
    began: Mutex<Option<Instant>>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("winddown");
        let active = Gauge::default();
        registry.register(
            "active_units",
            "Units that run, hold still or are on their way down",
            active.clone(),
        );
        let leaked = Gauge::default();
        registry.register("leaked_units", "Units that left a body which is not proven gone", leaked.clone());
        let stops = Family::default();
        registry.register(
            "stops",
            "Stops, by the rung on which the body was seen to go",
            Family::clone(&stops),
        );
        let ungraceful = Counter::default();
        let help = "Stops in which a rung did not do its work in its time";
        registry.register("graceful_failures", help, ungraceful.clone());
        let shutdown = Seconds::default();
        let help = "How long the shutdown is under way; 0 before it begins";
        registry.register("shutdown_seconds", help, shutdown.clone());
        let last_shutdown = Seconds::default();
        let help = "How long the last shutdown took; 0 if none is on record";
        registry.register("last_shutdown_seconds", help, last_shutdown.clone());
        let began = Mutex::new(None);
        Self { registry, active, leaked, stops, ungraceful, shutdown, last_shutdown, began }
    }

    /// The shutdown has begun.
    pub(super) fn begin_shutdown(&self) {
        self.began.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }

    /// How long the last shutdown took.
    pub(super) fn set_last_shutdown(&self, nanos: u64) {
        self.last_shutdown.set(std::time::Duration::from_nanos(nanos).as_secs_f64());
    }

    /// A stop is over.
    pub(super) fn stopped(&self, unit: &UnitReport) {
        let rung = match unit.ending {
            Ending::OnRung(action) => action.name(),
            Ending::Unseen => "unseen",
            Ending::ByItself => "by-itself",
            Ending::NotStarted | Ending::BetweenStarts | Ending::NotEnded => return,
        };
        self.stops.get_or_create(&Rung { rung }).inc();
        if unit.failed.is_some() {
            self.ungraceful.inc();
        }
    }

    /// Everything, as Prometheus reads it.
    pub(super) fn text(&self, units: &[UnitInfo]) -> Result<String, fmt::Error> {
        let count = |is_so: fn(&UnitInfo) -> bool| {
            i64::try_from(units.iter().filter(|unit| is_so(unit)).count()).unwrap_or(i64::MAX)
        };
        self.active.set(count(|unit| is_active(unit.status)));
        self.leaked.set(count(|unit| unit.leaked));
        if let Some(began) = *self.began.lock().unwrap_or_else(PoisonError::into_inner) {
            self.shutdown.set(began.elapsed().as_secs_f64());
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// One that waits for its next start is not.
const fn is_active(status: Status) -> bool {
    match status {
        Status::Running | Status::Paused | Status::Stopping => true,
        Status::Pending | Status::Stopped | Status::Completed | Status::Failed | Status::Cancelled => false,
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}
