//! What must hold, checked on every run: the claims, and the judge who checks them.
//!
//! A claim's name is true when all is well. *Always* claims are checked at every step, *eventually*
//! claims when the host exits, and *sometimes* claims ([`Sight`]) name what a campaign must have seen:
//! one that never saw them has stopped testing.
//!
//! The judge believes what went in and what came out, and what is really in the store and really alive.
//! It does not ask the engine what it thinks, except where a claim is about just that.

mod artifacts;
mod durable;
mod exit;
mod judge;
mod leaks;
mod ledger;
mod order;
mod pieces;
mod rungs;
mod state;
mod stops;
mod witness;

use winddown_core::{Moment, UnitId};

pub(crate) use self::pieces::UnitBook;

pub use self::judge::{Judge, Scene, Wish};

macro_rules! claims {
    ($($(#[$doc:meta])* $variant:ident = $id:literal $name:literal,)*) => {
        /// What must hold.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Claim {
            $($(#[$doc])* $variant,)*
        }

        impl Claim {
            /// All of them, by invariant.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The invariant that it belongs to.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)*
                }
            }

            /// A sentence that is true when all is well.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

claims! {
    /// From a stop to its end no more time goes by than the shortest deadline that was given.
    StopInTime = "I1" "every-stop-ends-within-its-budget",
    /// What is promised upfront is so in the instant in which it is asked for, whatever the body does.
    UpfrontIsAtOnce = "I1" "what-is-promised-upfront-is-at-once",
    /// No step is allowed more time than what it is part of has left.
    StepInBudget = "I2" "no-step-outlasts-its-budget",
    /// Nothing is ended by force before its grace is over, unless somebody said so.
    GraceIsGiven = "I3" "nothing-is-killed-before-its-grace-is-over",
    /// A later stop makes the one in flight shorter or harder, never longer.
    LaterOnlyShortens = "I4" "a-later-stop-only-shortens",
    /// A stop within no time is over at once.
    ZeroIsAtOnce = "I5" "zero-means-at-once",
    /// Once stopped, only an explicit start starts it again.
    StopBeatsRestart = "I6" "no-restart-after-a-stop",
    /// What is alive after the exit is listed as leaked.
    LeaksAreListed = "I7" "nothing-is-left-unlisted",
    /// What something depends on lives until that has had its time.
    DependentsFirst = "I8" "dependents-stop-first",
    /// In a shutdown no more units go down at once than the plan says.
    PlacesAreKept = "I8" "no-more-stop-at-once-than-may",
    /// Pause, checkpoint, disconnect, close, unlink, remove, exit: in this order.
    PhasesInOrder = "I8" "phases-come-in-order",
    /// Nothing is started while the host drains.
    NothingAdmitted = "I9" "nothing-starts-while-draining",
    /// Who asked has one answer when the host exits, and never two.
    AnsweredOnce = "I9" "every-request-is-answered-once",
    /// Who is connected hears that the host shuts down, and when, before it is disconnected.
    ClientsHear = "I9" "every-client-hears-of-the-shutdown",
    /// Who was connected was disconnected.
    ClientsLeave = "I9" "every-client-is-disconnected",
    /// What was acknowledged is in the store at that moment.
    AckIsDurable = "I10" "acknowledged-means-durable",
    /// After exit 0 every recorded finding is in the store.
    ExitZeroKeepsAll = "I10" "exit-0-keeps-every-finding",
    /// After a crash, all that was acknowledged comes back.
    AckedComesBack = "I10" "what-was-acknowledged-comes-back",
    /// The first terminal status of an incarnation stays.
    FirstTerminalWins = "I11" "first-terminal-status-wins",
    /// An incarnation has one terminal notice, and nothing after it.
    OneTerminalNotice = "I11" "exactly-one-terminal-notice",
    /// A stop that is promised upfront writes its row once.
    OneRowPerStop = "I11" "one-row-write-per-stop",
    /// After the exit no row says that something runs.
    NoGhosts = "I12" "no-row-says-running-without-an-owner",
    /// What a crash left of a unit is ended before it starts again: two of it would be in each other's way.
    ReapedFirst = "I12" "what-a-crash-left-ends-before-the-next-start",
    /// However often a stop is asked for, each of its steps is done once.
    StepsOnce = "I13" "n-stops-are-one-stop",
    /// What failed, or is gone, is not waited for.
    FailureIsFinished = "I14" "a-failed-step-is-finished-at-once",
    /// A start that waits for its row is not given up because an earlier row could not be written.
    StartHasItsRow = "I14" "no-start-fails-while-its-row-is-on-its-way",
    /// What is down and on record waits for nothing, and a wake-up for which nothing is due orders nothing.
    IdleAsksNothing = "I14" "what-is-settled-asks-for-nothing",
    /// A stop signal always does something; the second one forces.
    SignalsCount = "I15" "every-stop-signal-counts",
    /// A body that asks for its own stop has its answer at once.
    SelfStopAnswered = "I16" "a-body-may-stop-itself",
    /// Listener, socket and PID file go away on every path.
    ArtifactsGo = "I17" "artifacts-go-on-every-path",
    /// Answers say what is so.
    AnswersAreTrue = "I18" "answers-are-true",
    /// The report and the exit code say what happened.
    ReportIsTrue = "I18" "the-report-is-true",
    /// An exit is applied once, and to its own incarnation.
    ExitCountsOnce = "I19" "an-exit-counts-once-for-its-own-start",
    /// What was answered as stopped can be started again.
    OkFreesTheName = "I20" "an-ok-frees-the-name",
    /// Whatever the reason of a stop, it goes down the unit's own ladder, rung by rung.
    OwnLadder = "I21" "every-stop-goes-down-its-own-ladder",
    /// A cancel reaches the body, with its reason; a timeout is called a timeout.
    CancelIsSeen = "I22" "every-cancel-is-seen",
    /// The lease is given back when nothing works any more.
    LeaseOutlivesWork = "I23" "the-lease-outlives-the-work",
    /// The exit comes by the deadline, and nothing comes after it.
    ExitInTime = "I24" "the-exit-comes-in-time-and-last",
    /// Every run ends with a report and an exit.
    EveryRunEnds = "E1" "every-run-ends-in-a-report",
    /// Where the scenario says how the host is to stop, it does.
    AsExpected = "S1" "the-host-stops-as-the-scenario-expects",
}

/// A claim found broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breach {
    /// Which.
    pub claim: Claim,
    /// When.
    pub at: Moment,
    /// At which step.
    pub step: u64,
    /// With which unit.
    pub unit: Option<UnitId>,
    /// What was seen, for a tired person.
    pub message: String,
}

impl Breach {
    /// A claim found broken.
    #[must_use]
    pub fn new(claim: Claim, at: Moment, step: u64, unit: Option<UnitId>, message: String) -> Box<Self> {
        Box::new(Self { claim, at, step, unit, message })
    }
}

macro_rules! sights {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Something that a campaign must have seen sometimes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Sight {
            $($(#[$doc])* $variant,)*
        }

        impl Sight {
            /// All of them, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its place in a set of them.
            pub(crate) const fn bit(self) -> u64 {
                1 << self as u64
            }

            /// A sentence that a campaign makes true.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

sights! {
    /// Exit 0.
    ExitZero = "a-host-exits-with-everything-preserved",
    /// Exit 1.
    ExitOne = "a-host-exits-with-something-lost-or-left",
    /// The second signal.
    SecondSignalForces = "a-second-signal-forces",
    /// A shutdown that is not graceful from the start.
    NotGraceful = "a-shutdown-is-not-graceful",
    /// A deadline passed.
    UnitsOverran = "units-are-still-there-at-the-deadline",
    /// A stop of something that stops already.
    StopDuringStop = "a-stop-comes-during-a-stop",
    /// The same, shorter.
    StopShortened = "a-stop-in-flight-gets-shorter",
    /// The same, forced.
    StopForced = "a-stop-in-flight-gets-forced",
    /// A stop of something stopped.
    StopAfterStop = "a-stop-comes-after-a-stop",
    /// A stop of something that waits to start again.
    StopDuringBackoff = "a-stop-comes-during-backoff",
    /// A stop of something never started.
    StopBeforeStart = "a-stop-comes-before-any-start",
    /// A body that ends when it is told to, in the same instant.
    ExitMeetsStop = "an-exit-meets-a-stop-in-the-same-instant",
    /// A body that lives on after its status is final.
    BodyLingers = "a-body-lingers-after-its-stop",
    /// A body not proven gone.
    BodyLeaks = "a-body-is-reported-as-leaked",
    /// An exit of an earlier incarnation.
    StaleExit = "an-exit-of-an-earlier-start-comes-late",
    /// A step that was given up.
    PatienceOver = "a-step-outlasts-its-patience",
    /// A step that failed.
    StepFails = "a-step-fails",
    /// A checkpoint that did not work.
    CheckpointFails = "a-checkpoint-fails",
    /// A finding while a checkpoint is written.
    CheckpointRepeats = "a-finding-comes-during-a-checkpoint",
    /// A finding after the final status.
    LateFinding = "a-finding-comes-after-the-final-status",
    /// A durable finding.
    FindingAcknowledged = "a-finding-is-acknowledged-as-durable",
    /// A row that could not be written.
    NotRecorded = "an-answer-says-not-recorded",
    /// A restart by policy.
    RestartByPolicy = "a-unit-starts-again-by-policy",
    /// A restart by request.
    RestartByRequest = "a-unit-is-restarted-by-request",
    /// A run that took too long.
    RunBudgetOver = "a-run-outlasts-its-budget",
    /// A start that took too long.
    StartOverdue = "a-start-outlasts-its-patience",
    /// A cancel of something that does not run.
    CancelFalse = "a-cancel-finds-nothing-running",
    /// A body that stops itself.
    SelfStop = "a-body-stops-itself",
    /// A start refused during shutdown.
    StartWhileDraining = "a-start-is-refused-while-draining",
    /// A start refused by the cap.
    OwnerAtCap = "an-owner-is-at-its-cap",
    /// A unit that waited for its dependents or for a place.
    WaitedAtGate = "a-unit-waits-for-others-before-it-stops",
    /// A client that could not be told.
    ClientDropped = "a-broken-client-is-dropped",
    /// A client that came during the shutdown.
    LateClient = "a-client-comes-while-draining",
    /// A crash.
    CrashWhileStopping = "a-crash-comes-during-a-stop",
    /// A recovery that brings findings back.
    FindingsComeBack = "findings-come-back-after-a-crash",
    /// A body of an earlier host.
    Reaped = "an-earlier-hosts-body-is-reaped",
    /// The outer supervisor's kill.
    OuterKill = "the-outer-supervisor-kills",
    /// A pause that was asked for before a shutdown.
    PausedBefore = "a-unit-was-paused-before-the-shutdown",
}
