//! Claims about the whole host: its signals, its clients, its phases, and what is so when it exits.

use winddown_core::{
    ClientId, Moment, Outcome, Phase, Rung, Signal, Status, Ticket, UnitId, UnitReport, Within,
    hint::unlikely,
};

use super::{
    Claim, Sight,
    judge::{Judge, Scene, Verdict},
    leaks::check_reason,
};
use crate::scenario::Expectation;

impl Judge {
    pub(super) fn signalled(&mut self, signal: Signal) {
        if signal == Signal::Hangup {
            return;
        }
        self.signals = self.signals.saturating_add(1);
        if self.signals > 1 {
            self.saw(Sight::SecondSignalForces);
            self.forced = true;
        }
    }

    pub(super) fn shutdown_asked(&mut self, scene: &Scene<'_>, graceful: bool, within: Within) -> Verdict {
        if !graceful && !self.draining {
            self.saw(Sight::NotGraceful);
        }
        self.forced |= !graceful || within == Within::For(winddown_core::Span::ZERO);
        let by = scene.engine.shutdown_deadline().unwrap_or(Moment::NEVER);
        match within {
            Within::For(span) if by > scene.now.after(span) => {
                let claim = if span.is_zero() { Claim::ZeroIsAtOnce } else { Claim::LaterOnlyShortens };
                let text = move || format!("the host was to be down within {span}, and takes until {by}");
                scene.broken(claim, None, text)
            }
            Within::For(_) | Within::Unset | Within::Unlimited => Ok(()),
        }
    }

    pub(super) fn signal_counted(&self, scene: &Scene<'_>) -> Verdict {
        let plan = &scene.setup.plan;
        let longest = if self.signals > 1 { plan.force_within } else { plan.shutdown.budget() };
        let limit = scene.now.after(longest);
        let late = self.draining && !scene.engine.has_exited() && self.shutdown_ends > limit;
        if scene.engine.is_draining() && !late {
            return Ok(());
        }
        let text = move || format!("a stop signal at {} changed nothing", scene.now);
        scene.broken(Claim::SignalsCount, None, text)
    }

    pub(super) fn body_answered(&self, scene: &Scene<'_>, ticket: Ticket) -> Verdict {
        match self.requests.get(ticket.0 as usize) {
            Some(request) if !request.answered => {
                let text = || "a body that asked for its own stop waits for the answer".to_owned();
                scene.broken(Claim::SelfStopAnswered, request.unit, text)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn client_came(&mut self, client: ClientId) {
        self.clients.push((client, false));
        if self.draining {
            self.saw(Sight::LateClient);
        }
    }

    pub(super) fn client_told(&mut self, client: ClientId, outcome: Outcome) {
        if outcome == Outcome::Failed && self.clients.iter().any(|(other, _)| *other == client) {
            self.broken_clients.push(client);
            self.saw(Sight::ClientDropped);
        }
    }

    pub(super) fn tell_of_shutdown(&mut self, client: ClientId) {
        for (_, told) in self.clients.iter_mut().filter(|(other, _)| *other == client) {
            *told = true;
        }
    }

    pub(super) fn disconnected(&mut self, scene: &Scene<'_>, client: ClientId) -> Verdict {
        let told = self.clients.iter().all(|(other, told)| *other != client || *told);
        self.clients.retain(|(other, _)| *other != client);
        let broken = self.broken_clients.contains(&client);
        // (Whoever cannot be told goes in a step that may go on with other things: nobody is over before that.)
        if !broken
            && !self.overran
            && let Some(unit) = self.busy(scene)
        {
            let text =
                move || format!("client {client} was disconnected while {} was on its way", scene.name(unit));
            return scene.broken(Claim::PhasesInOrder, Some(unit), text);
        }
        let notifies = |rung: &Rung<Phase>| rung.action == Phase::Notify;
        if !told && !broken && !self.forced && scene.setup.plan.shutdown.rungs().iter().any(notifies) {
            let text = move || format!("client {client} was told to go, and never told why");
            return scene.broken(Claim::ClientsHear, None, text);
        }
        Ok(())
    }

    /// No deadline goes beyond the shutdown's own.
    pub(super) fn check_deadline(&self, scene: &Scene<'_>, until: Moment) -> Verdict {
        let limit = scene.engine.shutdown_deadline().unwrap_or(Moment::NEVER);
        if until <= limit.max(scene.now) {
            return Ok(());
        }
        let text = move || {
            format!("something of the shutdown may take until {until}, but all of it only until {limit}")
        };
        scene.broken(Claim::StepInBudget, None, text)
    }

    /// Out of line: it is said once a run, and what it needs would be at hand in every step.
    #[inline(never)]
    pub(super) fn exit(&mut self, scene: &Scene<'_>, code: u8) -> Verdict {
        self.exited = true;
        self.saw(if code == 0 { Sight::ExitZero } else { Sight::ExitOne });
        let ends = scene.engine.shutdown_deadline().unwrap_or(Moment::NEVER);
        if scene.now > ends {
            let text = move || format!("the host had to be down by {ends}, and exited at {}", scene.now);
            return scene.broken(Claim::ExitInTime, None, text);
        }
        if !self.reported {
            return scene.broken(Claim::EveryRunEnds, None, || "the host exited without a report".to_owned());
        }
        self.artifacts_gone(scene)?;
        if let Some(request) = self.requests[self.first_request..].iter().find(|it| !it.answered && !it.void)
        {
            let text = move || format!("a request ({:?}) has no answer, and the host exits", request.wish);
            return scene.broken(Claim::AnsweredOnce, request.unit, text);
        }
        if let Some((client, _)) = self.clients.first() {
            let text = move || format!("client {client} was never told to go");
            return scene.broken(Claim::ClientsLeave, None, text);
        }
        let left_over = scene.bodies.iter().any(|body| body.alive && body.process);
        for unit in scene.setup.unit_ids() {
            let Some(report) = scene.engine.unit_report(unit) else { continue };
            self.exit_of(scene, code, unit, report)?;
            if left_over {
                check_left_over(scene, code, unit, report)?;
            }
        }
        check_reason(scene, code)?;
        check_expected(scene, code)
    }

    /// What must be so about one unit when the host exits.
    fn exit_of(&mut self, scene: &Scene<'_>, code: u8, unit: UnitId, report: UnitReport) -> Verdict {
        let ledger = &self.units[unit.index()];
        let row = scene.store.row(unit);
        let durable = row.map_or(0, |row| row.findings);
        if code == 0 && durable < ledger.recorded {
            let text = move || {
                format!(
                    "{} made {} findings, {durable} are in the store, and the exit code is 0",
                    scene.name(unit),
                    ledger.recorded
                )
            };
            return scene.broken(Claim::ExitZeroKeepsAll, Some(unit), text);
        }
        if report.recorded != ledger.recorded || report.saved > durable {
            let text = move || {
                format!(
                    "the report says that {} made {} findings and {} are saved; it made {}, and {durable} are",
                    scene.name(unit),
                    report.recorded,
                    report.saved,
                    ledger.recorded
                )
            };
            return scene.broken(Claim::ReportIsTrue, Some(unit), text);
        }
        if unlikely(report.overran) {
            self.saw(Sight::UnitsOverran);
        }
        if unlikely(self.units[unit.index()].reaping) {
            check_time_over(scene, unit)?;
        }
        self.leaks_are_true(scene, unit, report)?;
        check_ghost(scene, unit, report)?;
        let lost = self.units[unit.index()].checkpoint_lost;
        check_code(scene, code, unit, report, lost)
    }
}

/// What the scenario says about how its host stops.
fn check_expected(scene: &Scene<'_>, code: u8) -> Verdict {
    let Expectation { exit, within, killed } = scene.setup.scenario.expect;
    if let Some(limit) = within {
        let took = scene.engine.report().began.until(scene.now);
        if took > limit {
            let text = move || format!("the host takes {took} to stop, and is to be down within {limit}");
            return scene.broken(Claim::AsExpected, None, text);
        }
    }
    if let Some(other) = exit.filter(|other| *other != code) {
        let text = move || format!("the host exits with {code}, and is to exit with {other}: {}", why(scene));
        return scene.broken(Claim::AsExpected, None, text);
    }
    if killed == Some(true) && !scene.was_killed {
        let text = || "nobody has killed the host from outside, and somebody was to".to_owned();
        return scene.broken(Claim::AsExpected, None, text);
    }
    Ok(())
}

/// Why the exit code is not 0.
fn why(scene: &Scene<'_>) -> String {
    let report = scene.engine.report();
    let list = |what: &str, units: Vec<UnitId>| {
        let names: Vec<String> = units.into_iter().map(|unit| scene.name(unit)).collect();
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    };
    let units =
        |is: fn(&UnitReport) -> bool| report.units.iter().filter(|it| is(it)).map(|it| it.unit).collect();
    let reasons = [
        list("not in their time:", units(|unit| unit.overran)),
        list("findings lost of", units(|unit| unit.unsaved() > 0)),
        list("final status not on record of", units(|unit| !unit.row_durable)),
        list("left a body:", units(|unit| unit.leaked)),
    ];
    let mut reasons: Vec<String> = reasons.into_iter().flatten().collect();
    reasons.extend(report.failed_phases.iter().map(|phase| format!("{} failed", phase.name())));
    if reasons.is_empty() { "something of the shutdown failed".to_owned() } else { reasons.join("; ") }
}

fn check_left_over(scene: &Scene<'_>, code: u8, unit: UnitId, report: UnitReport) -> Verdict {
    let alive = scene.bodies.iter().any(|body| body.unit == unit && body.alive && body.process);
    let listed = report.leaked || report.abandoned > 0;
    let row_says = scene.store.row(unit).is_some_and(|row| row.leaked);
    if alive && (!listed || code == 0 || (report.row_durable && !row_says)) {
        let text = move || {
            format!("{} is still alive, and neither report nor row nor exit code say so", scene.name(unit))
        };
        return scene.broken(Claim::LeaksAreListed, Some(unit), text);
    }
    Ok(())
}

/// What an earlier host left of the unit is being ended at this moment.
fn check_time_over(scene: &Scene<'_>, unit: UnitId) -> Verdict {
    if scene.engine.report().overran {
        return Ok(());
    }
    let name = scene.name(unit);
    let text = || format!("what an earlier host left of {name} is being ended, and this one does not wait");
    scene.broken(Claim::ReportIsTrue, Some(unit), text)
}

fn check_ghost(scene: &Scene<'_>, unit: UnitId, report: UnitReport) -> Verdict {
    let status = scene.store.row(unit).map(|row| row.status);
    let ghost = matches!(status, Some(Status::Running | Status::Paused | Status::Stopping));
    if ghost && report.row_durable {
        let text = move || format!("the host exits, and the row of {} says {:?}", scene.name(unit), status);
        return scene.broken(Claim::NoGhosts, Some(unit), text);
    }
    if matches!(report.status, Status::Running | Status::Paused | Status::Stopping) {
        let text = move || format!("the host exits, and {} is {}", scene.name(unit), report.status);
        return scene.broken(Claim::NoGhosts, Some(unit), text);
    }
    Ok(())
}

fn check_code(scene: &Scene<'_>, code: u8, unit: UnitId, report: UnitReport, lost: bool) -> Verdict {
    let bad = lost || report.unsaved() > 0 || report.leaked || !report.row_durable || report.overran;
    if bad && code == 0 {
        let text = move || format!("{} is not all well, and the exit code is 0", scene.name(unit));
        return scene.broken(Claim::ReportIsTrue, Some(unit), text);
    }
    Ok(())
}
