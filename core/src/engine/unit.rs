//! What the engine knows about one unit. Plain data; the rules are in the rooms beside it.

use crate::{
    budget::Budget,
    ids::{Incarnation, KindId, OwnerId, Ticket},
    input::Row,
    status::{Reason, Status},
    time::{Moment, Span},
};

/// What is known of the current incarnation's body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Body {
    /// Never started, or known to be gone.
    #[default]
    Gone,
    /// Asked to start; has not said that it is up.
    Starting,
    /// Up, as far as is known.
    Alive,
}

/// How the row in the store stands to the status in memory. Only terminal rows are followed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum RowState {
    /// Nothing is waited for.
    #[default]
    Clean,
    /// A terminal row is on its way.
    Writing,
    /// A terminal row could not be written.
    Dirty,
}

/// Where a unit stands on its way down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Stage {
    /// Not on its way down; or all of it is settled.
    #[default]
    Idle,
    /// Waits to be let through: for its dependents, for all others to hold still, for a free place.
    Waiting,
    /// On the rung `Stop::rung`, until the unit's timer.
    Climbing,
    /// The ladder is over, and the terminal row is on its way.
    Recording,
}

/// What follows once a unit is settled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Again {
    /// Nothing.
    #[default]
    No,
    /// A start, because somebody asked for a restart.
    Now,
    /// A start after this time, because the restart policy says so.
    After(Span),
}

/// One way down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Stop {
    pub(super) stage: Stage,
    pub(super) rung: u8,
    /// How often the checkpoint was written again.
    pub(super) round: u16,
    /// Gentle rungs are skipped.
    pub(super) forced: bool,
    /// It has less time than its ladder takes, or a rung had less than its patience.
    pub(super) short: bool,
    /// The budget was spent before the ladder had its time.
    pub(super) overran: bool,
    /// Past the gate: it may do more than pause.
    pub(super) admitted: bool,
    /// Part of a shutdown: the ladder's own budget is counted from the gate on, not from the time when
    /// the shutdown began.
    pub(super) unclocked: bool,
    /// Takes one of the shutdown's places.
    pub(super) placed: bool,
    /// The final status is in the store: a checkpoint has put it there.
    pub(super) checkpointed: bool,
    /// How many findings are in the checkpoint on its way.
    pub(super) checkpoint: u32,
    pub(super) again: Again,
    /// The status that the unit will have.
    pub(super) ends_as: Status,
    pub(super) began: Moment,
    pub(super) budget: Budget,
}

impl Stop {
    pub(super) const NONE: Self = Self {
        stage: Stage::Idle,
        rung: 0,
        round: 0,
        forced: false,
        short: false,
        overran: false,
        admitted: false,
        unclocked: false,
        placed: false,
        checkpointed: false,
        checkpoint: 0,
        again: Again::No,
        ends_as: Status::Stopped,
        began: Moment::START,
        budget: Budget::unlimited(),
    };

    /// What the future depends on: of a way down that is over, only what comes after it.
    pub(super) const fn future(self) -> Self {
        let Self { stage, overran, placed, again, .. } = self;
        if self.is_on_the_way() { self } else { Self { stage, overran, placed, again, ..Self::NONE } }
    }

    pub(super) const fn is_on_the_way(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Climbing)
    }
}

/// No rung; for the places where a rung is remembered.
pub(super) const NO_RUNG: u8 = u8::MAX;

/// It ended without a body that could have gone. No rung either.
pub(super) const NO_BODY: u8 = NO_RUNG - 1;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Unit {
    pub(super) kind: KindId,
    pub(super) owner: OwnerId,
    /// Its body can outlive the host.
    pub(super) outlives: bool,
    pub(super) incarnation: Incarnation,
    /// What the number stood for before has lower incarnations.
    pub(super) born: Incarnation,
    pub(super) status: Status,
    pub(super) body: Body,
    pub(super) row: RowState,
    pub(super) reason: Reason,
    /// Its number is free.
    pub(super) vacant: bool,
    /// Counts against its owner's cap.
    pub(super) active: bool,
    /// A start is scheduled; `incarnation` is the one that will be started.
    pub(super) backing_off: bool,
    /// Its body can outlive the host, so it is started once its row is durable.
    pub(super) announced: bool,
    /// Rows on their way that say so: the one that waits for its start, and those from before its backoff was over.
    /// Each has the same words, so no answer says which one it is about.
    pub(super) start_rows: u8,
    /// It is on record, and it is started once what an earlier host left of it is gone.
    pub(super) held: bool,
    /// A pause was asked for outside of any stop, and is not confirmed.
    pub(super) pausing: bool,
    /// An earlier host may have left a body of it, which is not proven gone.
    pub(super) left: bool,
    /// What an earlier host may have left of it is looked for, and nobody has said what came of it.
    pub(super) reaping: bool,
    /// Failures in a row.
    pub(super) failures: u16,
    /// How many earlier starts under this host left a body that is not known to be gone.
    pub(super) abandoned: u16,
    /// Findings recorded, asked to be written, and durable. Invariant: saved <= recorded.
    pub(super) recorded: u32,
    pub(super) asked: u32,
    pub(super) saved: u32,
    /// The last finding whose body waits until it is durable.
    pub(super) promised: u32,
    /// The shutdown's present phase goes on until this unit has done its part.
    pub(super) holds_up: bool,
    pub(super) stop: Stop,
    /// How many dependents it waits for.
    pub(super) waits_for: u32,
    /// Heads of lists kept elsewhere.
    pub(super) callers: u32,
    pub(super) depends: u32,
    pub(super) dependents: u32,
    /// How long what it depends on takes to go down, one after the other, where that takes longest.
    pub(super) chain: Span,
    /// For the report: the rung on which the body went, and the first rung that did not do its work.
    pub(super) ended_on: u8,
    pub(super) failed_on: u8,
    pub(super) took: Span,
}

impl Unit {
    /// No unit.
    pub(super) const VACANT: Self =
        Self { vacant: true, ..Self::new(KindId(0), OwnerId(0), Incarnation(0), false) };

    /// A unit that was never started. `born`: 0, unless its number stood for another one before.
    pub(super) const fn new(kind: KindId, owner: OwnerId, born: Incarnation, outlives: bool) -> Self {
        Self {
            kind,
            owner,
            outlives,
            incarnation: born,
            born,
            status: Status::Pending,
            body: Body::Gone,
            row: RowState::Clean,
            reason: Reason::None,
            vacant: false,
            active: false,
            backing_off: false,
            announced: false,
            start_rows: 0,
            held: false,
            pausing: false,
            left: false,
            reaping: false,
            failures: 0,
            abandoned: 0,
            recorded: 0,
            asked: 0,
            saved: 0,
            promised: 0,
            holds_up: false,
            stop: Stop::NONE,
            waits_for: 0,
            callers: super::callers::NONE,
            depends: super::edges::NONE,
            dependents: super::edges::NONE,
            chain: Span::ZERO,
            ended_on: NO_RUNG,
            failed_on: NO_RUNG,
            took: Span::ZERO,
        }
    }

    pub(super) const fn body_lives(&self) -> bool {
        !matches!(self.body, Body::Gone)
    }

    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.stop.stage, Stage::Idle)
    }

    /// Whether a body was left that is not proven gone, and does not end with the host: by an earlier host, by an
    /// earlier start, or by a way down that is over.
    #[inline]
    pub(super) const fn is_leaked(&self) -> bool {
        self.left || (self.outlives && self.has_left_a_process())
    }

    const fn has_left_a_process(&self) -> bool {
        let given_up = self.status.is_terminal() && self.body_lives() && !self.stop.is_on_the_way();
        self.abandoned > 0 || given_up
    }

    /// Forgets what is only true of the incarnation before the next one.
    pub(super) const fn begin_run(&mut self) {
        self.status = Status::Pending;
        self.body = Body::Gone;
        self.reason = Reason::None;
        self.stop = Stop::NONE;
        self.ended_on = NO_RUNG;
        self.failed_on = NO_RUNG;
        self.took = Span::ZERO;
    }

    /// The row that says what is true of it.
    pub(super) const fn row(&self) -> Row {
        self.row_as(self.status)
    }

    /// The same with another status. One that is final while a process lives says that it is left: a crash must not
    /// make it nobody's.
    pub(super) const fn row_as(&self, status: Status) -> Row {
        Row {
            incarnation: self.incarnation,
            status,
            reason: self.reason,
            findings: self.recorded,
            leaked: self.left
                || (self.outlives && (self.abandoned > 0 || (status.is_terminal() && self.body_lives()))),
        }
    }

    /// Once nothing waits for such rows, nobody counts them.
    const fn start_rows(&self) -> u8 {
        if self.announced || self.backing_off { self.start_rows } else { 0 }
    }

    /// A row of it is written: if it says that a process is to start, the start waits for one like it.
    pub(super) const fn announces(&mut self) {
        if self.announced || (self.outlives && self.backing_off) {
            self.start_rows = self.start_rows.saturating_add(1);
        }
    }

    /// One of those rows is answered. Says whether any was on its way, and anything will wait for them.
    pub(super) const fn count_off_start_row(&mut self) -> bool {
        let counts = self.start_rows() > 0;
        self.start_rows -= counts as u8;
        counts
    }

    /// Whether a write that matters has not been confirmed.
    pub(super) fn is_writing(&self) -> bool {
        self.row == RowState::Writing || self.asked > self.saved
    }

    /// Whether something is not durable, and nothing is on its way to make it so.
    pub(super) fn needs_write(&self) -> bool {
        self.row == RowState::Dirty || self.recorded > self.saved.max(self.asked)
    }
}

impl Unit {
    /// What the future depends on, deadlines and waiters aside, as words. What is only remembered for
    /// the report is left out, except what the exit code is made of.
    pub(super) fn visit(&self, visit: &mut impl FnMut(u64)) {
        let stop = self.stop.future();
        let again = match stop.again {
            Again::No => 0,
            Again::Now => 1,
            Again::After(span) => span.nanos() | 1 << 63,
        };
        let bits = [
            self.vacant,
            self.active,
            self.backing_off,
            self.announced,
            self.held,
            self.pausing,
            self.left,
            self.reaping,
            self.holds_up,
            stop.forced,
            stop.short,
            stop.overran,
            stop.admitted,
            stop.unclocked,
            stop.placed,
            stop.checkpointed,
        ];
        let bits = bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
        let small = [
            self.status as u8,
            self.body as u8,
            self.row as u8,
            stop.stage as u8,
            stop.rung,
            stop.ends_as as u8,
            self.failed_on,
        ];
        visit(small.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        visit(bits << 32 | u64::from(self.kind.0) << 16 | u64::from(self.owner.0));
        visit(
            u64::from(self.incarnation.0) << 32 | u64::from(self.failures) << 16 | u64::from(self.abandoned),
        );
        visit(u64::from(self.recorded) << 32 | u64::from(self.saved));
        // A promise that was kept is as good as none.
        let promised = if self.promised > self.saved { self.promised } else { 0 };
        visit(u64::from(self.asked.max(self.saved)) << 32 | u64::from(promised));
        visit(u64::from(stop.checkpoint) << 16 | u64::from(stop.round));
        visit(u64::from(self.born.0) << 8 | u64::from(self.start_rows()));
        visit(again);
        visit(u64::from(self.waits_for) << 40 | reason_word(self.reason));
    }
}

const fn reason_word(reason: Reason) -> u64 {
    match reason {
        Reason::None => 0,
        Reason::ByUser => 1,
        Reason::RunBudgetOver => 2,
        Reason::StartOverdue => 3,
        Reason::Shutdown => 4,
        Reason::Interrupted => 5,
        Reason::Stated(number) => 1 << 32 | number as u64,
    }
}

/// Somebody who waits for a unit to be settled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Waiter {
    pub(super) ticket: Ticket,
    pub(super) wants: Wants,
}

/// What the waiter asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Wants {
    Stop,
    Cancel,
    Restart,
}
