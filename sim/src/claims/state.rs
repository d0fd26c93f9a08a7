//! What the judge's future verdicts depend on, for a search that comes to the same state twice.

use winddown_core::{Moment, Reason, UnitId};

use super::{
    judge::{Judge, Wish},
    ledger::{Ledger, Request},
};

/// How far away a moment is, before or after. Never stays never.
const fn from(now: Moment, at: Moment) -> u64 {
    if at.is_never() { u64::MAX } else { at.nanos().wrapping_sub(now.nanos()) }
}

impl Judge {
    /// The same, in the room that is there.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.units.clone_from(&other.units);
        self.requests.clone_from(&other.requests);
        self.copy_host_from(other);
    }

    /// The same, but for what is about units and requests.
    pub(super) fn copy_host_from(&mut self, other: &Self) {
        let Self {
            units: _,
            requests: _,
            first_request,
            shutdown_ends,
            units_end,
            draining,
            forced,
            signals,
            shutdown_seen,
            woken,
            overran,
            reported,
            exited,
            artifacts,
            clients,
            broken_clients,
            quiet,
            still_at,
            sights,
        } = other;
        self.clients.clone_from(clients);
        self.broken_clients.clone_from(broken_clients);
        (self.first_request, self.shutdown_ends, self.units_end) =
            (*first_request, *shutdown_ends, *units_end);
        (self.draining, self.forced, self.shutdown_seen) = (*draining, *forced, *shutdown_seen);
        (self.woken, self.overran, self.reported) = (*woken, *overran, *reported);
        (self.exited, self.artifacts, self.quiet) = (*exited, *artifacts, *quiet);
        (self.still_at, self.sights, self.signals) = (*still_at, *sights, *signals);
    }

    /// Takes out what was seen.
    pub(crate) const fn take_sights(&mut self) -> u64 {
        core::mem::replace(&mut self.sights, 0)
    }

    /// One unit's part of what verdicts depend on, without its number, as words.
    pub(crate) fn visit_unit_state(&self, now: Moment, unit: UnitId, visit: &mut impl FnMut(u64)) {
        self.units[unit.index()].visit(now, visit);
        // Who waits, by what they want: a ticket's number makes no difference.
        let mut waiting = 0_u64;
        for Request { unit: about, wish, by_body, answered, void } in &self.requests {
            if *about == Some(unit) && !answered && !void {
                waiting += 1 << (8 * *wish as u32 + 4 * u32::from(*by_body));
            }
        }
        visit(waiting);
    }

    /// The part that is about no single unit. What is only kept within a step, or found out anew in each,
    /// is left out.
    pub(crate) fn visit_host_state(&self, now: Moment, visit: &mut impl FnMut(u64)) {
        let on = !self.shutdown_ends.is_never();
        visit(from(now, self.shutdown_ends));
        visit(from(now, self.units_end));
        visit(if on { from(now, self.shutdown_seen) } else { 0 });
        let signalled = [self.signals > 0, self.signals > 1];
        let bits = [self.forced, self.overran, self.reported, self.exited, self.quiet];
        let bits = bits.iter().chain(&signalled);
        visit(bits.fold(0, |word, bit| word << 1 | u64::from(*bit)));
        self.artifacts.visit(now, visit);
        for (client, told) in &self.clients {
            visit(u64::from(client.0) << 1 | u64::from(*told));
        }
        for client in &self.broken_clients {
            visit(u64::from(client.0) | 1 << 32);
        }
        let hosts = self.requests.iter().filter(|it| it.unit.is_none() && !it.answered && !it.void);
        visit(hosts.count() as u64);
    }
}

impl Ledger {
    fn visit(&self, now: Moment, visit: &mut impl FnMut(u64)) {
        let Self {
            incarnation,
            lives,
            active,
            stopped,
            on_way,
            forced,
            began: _,
            changed: _,
            ends: _,
            shortened,
            waits_until: _,
            clocked,
            passed,
            rung,
            round,
            rung_at: _,
            rung_until: _,
            rung_over,
            rung_forces,
            cut,
            checkpoint_lost,
            paused,
            terminal: _,
            noticed,
            rows,
            rewrite_due,
            recorded: _,
            acknowledged: _,
            free,
            cancel,
            cancel_noticed,
            told,
            start_rows: _,
            reaping,
            left,
            at_large: _,
        } = *self;
        // A new way down sets all of these, and it only matters whether there was a step at all.
        let (rung, round) = if on_way { (rung, round) } else { (rung.min(0), 0) };
        let bits = [
            lives,
            active,
            stopped,
            on_way,
            forced,
            on_way && shortened,
            on_way && clocked,
            on_way && passed.is_some(),
            on_way && passed == Some(true),
            on_way && rung_over,
            on_way && rung_forces,
            on_way && cut,
            checkpoint_lost,
            paused,
            noticed,
            rewrite_due,
            free,
            cancel_noticed,
            told,
            reaping,
            left,
        ];
        let bits = bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
        let place = u64::from(round) << 24 | u64::from(rung.cast_unsigned()) << 8;
        // More than two rows are no worse than two.
        visit(bits << 40 | place | u64::from(rows.min(2)));
        visit(u64::from(incarnation.0) << 32 | reason_word(cancel));
        self.visit_starts(visit);
        // A new way down sets all of these.
        if on_way {
            self.times().iter().for_each(|at| visit(from(now, *at)));
        }
    }

    /// What was found, which start has ended, which ones left a body, and which one waits for its row.
    fn visit_starts(&self, visit: &mut impl FnMut(u64)) {
        visit(u64::from(self.recorded) << 32 | u64::from(self.acknowledged));
        visit(self.terminal.map_or(u64::MAX, |(of, status)| u64::from(of.0) << 8 | status as u64));
        self.at_large.visit(visit);
        let (start, rows) = self.start_rows;
        if rows > 0 {
            visit(1 << 63 | u64::from(start.0) << 8 | u64::from(rows));
        }
    }

    const fn times(&self) -> [Moment; 6] {
        [self.began, self.changed, self.ends, self.waits_until, self.rung_at, self.rung_until]
    }
}

const fn reason_word(reason: Option<Reason>) -> u64 {
    match reason {
        None => 0,
        Some(Reason::None) => 1,
        Some(Reason::ByUser) => 2,
        Some(Reason::RunBudgetOver) => 3,
        Some(Reason::StartOverdue) => 4,
        Some(Reason::Shutdown) => 5,
        Some(Reason::Interrupted) => 6,
        Some(Reason::Stated(number)) => 7 + number as u64,
    }
}

/// Wishes are counted in eight bits each.
const _: () = assert!(Wish::Other as u32 * 8 + 8 <= 64);
