//! A run's identity: a hash over all of its steps.
//!
//! Every input, disposition and effect is packed into words by hand, so that the hash depends on what
//! happened and on nothing else: not on the compiler, the profile, the platform or a library's version.

use winddown_core::{
    Action, Answer, Caller, Disposition, Effect, Input, Moment, Notice, Reason, Row, Step, Within,
};

/// A running hash over pairs of words: multiply, fold, add, go on. Not for adversaries, only for identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    pub(crate) const fn new() -> Self {
        // Any odd constant will do; this one is in every golden hash.
        Self(0x2d35_8dcc_aa6c_78a5)
    }

    /// Takes two words in. What was there before is added, so that no word can wipe it out.
    #[expect(clippy::cast_possible_truncation, reason = "both halves of the product are taken")]
    const fn take(&mut self, first: u64, second: u64) {
        let product = (self.0 ^ first) as u128 * (second ^ 0xf39c_c060_5ced_c835) as u128;
        self.0 = self.0.rotate_left(23).wrapping_add(product as u64 ^ (product >> 64) as u64);
    }

    /// Takes two words in.
    pub(crate) const fn pair(&mut self, first: u64, second: u64) {
        self.take(first, second);
    }

    /// Takes one word in.
    pub(crate) const fn word(&mut self, word: u64) {
        self.take(word, 0);
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
            Disposition::Ignored(why) => {
                core::hint::cold_path();
                1 << 8 | why as u64
            }
            Disposition::Refused(why) => {
                core::hint::cold_path();
                2 << 8 | why as u64
            }
        };
        // No run lasts a hundred days, so the time leaves room for what became of the input.
        self.input(now.nanos() ^ disposition << 54, input);
        for effect in effects {
            self.effect(effect);
        }
    }

    /// `head`: what goes in beside the input's own words.
    fn input(&mut self, head: u64, input: &Input) {
        match *input {
            Input::UnitDeclared { unit, kind, owner } => {
                self.take(head, tag(1, pair(unit.0, u32::from(kind.0) << 16 | u32::from(owner.0))));
            }
            Input::DependencyDeclared { unit, on } => self.take(head, tag(2, pair(unit.0, on.0))),
            Input::UnitRecovered { unit, row } => {
                self.take(head, tag(3, unit.0.into()));
                self.row(row);
            }
            Input::StartRequested { unit, caller } => self.request(head, 4, unit.0, caller),
            Input::UnitStarted { unit, incarnation } => self.take(head, tag(5, pair(unit.0, incarnation.0))),
            Input::StartFailed { unit, incarnation } => self.take(head, tag(6, pair(unit.0, incarnation.0))),
            Input::UnitExited { unit, incarnation, exit } => {
                self.take(head, tag(7, exit as u64));
                self.word(pair(unit.0, incarnation.0));
            }
            Input::Progressed { unit, incarnation } => self.take(head, tag(8, pair(unit.0, incarnation.0))),
            Input::FindingRecorded { unit, durable } => self.take(head, tag(9, pair(unit.0, durable.into()))),
            Input::PauseRequested { unit, caller } => self.request(head, 10, unit.0, caller),
            Input::UnitPaused { unit, incarnation } => self.take(head, tag(11, pair(unit.0, incarnation.0))),
            Input::ResumeRequested { unit, caller } => self.request(head, 12, unit.0, caller),
            Input::StopRequested { unit, force, within, caller } => {
                self.request(head, 13, unit.0, caller);
                self.within(force, within);
            }
            Input::RestartRequested { unit, caller } => self.request(head, 14, unit.0, caller),
            Input::CancelRequested { unit, reason, caller } => {
                self.request(head, 15, unit.0, caller);
                self.word(reason_word(reason));
            }
            Input::RemoveRequested { unit, caller } => self.request(head, 16, unit.0, caller),
            Input::StepFinished { unit, step, outcome } => {
                self.take(head, tag(17, pair(unit.0, outcome as u32)));
                self.word(step_word(step));
            }
            Input::Persisted { unit, row, outcome } => {
                self.take(head, tag(18, pair(unit.0, outcome as u32)));
                self.row(row);
            }
            Input::Reaped { unit, outcome } => self.take(head, tag(19, pair(unit.0, outcome as u32))),
            Input::ClientAttached { client } => self.take(head, tag(20, client.0.into())),
            Input::ClientTold { client, outcome } => {
                self.take(head, tag(21, pair(client.0.into(), outcome as u32)));
            }
            Input::ClientLeft { client } => self.take(head, tag(22, client.0.into())),
            Input::ShutdownRequested { graceful, within, caller } => {
                self.request(head, 23, 0, caller);
                self.within(graceful, within);
            }
            Input::SignalReceived { signal } => self.take(head, tag(24, signal as u64)),
            Input::PhaseFinished { phase, outcome } => {
                self.take(head, tag(25, pair(phase as u32, outcome as u32)));
            }
            Input::Woken => self.take(head, tag(26, 0)),
        }
    }

    fn effect(&mut self, effect: &Effect) {
        match *effect {
            Effect::Start { unit, incarnation } => self.take(65, pair(unit.0, incarnation.0)),
            Effect::Pause { unit, incarnation } => self.take(66, pair(unit.0, incarnation.0)),
            Effect::Resume { unit, incarnation } => self.take(67, pair(unit.0, incarnation.0)),
            Effect::Perform { unit, step, action, until } => {
                self.take(tag(68, unit.0.into()), until.nanos());
                self.take(action_word(action), step_word(step));
            }
            Effect::Checkpoint { unit, step, row, until } => {
                self.take(tag(69, unit.0.into()), until.nanos());
                self.word(step_word(step));
                self.row(row);
            }
            Effect::Persist { unit, row, confirm } => {
                self.take(70, pair(unit.0, confirm.into()));
                self.row(row);
            }
            Effect::Acknowledge { unit, findings } => self.take(71, pair(unit.0, findings)),
            Effect::Reap { unit, incarnation } => self.take(72, pair(unit.0, incarnation.0)),
            Effect::Notify { unit, incarnation, notice } => {
                self.take(73 + notice_number(notice), pair(unit.0, incarnation.0));
            }
            Effect::Tell { client, by } => self.take(tag(90, client.0.into()), by.nanos()),
            Effect::Disconnect { client } => self.take(91, client.0.into()),
            Effect::Wind { phase, until } => self.take(tag(92, phase as u64), until.nanos()),
            Effect::Reply { ticket, answer } => self.answer(tag(93, ticket.0.into()), answer),
            Effect::Reload => self.word(94),
            Effect::Report => self.word(95),
            Effect::Exit { code } => self.take(96, code.into()),
        }
    }

    fn request(&mut self, head: u64, number: u64, unit: u32, caller: Caller) {
        let (kind, ticket) = match caller {
            Caller::Nobody => (0, 0),
            Caller::Outside(ticket) => (1, ticket.0),
            Caller::Body(ticket) => (2, ticket.0),
        };
        self.take(head, tag(number, unit.into()));
        self.word(pair(kind, ticket));
    }

    fn within(&mut self, flag: bool, within: Within) {
        let (kind, span) = match within {
            Within::Unset => (0, 0),
            Within::For(span) => (1, span.nanos()),
            Within::Unlimited => (2, 0),
        };
        self.take(kind << 1 | u64::from(flag), span);
    }

    pub(crate) fn row(&mut self, row: Row) {
        let first = pair(row.incarnation.0, row.findings);
        self.take(first, reason_word(row.reason) << 16 | (row.status as u64) << 8 | u64::from(row.leaked));
    }

    fn answer(&mut self, head: u64, answer: Answer) {
        let word = match answer {
            Answer::Accepted => 1,
            Answer::Stopped { status, leaked } => 2 | (status as u64) << 8 | u64::from(leaked) << 16,
            Answer::Cancelled(was_running) => 3 | u64::from(was_running) << 8,
            Answer::Restarted => 4,
            Answer::NotRecorded => 5,
            Answer::ShuttingDown { by } => {
                self.word(by.nanos());
                6
            }
            Answer::Refused(why) => 7 | (why as u64) << 8,
        };
        self.take(head, word);
    }
}

/// Which of the inputs or effects it is, with up to 56 bits beside it.
const fn tag(number: u64, rest: u64) -> u64 {
    number << 56 ^ rest
}

const fn step_word(step: Step) -> u64 {
    (step.incarnation.0 as u64) << 24 | (step.round as u64) << 8 | step.rung as u64
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
