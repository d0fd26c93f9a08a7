//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use winddown_host::ipc::{Time, UnitName};

/// Asks a running winddownd, and says what it answered.
///
/// Every command is one request over the daemon's socket, which is in its state directory. A stop is
/// answered when it is on record: whoever has read the answer can pull the plug.
#[derive(Parser, Debug)]
#[command(name = "winddown", version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    /// Where the daemon keeps its state [default: winddown under $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "DIR", env = "WINDDOWN_STATE_DIR", global = true)]
    pub(crate) state_dir: Option<PathBuf>,

    /// For people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Format::Human, global = true)]
    pub(crate) format: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Exit codes:
  0  done
  1  not done: refused, not running, not on record, or a shutdown that did not preserve everything
  2  the command line makes no sense
  3  no daemon answers
  4  there is no such unit
  5  the daemon went away, or says what this client does not understand

Try it:
  winddownd --config host/examples/winddownd.toml &
  winddown start navigation     a body that sleeps 369 s and listens to nobody
  winddown stop navigation      answered in milliseconds, on record
  winddown shutdown             every finding is preserved; the report says how it went";

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start a unit
    Start {
        /// The name of the unit
        unit: UnitName,
    },
    /// Stop a unit, and wait until that is on record
    Stop {
        /// The name of the unit
        unit: UnitName,
        /// Skip the gentle rungs of its ladder
        #[arg(long)]
        force: bool,
        /// How long it may take: 5s, 0s for at once, unlimited [default: what its ladder says]
        #[arg(long, value_name = "TIME")]
        within: Option<Time>,
    },
    /// Stop a unit and start it again
    Restart {
        /// The name of the unit
        unit: UnitName,
    },
    /// Cancel a unit's run, and wait until that is on record
    Cancel {
        /// The name of the unit
        unit: UnitName,
        /// Why; the body and the record have it [default: Cancelled by user]
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Ask a unit to hold still
    Pause {
        /// The name of the unit
        unit: UnitName,
    },
    /// Let a paused unit go on
    Resume {
        /// The name of the unit
        unit: UnitName,
    },
    /// All units, and how they are
    List,
    /// Everything about one unit
    Inspect {
        /// The name of the unit
        unit: UnitName,
    },
    /// What happens from now on, live, until the daemon is gone
    Attach {
        /// Of this unit only
        unit: Option<UnitName>,
    },
    /// What a unit found, in the order of recording
    Findings {
        /// The name of the unit
        unit: UnitName,
        /// Leave out so many at the beginning
        #[arg(long, value_name = "COUNT", default_value_t = 0)]
        after: u32,
        /// At most so many
        #[arg(long, value_name = "COUNT")]
        limit: Option<u32>,
    },
    /// Shut the daemon down, wait until it is gone, and say how it went
    Shutdown {
        /// Give the work up instead of preserving it
        #[arg(long)]
        force: bool,
        /// How long it may take [default: the deadline of the configuration]
        #[arg(long, value_name = "TIME")]
        within: Option<Time>,
        /// Do not wait
        #[arg(long)]
        no_wait: bool,
    },
    /// How the last shutdown went; no daemon is needed for it
    Report,
}
