//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use winddown_host::{
    Error, REASON_MAX,
    ipc::{Time, UnitName},
};

/// Asks a running winddownd, and says what it answered.
///
/// A unit is something that the daemon runs: a command, or a demo. It has a kind, and a kind has a ladder: what
/// is done to stop it, step by step, and how long each step may take. `winddown list` shows the units of the
/// configuration.
///
/// Every command is one request over the daemon's socket, which is in its state directory. A stop is
/// answered when it is on record: whoever has read the answer can pull the plug.
#[derive(Parser, Debug)]
#[command(name = "winddown", version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    /// Where the daemon keeps its state, as it was told itself [default: winddown under $XDG_STATE_HOME
    /// or ~/.local/state]
    #[arg(
        long,
        value_name = "DIR",
        env = "WINDDOWN_STATE_DIR",
        hide_env_values = true,
        global = true,
        display_order = 50
    )]
    pub(crate) state_dir: Option<PathBuf>,

    /// How long a daemon is waited for that does not listen, as it may be about to: 500ms, 5s, 0s for not at
    /// all, or unlimited
    #[arg(long, value_name = "TIME", default_value = "1s", global = true, display_order = 51)]
    pub(crate) wait: Time,

    /// For people, or for programs one JSON object a line, errors as well
    #[arg(long, value_enum, default_value_t = Format::Human, global = true, display_order = 52)]
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
  5  the daemon went away or cut this off, or says what this client does not understand

An error with --format json is one line on standard error: {\"type\":\"error\",\"v\":1,\"code\":…,\
\"message\":…,\"hint\":…,\"exit\":…}

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

impl Format {
    /// What a command line asks for that makes no sense otherwise.
    pub(crate) fn asked_for() -> Self {
        let words: Vec<_> = std::env::args_os().collect();
        let is_apart = words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
        if is_apart || words.iter().any(|word| word == "--format=json") { Self::Json } else { Self::Human }
    }
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start a unit
    ///
    /// Answered when its start is on its way; `winddown attach` shows what becomes of it. Refused while the unit
    /// runs, while its owner has as many running as the configuration allows, and while the daemon shuts down.
    Start {
        /// The name of the unit
        unit: UnitName,
    },
    /// Stop a unit, and wait until that is on record
    ///
    /// It goes down the ladder of its kind. What it has found is saved, and no restart policy starts it again;
    /// `winddown start` does. A stop that finds another one on its way joins it, and can only make it
    /// shorter or harder.
    Stop {
        /// The name of the unit
        unit: UnitName,
        /// Skip the gentle steps of its ladder
        #[arg(long)]
        force: bool,
        /// How long it may take: 500ms, 5s, 0s for at once, or unlimited [default: what its ladder says]
        #[arg(long, value_name = "TIME")]
        within: Option<Time>,
    },
    /// Stop a unit and start it again
    ///
    /// The stop is the same as that of `winddown stop`, down the same ladder; it is answered when the unit is
    /// started again. One that does not run is started.
    Restart {
        /// The name of the unit
        unit: UnitName,
    },
    /// Cancel a unit's run, and wait until that is on record
    ///
    /// The same way down as a stop, for a run whose result nobody wants any more: it ends as cancelled, and its
    /// body and its row have the reason. Says `it was not running`, with exit 1, where there was nothing to cancel.
    Cancel {
        /// The name of the unit
        unit: UnitName,
        /// Why, in at most 1024 bytes; the body and the record have it [default: Cancelled by user]
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: Option<String>,
    },
    /// Ask a unit to hold still
    ///
    /// It keeps everything it has, and goes on with `winddown resume`. Answered when it was asked; it is paused
    /// once it holds still, as `winddown inspect` shows.
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
    ///
    /// START counts how often the unit was started, and FINDINGS what it has recorded so far, on disk or not yet:
    /// `winddown inspect` says how many are.
    List,
    /// Everything about one unit
    ///
    /// Findings are recorded when the daemon has them from the unit. Known to be durable are those in the last
    /// write that it has waited for: of a finding that the unit waits for, of a checkpoint, of the unit's end. All
    /// others are on disk a few milliseconds later, too, without anybody counting: `winddown findings` shows them.
    Inspect {
        /// The name of the unit
        unit: UnitName,
    },
    /// What happens from now on, live, until the daemon is gone
    ///
    /// With the seconds since it began, the unit, which start of it, and what happened. When the daemon shuts
    /// down it counts the time down that is left. Exit 0: the daemon went through its shutdown, and all of it
    /// was seen. Exit 5: cut off before that.
    Attach {
        /// Of this unit only
        unit: Option<UnitName>,
    },
    /// What a unit found, in the order of recording
    ///
    /// What its earlier runs found comes first. All that is shown is on disk.
    Findings {
        /// The name of the unit
        unit: UnitName,
        /// Leave out so many at the beginning
        #[arg(long, value_name = "COUNT", default_value_t = 0)]
        after: u32,
        /// At most so many [default: all]
        #[arg(long, value_name = "COUNT")]
        limit: Option<u32>,
    },
    /// Shut the daemon down, wait until it is gone, and say how it went
    ///
    /// All units go down their ladders, within one deadline for all of it. Exit 0: everything that was recorded
    /// is preserved, and nothing is left over. Exit 1: not so, and the report says what. A second one can only
    /// make it shorter or harder.
    Shutdown {
        /// Give the work up instead of preserving it: gentle steps are skipped
        #[arg(long)]
        force: bool,
        /// How long it may take: 500ms, 5s, 0s for at once (by force, with 1 s at most for what is killed to be
        /// gone), or unlimited [default: the deadline of the configuration]
        #[arg(long, value_name = "TIME")]
        within: Option<Time>,
        /// Ask for it, and do not wait
        #[arg(long)]
        no_wait: bool,
    },
    /// How the last shutdown went; no daemon is needed for it
    ///
    /// Of each unit: its status, how long its stop took, how many of its findings were saved, and what went
    /// wrong; and the exit code that the daemon ended with. Exit 1 where there is no report yet.
    Report,
}

/// The daemon would refuse it as well; it is told here what is wrong with the command line.
fn reason(text: &str) -> Result<String, Error> {
    if text.len() > REASON_MAX {
        return Err(Error::LongReason(text.len()));
    }
    Ok(text.to_owned())
}
