//! A run's identity: a hash over all of its steps.
//!
//! Every input, disposition and effect is packed into words by hand, so that the hash depends on what
//! happened and on nothing else: not on the compiler, the profile, the platform or a library's version.

use winddown_core::{
    Action, Answer, Caller, Disposition, Effect, Input, Moment, Notice, Reason, Row, Step, Within,
};

/// A running hash over words: multiply, fold, go on. Not for adversaries, only for identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        // Any odd constant will do; this one is in every golden hash.
        Self(0x2d35_8dcc_aa6c_78a5)
    }
}

impl Digest {
    /// Takes one word in.
    #[expect(clippy::cast_possible_truncation, reason = "both halves of the product are taken")]
    pub(crate) const fn word(&mut self, word: u64) {
        let product = (self.0 ^ word) as u128 * 0xf39c_c060_5ced_c835 + 0x8bb8_4b93_962e_acc9;
        self.0 = (product as u64) ^ ((product >> 64) as u64).rotate_left(23);
    }

    /// The hash of what was taken in so far.
    #[must_use]
    pub(crate) const fn value(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ (mixed >> 32)
    }

    /// Takes one step in.
    pub(crate) fn step(&mut self, now: Moment, input: &Input, disposition: Disposition, effects: &[Effect]) {
        let disposition = match disposition {
            Disposition::Applied => 0,
            Disposition::Ignored(why) => 1 << 8 | why as u64,
            Disposition::Refused(why) => 2 << 8 | why as u64,
        };
        // No run lasts a hundred days, so the time leaves room for what became of the input.
        self.word(now.nanos() ^ disposition << 54);
        self.input(input);
        for effect in effects {
            self.effect(effect);
        }
    }

    /// A tag and up to 56 bits beside it.
    const fn tagged(&mut self, tag: u64, rest: u64) {
        self.word(tag << 56 ^ rest);
    }

    fn input(&mut self, input: &Input) {
        match *input {
            Input::UnitDeclared { unit, kind, owner } => {
                self.tagged(1, pair(unit.0, u32::from(kind.0) << 16 | u32::from(owner.0)));
            }
            Input::DependencyDeclared { unit, on } => self.tagged(2, pair(unit.0, on.0)),
            Input::UnitRecovered { unit, row } => {
                self.tagged(3, unit.0.into());
                self.row(row);
            }
            Input::StartRequested { unit, caller } => self.request(4, unit.0, caller),
            Input::UnitStarted { unit, incarnation } => self.tagged(5, pair(unit.0, incarnation.0)),
            Input::StartFailed { unit, incarnation } => self.tagged(6, pair(unit.0, incarnation.0)),
            Input::UnitExited { unit, incarnation, exit } => {
                self.tagged(7, pair(unit.0, incarnation.0));
                self.word(exit as u64);
            }
            Input::Progressed { unit, incarnation } => self.tagged(8, pair(unit.0, incarnation.0)),
            Input::FindingRecorded { unit, durable } => self.tagged(9, pair(unit.0, durable.into())),
            Input::PauseRequested { unit, caller } => self.request(10, unit.0, caller),
            Input::UnitPaused { unit, incarnation } => self.tagged(11, pair(unit.0, incarnation.0)),
            Input::ResumeRequested { unit, caller } => self.request(12, unit.0, caller),
            Input::StopRequested { unit, force, within, caller } => {
                self.request(13, unit.0, caller);
                self.within(force, within);
            }
            Input::RestartRequested { unit, caller } => self.request(14, unit.0, caller),
            Input::CancelRequested { unit, reason, caller } => {
                self.request(15, unit.0, caller);
                self.word(reason_word(reason));
            }
            Input::RemoveRequested { unit, caller } => self.request(16, unit.0, caller),
            Input::StepFinished { unit, step, outcome } => {
                self.step_of(17, unit.0, step);
                self.word(outcome as u64);
            }
            Input::Persisted { unit, row, outcome } => {
                self.tagged(18, pair(unit.0, outcome as u32));
                self.row(row);
            }
            Input::Reaped { unit, outcome } => self.tagged(19, pair(unit.0, outcome as u32)),
            Input::ClientAttached { client } => self.tagged(20, client.0.into()),
            Input::ClientTold { client, outcome } => self.tagged(21, pair(client.0.into(), outcome as u32)),
            Input::ClientLeft { client } => self.tagged(22, client.0.into()),
            Input::ShutdownRequested { graceful, within, caller } => {
                self.request(23, 0, caller);
                self.within(graceful, within);
            }
            Input::SignalReceived { signal } => self.tagged(24, signal as u64),
            Input::PhaseFinished { phase, outcome } => self.tagged(25, pair(phase as u32, outcome as u32)),
            Input::Woken => self.tagged(26, 0),
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match *effect {
            Effect::Start { unit, incarnation } => self.tagged(65, pair(unit.0, incarnation.0)),
            Effect::Pause { unit, incarnation } => self.tagged(66, pair(unit.0, incarnation.0)),
            Effect::Resume { unit, incarnation } => self.tagged(67, pair(unit.0, incarnation.0)),
            Effect::Perform { unit, step, action, until } => {
                self.step_of(68, unit.0, step);
                self.word(until.nanos());
                self.word(action_word(action));
            }
            Effect::Checkpoint { unit, step, row, until } => {
                self.step_of(69, unit.0, step);
                self.word(until.nanos());
                self.row(row);
            }
            Effect::Persist { unit, row, confirm } => {
                self.tagged(70, pair(unit.0, confirm.into()));
                self.row(row);
            }
            Effect::Acknowledge { unit, findings } => self.tagged(71, pair(unit.0, findings)),
            Effect::Reap { unit, incarnation } => self.tagged(72, pair(unit.0, incarnation.0)),
            Effect::Notify { unit, incarnation, notice } => {
                self.tagged(73 + notice_number(notice), pair(unit.0, incarnation.0));
            }
            Effect::Tell { client, by } => {
                self.tagged(90, client.0.into());
                self.word(by.nanos());
            }
            Effect::Disconnect { client } => self.tagged(91, client.0.into()),
            Effect::Wind { phase, until } => {
                self.tagged(92, phase as u64);
                self.word(until.nanos());
            }
            Effect::Reply { ticket, answer } => {
                self.tagged(93, ticket.0.into());
                self.answer(answer);
            }
            Effect::Reload => self.tagged(94, 0),
            Effect::Report => self.tagged(95, 0),
            Effect::Exit { code } => self.tagged(96, code.into()),
        }
    }

    fn request(&mut self, tag: u64, unit: u32, caller: Caller) {
        let (kind, ticket) = match caller {
            Caller::Nobody => (0, 0),
            Caller::Outside(ticket) => (1, ticket.0),
            Caller::Body(ticket) => (2, ticket.0),
        };
        self.tagged(tag, pair(unit, ticket));
        self.word(kind);
    }

    fn within(&mut self, flag: bool, within: Within) {
        let (kind, span) = match within {
            Within::Unset => (0, 0),
            Within::For(span) => (1, span.nanos()),
            Within::Unlimited => (2, 0),
        };
        self.word(kind << 1 | u64::from(flag));
        self.word(span);
    }

    fn step_of(&mut self, tag: u64, unit: u32, step: Step) {
        self.tagged(tag, pair(unit, step.incarnation.0));
        self.word(u64::from(step.round) << 8 | u64::from(step.rung));
    }

    fn row(&mut self, row: Row) {
        self.word(u64::from(row.incarnation.0) << 32 | u64::from(row.findings));
        self.word(reason_word(row.reason) << 16 | (row.status as u64) << 8 | u64::from(row.leaked));
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Accepted => self.word(1),
            Answer::Stopped { status, leaked } => {
                self.word(2 | (status as u64) << 8 | u64::from(leaked) << 16);
            }
            Answer::Cancelled(was_running) => self.word(3 | u64::from(was_running) << 8),
            Answer::Restarted => self.word(4),
            Answer::NotRecorded => self.word(5),
            Answer::ShuttingDown { by } => {
                self.word(6);
                self.word(by.nanos());
            }
            Answer::Refused(why) => self.word(7 | (why as u64) << 8),
        }
    }
}

const fn pair(first: u32, second: u32) -> u64 {
    ((first as u64) << 32) ^ second as u64
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

const fn action_word(action: Action) -> u64 {
    match action {
        Action::Probe => 1,
        Action::Pause => 2,
        Action::Checkpoint => 3,
        Action::Disconnect => 4,
        Action::RequestCancel => 5,
        Action::Terminate { grace } => 6 ^ grace.nanos() << 4,
        Action::Kill => 7,
        Action::Abort => 8,
        Action::Remove => 9,
        Action::Forget => 10,
    }
}

const fn notice_number(notice: Notice) -> u64 {
    match notice {
        Notice::Started => 0,
        Notice::Progress => 1,
        Notice::Paused => 2,
        Notice::Resumed => 3,
        Notice::CancellationRequested => 4,
        Notice::Completed => 5,
        Notice::Failed => 6,
        Notice::Cancelled => 7,
        Notice::TimedOut => 8,
        Notice::Stopped => 9,
    }
}
