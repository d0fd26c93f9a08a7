//! What is going to happen, for a reader.

use winddown_core::{ClientId, Exit, Moment, Outcome, Signal, UnitId};

use super::{Arena, agenda::Happening};
use crate::{setup::Setup, timeline::ask_words};

/// Something that is going to happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    /// When. `None` in untimed order, where anything pending may be next.
    pub at: Option<Moment>,
    /// What, in words.
    pub what: String,
}

impl Arena {
    /// What is going to happen as it stands, the engine's own deadlines aside. What is next comes first;
    /// in untimed order, what has waited longest.
    #[must_use]
    pub fn pending(&self, setup: &Setup) -> Vec<Pending> {
        let all = self.agenda.pending();
        all.map(|(at, what)| Pending { at, what: self.words(setup, what) }).collect()
    }

    fn words(&self, setup: &Setup, what: Happening) -> String {
        let name = |unit: UnitId| setup.unit_name(unit);
        let body = |place: u32| self.bodies.get(place as usize).map_or_else(String::new, |it| name(it.unit));
        let client = |client: ClientId, does: &str| format!("client {client} {does}");
        match what {
            Happening::Ask(place) | Happening::AskAgain(place) => {
                let ask = setup.asks.get(place as usize).map(|setup| ask_words(&setup.ask));
                format!("an operator asks: {}", ask.unwrap_or_default())
            }
            Happening::Start(unit) => format!("{} is started", name(unit)),
            Happening::BodyUp(place) => format!("{} is up", body(place)),
            Happening::BodyEnds(place, exit) => format!("{} exits{}", body(place), failed(exit)),
            Happening::ExitAgain(place, _) => format!("the exit of {} is reported again", body(place)),
            Happening::BodyFinds(place) => format!("{} has a finding", body(place)),
            Happening::BodyPaused(place) => format!("{} holds still", body(place)),
            Happening::BodyStopsItself(place) => format!("{} asks for its own end", body(place)),
            Happening::StartFailed(unit, _) => format!("{} fails to start", name(unit)),
            Happening::StepFinished(unit, step, outcome) => {
                format!("rung {} of {} is over{}", step.rung, name(unit), went(outcome))
            }
            Happening::Stored(place) => {
                let Some(write) = self.store.writes.get(place as usize) else { return String::new() };
                let went = if write.fails { "cannot be" } else { "is" };
                format!("a row of {} {went} written", name(write.unit))
            }
            Happening::Reaped(unit, outcome) => {
                format!("what an earlier host left of {} was looked for{}", name(unit), went(outcome))
            }
            Happening::ClientComes(number) => client(number, "connects"),
            Happening::ClientTold(number, _) => client(number, "has read the notice, or cannot"),
            Happening::ClientLeaves(number) => client(number, "is gone"),
            Happening::PhaseFinished(phase, outcome) => {
                format!("phase {} is over{}", phase.name(), went(outcome))
            }
            Happening::Signal(Signal::Terminate) => "SIGTERM".to_owned(),
            Happening::Signal(Signal::Interrupt) => "SIGINT".to_owned(),
            Happening::Signal(Signal::Hangup) => "SIGHUP".to_owned(),
            Happening::OuterKill => "the outer grace is over: SIGKILL".to_owned(),
            Happening::DiskFills => "the disk fills up".to_owned(),
            Happening::DiskHangs => "the disk hangs".to_owned(),
            Happening::Boot => "a new process comes up".to_owned(),
            Happening::Woken => "the host is woken although nothing is due".to_owned(),
            Happening::Calm => "the storm is over".to_owned(),
        }
    }
}

const fn failed(exit: Exit) -> &'static str {
    match exit {
        Exit::Completed | Exit::Ended => "",
        Exit::Failed => ": failed",
        Exit::Panicked => ": panicked",
    }
}

const fn went(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "",
        Outcome::Failed => ", and has failed",
    }
}
