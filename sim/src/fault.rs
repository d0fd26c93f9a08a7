//! Everything that can go wrong in the simulated world, and how often it does.

use core::fmt;

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One way in which the world misbehaves.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Fault {
            $($(#[$doc])* $variant,)*
        }

        impl Fault {
            /// All of them, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in scenario files and in coverage.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

faults! {
    /// A body does not react to a cancel or an abort.
    IgnoresCancel = "ignores-cancel",
    /// A body does not react to SIGTERM.
    IgnoresTerm = "ignores-term",
    /// A body does not react to SIGKILL: it hangs in the kernel, or the one who kills cannot reach it.
    SurvivesKill = "survives-kill",
    /// A body takes far longer to die than it should.
    DiesLate = "dies-late",
    /// A body's exit is reported twice.
    DiesTwice = "dies-twice",
    /// A body panics when it is cancelled.
    PanicsOnCancel = "panics-on-cancel",
    /// A body never holds still.
    NeverPauses = "never-pauses",
    /// A body goes on recording findings while it holds still.
    FindsWhilePaused = "finds-while-paused",
    /// A body ends by itself in the instant in which it is told to.
    EndsAtTheSameInstant = "ends-at-the-same-instant",
    /// A body's children outlive it.
    LeavesChildren = "leaves-children",
    /// A body cannot be started.
    StartFails = "start-fails",
    /// A body never says that it is up.
    StartHangs = "start-hangs",
    /// A body asks for its own stop, and waits for the answer before it does anything else.
    StopsItself = "stops-itself",
    /// A step on a ladder reports an error.
    StepFails = "step-fails",
    /// A step on a ladder is never answered.
    StepHangs = "step-hangs",
    /// A completion is reported twice.
    CompletesTwice = "completes-twice",
    /// A write takes a hundred times as long.
    SlowWrite = "slow-write",
    /// A write fails.
    WriteFails = "write-fails",
    /// The disk is full from some moment on, until calm.
    DiskFull = "disk-full",
    /// Writes hang from some moment on, until calm.
    DiskHangs = "disk-hangs",
    /// A client takes its time to read.
    SlowClient = "slow-client",
    /// A client's callback throws.
    BrokenClient = "broken-client",
    /// A client vanishes in the middle of things.
    ClientVanishes = "client-vanishes",
    /// A client connects while the host shuts down.
    LateClient = "late-client",
    /// An operator sends the same command twice, in the same instant or later.
    AsksTwice = "asks-twice",
    /// An operator asks for something at random.
    AsksAnything = "asks-anything",
    /// A signal comes before anything has started.
    EarlySignal = "early-signal",
    /// A second signal comes during the shutdown.
    SecondSignal = "second-signal",
    /// The host is woken although nothing is due.
    WakesEarly = "wakes-early",
    /// The host's process dies between two steps, and comes back.
    Crash = "crash",
    /// A part of the host's own shutdown fails or hangs.
    PhaseFails = "phase-fails",
    /// A body that an earlier host left cannot be ended.
    ReapFails = "reap-fails",
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

const COUNT: usize = Fault::ALL.len();

/// How often each fault strikes where it could, in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Faults([u16; COUNT]);

impl Default for Faults {
    fn default() -> Self {
        Self::NONE
    }
}

impl Faults {
    /// A world in which nothing goes wrong.
    pub const NONE: Self = Self([0; COUNT]);

    /// How often it strikes, in thousandths.
    #[must_use]
    pub const fn rate(&self, fault: Fault) -> u16 {
        self.0[fault as usize]
    }

    /// Sets how often it strikes; more than 1,000 is 1,000.
    pub fn set(&mut self, fault: Fault, rate: u16) {
        self.0[fault as usize] = rate.min(1_000);
    }

    /// Those that can strike, with their rates.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, u16)> + '_ {
        Fault::ALL.iter().map(|fault| (*fault, self.rate(*fault))).filter(|(_, rate)| *rate > 0)
    }
}
