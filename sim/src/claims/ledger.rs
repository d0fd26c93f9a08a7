//! What the judge writes down about one unit.

use winddown_core::{Incarnation, Moment, Reason, Status};

use super::{judge::Wish, leaks::AtLarge};

/// No rung was performed yet.
pub(super) const NO_RUNG: i16 = -1;

/// What went in and came out about one unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ledger {
    /// The latest start that was ordered.
    pub(super) incarnation: Incarnation,
    /// As far as reports go, its body is alive.
    pub(super) lives: bool,
    /// Started, and no terminal notice yet.
    pub(super) active: bool,
    /// It may only start again if somebody asks.
    pub(super) stopped: bool,
    /// On its way down.
    pub(super) on_way: bool,
    pub(super) forced: bool,
    /// When the way down began, when its deadline was last shortened, and the deadline.
    pub(super) began: Moment,
    pub(super) changed: Moment,
    pub(super) ends: Moment,
    pub(super) shortened: bool,
    /// How long it may wait for others, as deadlines were before they were shortened.
    pub(super) waits_until: Moment,
    /// Its ladder's own budget counts. That of a stop by a shutdown does from its first step on that is
    /// more than a pause.
    pub(super) clocked: bool,
    /// It does more than hold still; and whether a shutdown was on when that began, so that it takes a place.
    pub(super) passed: Option<bool>,
    /// The rung performed last, when, and until when it may take.
    pub(super) rung: i16,
    pub(super) round: u16,
    pub(super) rung_at: Moment,
    pub(super) rung_until: Moment,
    /// The rung performed last has failed or is done: nobody has to wait for it.
    pub(super) rung_over: bool,
    /// It failed, and sends the stop on by force.
    pub(super) rung_forces: bool,
    /// A rung was given less than its own patience.
    pub(super) cut: bool,
    /// Since it was started, a checkpoint has failed or was not there in its time.
    pub(super) checkpoint_lost: bool,
    pub(super) paused: bool,
    /// The terminal status of the present incarnation, as written or told.
    pub(super) terminal: Option<(Incarnation, Status)>,
    pub(super) noticed: bool,
    /// Terminal rows asked for since the stop began, and whether a further one would be in order.
    pub(super) rows: u16,
    pub(super) rewrite_due: bool,
    pub(super) recorded: u32,
    pub(super) acknowledged: u32,
    /// A stop was answered with OK, and nothing has started since.
    pub(super) free: bool,
    pub(super) cancel: Option<Reason>,
    pub(super) cancel_noticed: bool,
    /// Told to go: an abort or a cancel was performed.
    pub(super) told: bool,
    /// Of a process that is on record as to start: its start, and how many rows that say so are on their way.
    pub(super) start_rows: (Incarnation, u8),
    /// What an earlier host left of it is being ended; and is not known to be gone.
    pub(super) reaping: bool,
    pub(super) left: bool,
    pub(super) at_large: AtLarge,
}

impl Ledger {
    pub(super) const NEW: Self = Self {
        incarnation: Incarnation(0),
        lives: false,
        active: false,
        stopped: false,
        on_way: false,
        forced: false,
        began: Moment::START,
        changed: Moment::START,
        ends: Moment::NEVER,
        shortened: false,
        waits_until: Moment::NEVER,
        clocked: false,
        passed: None,
        rung: NO_RUNG,
        round: 0,
        rung_at: Moment::START,
        rung_until: Moment::START,
        rung_over: true,
        rung_forces: false,
        cut: false,
        checkpoint_lost: false,
        paused: false,
        terminal: None,
        noticed: false,
        rows: 0,
        rewrite_due: false,
        recorded: 0,
        acknowledged: 0,
        free: false,
        cancel: None,
        cancel_noticed: false,
        told: false,
        start_rows: (Incarnation(0), 0),
        reaping: false,
        left: false,
        at_large: AtLarge::NONE,
    };

    /// The next start is on its way: whatever lives is of an earlier one.
    pub(super) fn leave_body(&mut self) {
        if core::mem::take(&mut self.lives) {
            self.at_large.add(self.incarnation);
        }
    }

    /// Whether a request shortened the deadline after the present rung began: that shortens the rung.
    pub(super) fn cut_short(&self) -> bool {
        self.shortened && self.changed >= self.rung_at
    }

    /// The deadline comes nearer: what its present rung was to have may be more than that.
    pub(super) fn now_ends(&mut self, ends: Moment) {
        self.cut |= !self.rung_over && ends < self.rung_until;
    }

    /// A new way down begins.
    pub(super) const fn begin(&mut self, now: Moment, ends: Moment) {
        self.on_way = true;
        self.forced = false;
        self.began = now;
        self.changed = now;
        self.ends = ends;
        self.shortened = false;
        self.waits_until = Moment::NEVER;
        self.clocked = !ends.is_never();
        self.passed = None;
        self.rung = NO_RUNG;
        self.rung_over = true;
        self.rung_forces = false;
        self.cut = false;
        self.rows = 0;
        self.told = false;
    }
}

/// Somebody who asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) unit: Option<winddown_core::UnitId>,
    pub(super) wish: Wish,
    pub(super) by_body: bool,
    pub(super) answered: bool,
    /// Whoever waited lost the connection when the host died.
    pub(super) void: bool,
}
