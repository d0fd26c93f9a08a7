//! Operators: they ask, sometimes twice, sometimes from two places at once.

use winddown_core::{Caller, Input, Reason, Signal, Span, Ticket, UnitId, Within};

use super::{World, agenda::Happening};
use crate::{
    chooser::{Chooser, Label},
    claims::Wish,
    fault::Fault,
    scenario::{Ask, Range},
    setup::Aim,
};

impl<C: Chooser> World<'_, C> {
    /// What an operator asks, and what may come of it: the same once more, or anything else.
    pub(super) fn ask(&mut self, place: u32) {
        if !self.up {
            return;
        }
        self.ask_once(place);
        if self.strikes(Label::Operators, Fault::AsksTwice, None) {
            let again = Range::new(Span::ZERO, Span::from_secs(2));
            let after = self.draw(Label::Operators, again);
            // Half of all second commands come in the same instant.
            let after = if self.chooser.choose(Label::Operators, 2) == 0 { Span::ZERO } else { after };
            self.plan_after(after, Happening::AskAgain(place));
        }
        // Whoever asked may have brought the host down, and then nobody hears anything.
        if self.up && self.strikes(Label::Operators, Fault::AsksAnything, None) {
            self.ask_anything();
        }
    }

    pub(super) fn ask_once(&mut self, place: u32) {
        let Some(ask) = self.setup.asks.get(place as usize).filter(|_| self.up) else { return };
        match ask.aim {
            Aim::None => self.ask_host(&ask.ask),
            Aim::These { first, count } => {
                for unit in first..first + count {
                    self.ask_unit(&ask.ask, UnitId(unit));
                }
            }
            Aim::Any => {
                let units = self.setup.units.len() as u64;
                let unit = u32::try_from(self.chooser.choose(Label::Operators, units)).unwrap_or_default();
                self.ask_unit(&ask.ask, UnitId(unit));
            }
        }
    }

    fn ask_unit(&mut self, ask: &Ask, unit: UnitId) {
        let unit_ticket = |world: &mut Self, wish| Caller::Outside(world.ticket(Some(unit), wish));
        let input = match *ask {
            Ask::Start(_) => Input::StartRequested { unit, caller: unit_ticket(self, Wish::Start) },
            Ask::Stop { force, within, .. } => {
                Input::StopRequested { unit, force, within, caller: unit_ticket(self, Wish::Stop) }
            }
            Ask::Restart(_) => Input::RestartRequested { unit, caller: unit_ticket(self, Wish::Restart) },
            Ask::Cancel(_) => {
                let caller = unit_ticket(self, Wish::Cancel);
                Input::CancelRequested { unit, reason: Reason::ByUser, caller }
            }
            Ask::Pause(_) => Input::PauseRequested { unit, caller: unit_ticket(self, Wish::Other) },
            Ask::Resume(_) => Input::ResumeRequested { unit, caller: unit_ticket(self, Wish::Other) },
            Ask::Remove(_) => Input::RemoveRequested { unit, caller: unit_ticket(self, Wish::Other) },
            Ask::Shutdown { .. }
            | Ask::Terminate
            | Ask::Interrupt
            | Ask::Hangup
            | Ask::OuterStop
            | Ask::Crash
            | Ask::FillDisk
            | Ask::HangDisk => return self.ask_host(ask),
        };
        self.step(input);
    }

    fn ask_host(&mut self, ask: &Ask) {
        match *ask {
            Ask::Shutdown { graceful, within } => {
                let caller = Caller::Outside(self.ticket(None, Wish::Other));
                self.step(Input::ShutdownRequested { graceful, within, caller });
            }
            Ask::Terminate => self.step(Input::SignalReceived { signal: Signal::Terminate }),
            Ask::Interrupt => self.step(Input::SignalReceived { signal: Signal::Interrupt }),
            Ask::Hangup => self.step(Input::SignalReceived { signal: Signal::Hangup }),
            Ask::OuterStop => self.outer_stop(),
            Ask::Crash => self.crash(),
            Ask::FillDisk => self.fill_disk(),
            Ask::HangDisk => self.hang_disk(),
            Ask::Start(_)
            | Ask::Stop { .. }
            | Ask::Restart(_)
            | Ask::Cancel(_)
            | Ask::Pause(_)
            | Ask::Resume(_)
            | Ask::Remove(_) => {}
        }
    }

    fn ask_anything(&mut self) {
        let units = self.setup.units.len() as u64;
        let unit = UnitId(u32::try_from(self.chooser.choose(Label::Operators, units)).unwrap_or_default());
        let input = match self.chooser.choose(Label::Operators, 6) {
            0 => Input::StopRequested {
                unit,
                force: false,
                within: Within::Unset,
                caller: Caller::Outside(self.ticket(Some(unit), Wish::Stop)),
            },
            1 => Input::PauseRequested { unit, caller: Caller::Nobody },
            2 => Input::ResumeRequested { unit, caller: Caller::Nobody },
            3 => Input::RestartRequested {
                unit,
                caller: Caller::Outside(self.ticket(Some(unit), Wish::Restart)),
            },
            4 => Input::CancelRequested {
                unit,
                reason: Reason::Stated(2),
                caller: Caller::Outside(self.ticket(Some(unit), Wish::Cancel)),
            },
            _ => Input::SignalReceived { signal: Signal::Terminate },
        };
        self.step(input);
    }

    /// A ticket for somebody who waits.
    pub(super) fn ticket(&mut self, unit: Option<UnitId>, wish: Wish) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.state.judge.asked(unit, wish);
        ticket
    }
}
