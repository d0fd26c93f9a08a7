//! Who does what when: units, what their bodies do, operators, faults, and who kills the host from
//! outside. A value; where it came from (a file, a seed, a test) makes no difference.

pub mod catalog;
mod file;
mod generate;
mod ladder;
mod names;
mod number;
mod print;
mod span_text;
mod text;
mod usual;
mod variety;

use winddown_core::{Action, Ladder, Restart, Span, Within};

pub(crate) use self::{
    file::{shortened, unknown},
    ladder::ladder_words,
};
pub use self::{span_text::parse_span, text::ScenarioError};

use crate::fault::Faults;

/// A length of time that is drawn anew whenever it is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Range {
    /// The shortest.
    pub min: Span,
    /// The longest.
    pub max: Span,
}

impl Range {
    /// From `min` to `max`, both included.
    #[must_use]
    pub const fn new(min: Span, max: Span) -> Self {
        Self { min, max }
    }

    /// Always the same.
    #[must_use]
    pub const fn exactly(span: Span) -> Self {
        Self { min: span, max: span }
    }
}

/// One of the five contracts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum System {
    /// Immediate stop.
    Container,
    /// Graceful, then kill, then always remove.
    Provider,
    /// Pause, then checkpoint.
    Daemon,
    /// Disconnect, then end the children.
    Session,
    /// Request a cancel, then drop.
    Task,
}

impl System {
    /// All of them, in the order of their contracts.
    pub const ALL: [Self; 5] = [Self::Container, Self::Provider, Self::Daemon, Self::Session, Self::Task];

    /// The name used on command lines and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Provider => "provider",
            Self::Daemon => "daemon",
            Self::Session => "session",
            Self::Task => "task",
        }
    }

    /// The system with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.name() == name)
    }
}

/// How a body reacts to something that it is told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Reaction {
    /// It does as told, after such a time.
    Obeys(Range),
    /// It does nothing.
    Ignores,
    /// Whoever tells it gets an error.
    Fails,
}

/// What a body does, apart from faults.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BodyPlan {
    /// How long it takes to say that it is up, where its kind waits for that; and to fail to start.
    pub up_after: Range,
    /// How long it runs before it ends by itself. `None`: for ever.
    pub lasts: Option<Range>,
    /// Whether it ends with a failure when it ends by itself.
    pub fails: bool,
    /// How long it works on each finding. `None`: it finds nothing.
    pub finds_every: Option<Range>,
    /// Whether it waits for each finding to be durable.
    pub durable: bool,
    /// On a cancel and on an abort.
    pub on_cancel: Reaction,
    /// On SIGTERM.
    pub on_terminate: Reaction,
    /// On SIGKILL.
    pub on_kill: Reaction,
    /// On a pause.
    pub on_pause: Reaction,
    /// On the disconnection of its client.
    pub on_disconnect: Reaction,
    /// On a question for its health.
    pub on_probe: Reaction,
    /// When it is asked for the state that its checkpoint keeps; the write comes after that.
    pub on_checkpoint: Reaction,
    /// On its removal. `None`: as on SIGKILL, which a removal by force begins with.
    pub on_remove: Option<Reaction>,
    /// When it asks for its own cancellation, counted from its start.
    pub cancels_itself_after: Option<Range>,
}

/// A number of units of the same making.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UnitPlan {
    /// What they are called: the name alone if there is one, name-1, name-2, … if there are more.
    pub name: String,
    /// How many.
    pub count: u32,
    /// Which contract they follow.
    pub system: System,
    /// How they go down, if not as their contract says.
    pub ladder: Option<Ladder<Action>>,
    /// Whether a provider's container is asked for its health first.
    pub probed: bool,
    /// Who owns them.
    pub owner: u16,
    /// Names of unit plans further up that each of them depends on.
    pub depends_on: Vec<String>,
    /// Whether they start again.
    pub restart: Restart,
    /// How long a run may take.
    pub run_budget: Option<Span>,
    /// How long they may take to come up. `None`: they are up when they are started.
    pub start_patience: Option<Span>,
    /// How long a task may take to go after it was asked to.
    pub grace: Span,
    /// When they are started. `None`: only if somebody asks.
    pub starts: Option<Range>,
    /// What they do.
    pub body: BodyPlan,
}

/// Which units an operator means.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// All units with this name, or the one with this name and number.
    Named(String),
    /// One of all units, drawn anew each time.
    Any,
}

/// What an operator asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// A start.
    Start(Target),
    /// A stop.
    Stop {
        /// Of what.
        unit: Target,
        /// Skipping what is gentle.
        force: bool,
        /// How long it may take.
        within: Within,
    },
    /// A stop and a new start.
    Restart(Target),
    /// A cancellation; the reason is the contract's default.
    Cancel(Target),
    /// A pause.
    Pause(Target),
    /// An end of the pause.
    Resume(Target),
    /// That the unit be forgotten.
    Remove(Target),
    /// A shutdown over IPC.
    Shutdown {
        /// Whether work is preserved.
        graceful: bool,
        /// How long it may take.
        within: Within,
    },
    /// SIGTERM to the host.
    Terminate,
    /// SIGINT to the host.
    Interrupt,
    /// SIGHUP to the host.
    Hangup,
    /// The outer supervisor stops the host: by its own sequence, with its own grace.
    OuterStop,
    /// The host's process dies, and comes back.
    Crash,
    /// The disk is full from now on, until calm.
    FillDisk,
    /// Writes hang from now on, until calm.
    HangDisk,
}

impl Ask {
    /// Which units it is about. `None`: the host.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Start(target)
            | Self::Stop { unit: target, .. }
            | Self::Restart(target)
            | Self::Cancel(target)
            | Self::Pause(target)
            | Self::Resume(target)
            | Self::Remove(target) => Some(target),
            Self::Shutdown { .. }
            | Self::Terminate
            | Self::Interrupt
            | Self::Hangup
            | Self::OuterStop
            | Self::Crash
            | Self::FillDisk
            | Self::HangDisk => None,
        }
    }

    /// The same, to be changed.
    pub const fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::Start(target)
            | Self::Stop { unit: target, .. }
            | Self::Restart(target)
            | Self::Cancel(target)
            | Self::Pause(target)
            | Self::Resume(target)
            | Self::Remove(target) => Some(target),
            Self::Shutdown { .. }
            | Self::Terminate
            | Self::Interrupt
            | Self::Hangup
            | Self::OuterStop
            | Self::Crash
            | Self::FillDisk
            | Self::HangDisk => None,
        }
    }
}

/// Something that an operator does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Operator {
    /// When.
    pub at: Range,
    /// How often; each time is drawn by itself.
    pub times: u32,
    /// What.
    pub ask: Ask,
}

/// Who runs the host, and kills it when its grace is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Outer {
    /// Nobody.
    #[default]
    None,
    /// SIGTERM, SIGKILL after 10 s (`docker stop` unless told otherwise).
    Docker,
    /// SIGTERM and SIGCONT, SIGKILL after 90 s (DefaultTimeoutStopSec).
    Systemd,
    /// A preStop hook and SIGTERM share 30 s (terminationGracePeriodSeconds), then SIGKILL.
    Kubernetes,
}

impl Outer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Docker, Self::Systemd, Self::Kubernetes];

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Docker => "docker",
            Self::Systemd => "systemd",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// From the beginning of the stop to SIGKILL.
    #[must_use]
    pub const fn grace(self) -> Option<Span> {
        match self {
            Self::None => None,
            Self::Docker => Some(Span::from_secs(10)),
            Self::Systemd => Some(Span::from_secs(90)),
            Self::Kubernetes => Some(Span::from_secs(30)),
        }
    }
}

/// What the host is like.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HostPlan {
    /// How long a shutdown may take unless a request says otherwise.
    pub deadline: Span,
    /// How many units are stopped at the same time. `None`: all.
    pub at_once: Option<u16>,
    /// How many active units an owner may have. `None`: any number.
    pub owner_cap: Option<u32>,
    /// Whether it holds a lease.
    pub lease: bool,
    /// Whether it is up when the run begins: its clients are connected, and what starts at 0 s runs. That is
    /// the same for every seed, so it is done once for all runs.
    pub running: bool,
    /// How many clients are attached from the start.
    pub clients: u16,
    /// How many of those, from the first on, give an error when they are told something.
    pub broken_clients: u16,
    /// How long a client takes to read, and to go.
    pub client_takes: Range,
    /// How long a row takes to be written.
    pub row_takes: Range,
    /// How long a checkpoint takes to be written.
    pub checkpoint_takes: Range,
    /// Who runs it.
    pub outer: Outer,
    /// How long the grace is, if not what that supervisor has.
    pub outer_grace: Option<Span>,
    /// Whether it knows that grace, and leaves a margin.
    pub outer_known: bool,
}

/// How what happens is put in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Order {
    /// Whatever takes the least time is first; ties are chosen.
    #[default]
    Timed,
    /// Anything that is pending may be next, and a deadline may pass at any point.
    Untimed,
}

/// How the host is to stop, in every run. What is not said may be one way or the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Expectation {
    /// With which code it exits.
    pub exit: Option<u8>,
    /// How long that takes at the most, from the first that asks for it.
    pub within: Option<Span>,
    /// Whether it is killed from outside.
    pub killed: Option<bool>,
}

/// Who does what when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// How what happens is put in order.
    pub order: Order,
    /// When the storm ends: faults stop, and a host that nobody has stopped gets SIGTERM.
    pub storm: Span,
    /// What the host is like.
    pub host: HostPlan,
    /// What it runs.
    pub units: Vec<UnitPlan>,
    /// Who asks for what.
    pub operators: Vec<Operator>,
    /// What goes wrong.
    pub faults: Faults,
    /// What is to come of it.
    pub expect: Expectation,
}
