//! What the rest of the process does when the host says so.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
};

use winddown_core::{Disposition, Effect, Input, Moment, Phase, Plan};

use crate::{
    error::StartError,
    report::{Report, UnitStop},
    unit::BodyResult,
};

type TellReport = Box<dyn Fn(&Report) + Send>;
type TellRemark = Box<dyn FnMut(&str) + Send>;
type TellTrouble = Box<dyn FnMut(Option<&str>) + Send>;
type TellStep = Box<dyn FnMut(Moment, &Input, Disposition, &[Effect]) + Send>;
type TellStop = Box<dyn FnMut(&UnitStop<'_>) + Send>;
pub(crate) type Work = Pin<Box<dyn Future<Output = BodyResult> + Send>>;

/// What there is to do, and when.
#[derive(Default)]
pub(crate) struct Hooks {
    phases: Vec<(Phase, Work)>,
    on_reload: Option<Box<dyn Fn() + Send>>,
    on_report: Option<TellReport>,
    on_remark: Option<TellRemark>,
    on_trouble: Option<TellTrouble>,
    on_step: Option<TellStep>,
    on_stopped: Option<TellStop>,
}

impl Hooks {
    pub(crate) fn add(&mut self, phase: Phase, work: Work) {
        self.phases.push((phase, work));
    }

    pub(crate) fn set_reload(&mut self, reload: Box<dyn Fn() + Send>) {
        self.on_reload = Some(reload);
    }

    pub(crate) fn set_report(&mut self, report: TellReport) {
        self.on_report = Some(report);
    }

    pub(crate) fn set_remark(&mut self, remark: TellRemark) {
        self.on_remark = Some(remark);
    }

    pub(crate) fn set_trouble(&mut self, trouble: TellTrouble) {
        self.on_trouble = Some(trouble);
    }

    pub(crate) fn set_step(&mut self, step: TellStep) {
        self.on_step = Some(step);
    }

    /// Whether anybody wants to know how each stop went.
    pub(crate) const fn counts_stops(&self) -> bool {
        self.on_stopped.is_some()
    }

    pub(crate) fn set_stopped(&mut self, stopped: TellStop) {
        self.on_stopped = Some(stopped);
    }

    /// Refuses what would never be done.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), StartError> {
        for (phase, _) in &self.phases {
            let of_the_engine = match phase {
                Phase::Notify | Phase::PauseUnits | Phase::StopUnits | Phase::DisconnectClients => true,
                Phase::ReleaseLease | Phase::CloseListener | Phase::UnlinkSocket | Phase::RemovePidFile => {
                    false
                }
            };
            if of_the_engine {
                return Err(StartError::NeverWound(*phase));
            }
            if !plan.shutdown.rungs().iter().any(|rung| rung.action == *phase) {
                return Err(StartError::NoSuchPhase(*phase));
            }
        }
        Ok(())
    }

    /// Everything that is to be done in a phase, in the order in which it was said.
    pub(crate) fn phase(&mut self, phase: Phase) -> Vec<Work> {
        self.phases.extract_if(.., |(when, _)| *when == phase).map(|(_, work)| work).collect()
    }

    pub(crate) fn reload(&self) {
        if let Some(reload) = &self.on_reload {
            survive(reload);
        }
    }

    pub(crate) fn report(&self, report: impl FnOnce() -> Report) {
        if let Some(tell) = &self.on_report {
            survive(|| tell(&report()));
        }
    }

    pub(crate) fn remark(&mut self, remark: &str) {
        if let Some(tell) = &mut self.on_remark {
            survive(|| tell(remark));
        }
    }

    /// The database begins to fail, and this is what it says; or it works again.
    pub(crate) fn trouble(&mut self, why: Option<&str>) {
        if let Some(tell) = &mut self.on_trouble {
            survive(|| tell(why));
        }
    }

    pub(crate) fn step(&mut self, now: Moment, input: &Input, disposition: Disposition, effects: &[Effect]) {
        if let Some(tell) = &mut self.on_step {
            survive(|| tell(now, input, disposition, effects));
        }
    }

    /// A stop's ladder is over.
    pub(crate) fn stopped(&mut self, stop: &UnitStop<'_>) {
        if let Some(tell) = &mut self.on_stopped {
            survive(|| tell(stop));
        }
    }
}

/// A panic in what others gave us must not end the driver; the panic hook has told about it.
fn survive(work: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(work)));
}

impl fmt::Debug for Hooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phases: Vec<_> = self.phases.iter().map(|(phase, _)| phase.name()).collect();
        formatter.debug_struct("Hooks").field("phases", &phases).finish_non_exhaustive()
    }
}
