//! What a life of the host shows of the service.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use winddown_core::{Action, Effect, Incarnation, Input, Signal, UnitId};
use winddown_host::News;

use crate::{
    living::Living,
    play::{Seen, Stopped},
    trouble::Trouble,
};

impl Seen {
    /// Whether this unit was ever up.
    pub(crate) fn ran(&self, name: &Arc<str>) -> bool {
        self.steps.iter().any(|(_, _, _, effects)| {
            let starts = |effect: &Effect| matches!(effect, Effect::Start { unit, .. } if self.name(*unit).as_ref() == Some(name));
            effects.iter().any(starts)
        })
    }

    /// How the rungs of stops went that had their time: all but those that were forced or `cut_short`.
    pub(crate) fn notice_stops(&mut self, stops: &[Stopped], cut_short: &[Arc<str>]) {
        if !self.patient {
            return;
        }
        let bereft = self.bereft();
        for (stop, error) in stops.iter().filter(|(stop, _)| !stop.forced) {
            let Some(name) = self.name(stop.unit).filter(|name| !cut_short.contains(name)) else { continue };
            *self.stops.entry(Arc::clone(&name)).or_default() += 1;
            if let Some(error) = error.as_ref().filter(|_| !bereft.contains(&(stop.unit, stop.incarnation))) {
                self.notice(Trouble::Failed, Some(&name), format!("fails while it is stopped: {error}"));
            }
            let Some(action) = stop.failed else { continue };
            let trouble = Trouble::of_rung(action);
            let words = match (trouble, action) {
                (Trouble::Deaf, Action::Terminate { .. }) => "does not end when it is asked to".to_owned(),
                (Trouble::Deaf, _) => {
                    "does not end when it is asked to, and is dropped in the middle of its work: let it wait with \
                     Context::wait, or ask Context::check_cancellation between two pieces of work"
                        .to_owned()
                }
                (Trouble::Restless, _) => {
                    "does not hold still when it is asked to, and goes on while it is checkpointed: let it wait with \
                     Context::wait, or call Context::paused between two pieces of work"
                        .to_owned()
                }
                _ => format!("its {} does not work in its time", action.name()),
            };
            self.notice(trouble, Some(&name), words);
        }
    }

    /// Starts that ended when something that they need was not at work: somebody had stopped that alone.
    fn bereft(&self) -> BTreeSet<(UnitId, Incarnation)> {
        let (mut living, mut bereft) = (Living::default(), BTreeSet::new());
        for (_, input, disposition, effects) in &self.steps {
            living.hear(input, *disposition);
            if let Input::UnitExited { unit, incarnation, .. } = *input
                && !living.has_what_it_needs(unit)
            {
                bereft.insert((unit, incarnation));
            }
            effects.iter().for_each(|effect| living.order(effect));
        }
        bereft
    }

    /// Who was told to go in a shutdown while what needs it still worked.
    pub(crate) fn notice_order(&mut self, cut_short: &[Arc<str>]) {
        if !self.patient {
            return;
        }
        let (mut living, mut found) = (Living::default(), BTreeSet::new());
        let mut down = false;
        for (_, input, disposition, effects) in &self.steps {
            living.hear(input, *disposition);
            let is_signal = matches!(*input, Input::SignalReceived { signal } if signal != Signal::Hangup);
            down |= is_signal || matches!(input, Input::ShutdownRequested { .. });
            for effect in effects {
                living.order(effect);
                let Effect::Perform { unit, action, .. } = *effect else { continue };
                if down && action != Action::Pause {
                    found.extend(living.needing(unit).map(|other| (unit, other)));
                }
            }
        }
        for (unit, other) in found {
            if self.name(unit).is_some_and(|name| cut_short.contains(&name)) {
                continue;
            }
            let other = self.name(other).unwrap_or_else(|| Arc::from("another one"));
            let words = format!("is told to go while {other}, which needs it, is still at work");
            self.notice(Trouble::OutOfOrder, self.name(unit).as_ref(), words);
        }
    }

    /// Bodies that failed.
    pub(crate) fn notice_failures(&mut self, failures: Vec<News>) {
        for News { unit, text, .. } in failures {
            let why = text.unwrap_or_else(|| Arc::from("without a word"));
            self.notice(Trouble::Failed, Some(&unit), format!("fails: {why}"));
        }
    }

    /// Whether nobody was forced or dropped: every body could end what it was at.
    pub(crate) fn notice_chances(&mut self, stops: &[Stopped]) {
        let had_its_chance = |(stop, _): &Stopped| !stop.forced && !stop.overran && stop.failed.is_none();
        self.had_its_time = self.patient && stops.iter().all(had_its_chance);
    }

    /// Tasks that are left when the host is down. A process would end, and they with it. Who was dropped could not
    /// wait for what it had started, and has a trouble of its own or was meant to be.
    pub(crate) fn notice_tasks(&mut self, left: usize) {
        if !self.had_its_time {
            return;
        }
        let tasks = match left {
            0 => return,
            1 => "a task that a body started is".to_owned(),
            more => format!("{more} tasks that bodies started are"),
        };
        let words = format!(
            "{tasks} still at work when the host is down, and cut off: hold them in a JoinSet, and wait for it at the end"
        );
        self.notice(Trouble::LeftTasks, None, words);
    }

    /// What the report says.
    pub(crate) fn notice_report(&mut self, cut_short: &[Arc<str>]) {
        let Some(report) = self.report.clone() else { return };
        let whole = &report.whole;
        let exit = self.steps.last().map_or(whole.began, |(at, ..)| *at);
        self.down = Some((whole.began.until(exit).into(), whole.began.until(whole.deadline).into()));
        self.patient &= !whole.forced;
        if whole.code == 0 {
            for unit in whole.units.iter().filter(|unit| unit.unsaved() > 0) {
                let words = "the exit code is 0, and findings are not saved";
                self.notice(Trouble::Lost, self.name(unit.unit).as_ref(), words);
            }
        }
        if !self.patient {
            return;
        }
        for unit in &whole.units {
            let name = self.name(unit.unit);
            if unit.overran && !name.as_ref().is_some_and(|name| cut_short.contains(name)) {
                let words = "is still running when the time for its stop is over";
                self.notice(Trouble::Overran, name.as_ref(), words);
            }
            if unit.unsaved() > 0 {
                let words = "has findings that are not durable when the host is down";
                self.notice(Trouble::Unsaved, name.as_ref(), words);
            }
        }
        for phase in &whole.failed_phases {
            let head = format!("phase {}: ", phase.name());
            let said: Vec<_> =
                report.remarks.iter().filter_map(|remark| remark.strip_prefix(&head)).collect();
            let why =
                if said.is_empty() { "takes too long".into() } else { format!("fails: {}", said.join("; ")) };
            self.notice(Trouble::Phase, None, format!("the phase {} {why}", phase.name()));
        }
    }

    /// What was there before, or was said to be durable, has to be there.
    pub(crate) fn notice_losses(&mut self, before: &BTreeMap<Arc<str>, u32>, now: &BTreeMap<Arc<str>, u32>) {
        let mut owed = before.clone();
        for (_, _, _, effects) in &self.steps {
            for effect in effects {
                let Effect::Acknowledge { unit, findings } = *effect else { continue };
                let Some(name) = self.name(unit) else { continue };
                let owed = owed.entry(name).or_default();
                *owed = (*owed).max(findings);
            }
        }
        for (name, owed) in owed {
            let there = now.get(&name).copied().unwrap_or_default();
            if there < owed {
                let words = format!("{owed} findings were durable, and {there} are there afterwards");
                self.notice(Trouble::Lost, Some(&name), words);
            }
        }
    }
}
