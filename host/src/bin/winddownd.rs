//! `winddownd`: a host with a configuration file, a socket, and an HTTP address.

use std::{
    io::IsTerminal as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};
use winddown_host::daemon::{
    RunError, Signals,
    config::{Config, SAMPLE},
    forget::{Forgotten, forget_removed_kinds},
    log::Lines,
    run,
    tokens::Tokens,
};

/// Runs units, and shuts them down so that nothing is lost.
///
/// A unit is a command, or a demo, that the configuration names. `winddown` starts, stops and shows units
/// while the daemon runs.
///
/// The daemon works until SIGTERM, SIGINT or `winddown shutdown`. Then it stops every unit by its own
/// ladder, saves every finding, removes its socket and its PID file, and writes a report. A second signal
/// forces. SIGHUP reads the tokens again. Logs go to standard error.
#[derive(Parser, Debug)]
#[command(name = "winddownd", version, max_term_width = 100, override_usage = USAGE, after_help = AFTER)]
struct Cli {
    /// The configuration, in TOML. `winddownd --sample` prints one that runs, and explains every key
    #[arg(long, value_name = "FILE", required_unless_present = "sample")]
    config: Option<PathBuf>,

    /// Where the state is kept [default: the configuration's state-dir, or winddown under
    /// $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "DIR", env = "WINDDOWN_STATE_DIR", hide_env_values = true)]
    state_dir: Option<PathBuf>,

    /// Print a configuration that runs, with every key and what it is for, and do nothing else
    #[arg(long, conflicts_with_all = ["config", "check", "forget_removed_kinds"])]
    sample: bool,

    /// Read the configuration and the tokens, say whether they make sense, and do nothing else
    #[arg(long)]
    check: bool,

    /// Forget the units in the database whose kind the configuration does not have any more, and do nothing else. What
    /// still lives of them is ended; what they found goes to a file that is named, and stays in the database
    #[arg(long, conflicts_with = "check")]
    forget_removed_kinds: bool,

    /// What is logged: a level, or levels by module, such as info,winddown_host::daemon=debug
    #[arg(long, value_name = "LEVELS", default_value = "info", value_parser = levels)]
    log: Targets,

    /// For people, or for programs one JSON object a line
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Human)]
    log_format: LogFormat,
}

const USAGE: &str = "winddownd [OPTIONS] --config <FILE>\n       winddownd --sample";

const AFTER: &str = "\
Exit codes:
  0  everything recorded is preserved, and nothing is left over
  1  not so, and the report says what; or the daemon could not start
  2  the command line makes no sense

The state directory is for one daemon: a second one is refused. It holds winddownd.sock, \
winddownd.pid, winddown.db (rows and findings) and report.json (how the last shutdown went).

Try it:
  winddownd --sample > winddownd.toml
  winddownd --config winddownd.toml --check
  winddownd --config winddownd.toml &
  winddown list                 the units of the configuration, and how they are
  winddown --help               what to do with them";

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum LogFormat {
    Human,
    Json,
}

/// Reads what is logged. A word without a level would be taken for a module, and a mistyped level would switch
/// the log off.
fn levels(text: &str) -> Result<Targets, String> {
    for part in text.split(',') {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if level.is_empty() || level.parse::<LevelFilter>().is_err() {
            return Err(format!(
                "`{level}` is no level; expected off, error, warn, info, debug or trace, or a module with its \
                 level, such as winddown_host::daemon=debug"
            ));
        }
    }
    text.parse().map_err(|error: tracing_subscriber::filter::ParseError| error.to_string())
}

/// What log lines get to be read when everything else is done.
const LAST_LINES: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let lines = match Lines::to(std::io::stderr()) {
        Ok(lines) => lines,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "failed to start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    log(&cli, lines.clone());
    // A panic is told like everything else: whoever panics does not wait for a reader either.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    let code = match (&cli.config, cli.check, cli.forget_removed_kinds) {
        // The command line is refused where this is not the sample.
        (None, _, _) => print(SAMPLE),
        (Some(file), true, _) => check(file),
        (Some(file), false, true) => forget(file, cli.state_dir.clone()),
        (Some(file), false, false) => serve(file, cli.state_dir.clone()),
    };
    lines.finish(LAST_LINES);
    code
}

/// Takes as many open files as this process may have. Each process of a unit takes two pipes, each client a socket,
/// and whoever has none left cannot look who is alive.
///
/// The commands of units inherit that: nothing safe gives a child another limit before its program is loaded. One
/// that wants the usual one, for `select`, begins with `ulimit -S -n 1024`.
fn take_open_files() {
    let before = getrlimit(Resource::Nofile);
    let most = Rlimit { current: before.maximum, ..before };
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => tracing::debug!(before = ?before.current, now = ?most.current, "open files"),
        Err(error) => tracing::debug!(%error, before = ?before.current, "as many open files as before"),
    }
}

fn serve(file: &Path, state_dir: Option<PathBuf>) -> ExitCode {
    take_open_files();
    let code = runtimes().and_then(|(service, bodies)| {
        let handle = bodies.handle().clone();
        let code = service.block_on(async {
            let signals = Signals::catch()?;
            let code = run(file, state_dir, handle, signals).await;
            code.or_else(|error| {
                tracing::error!("{error}");
                Ok(1)
            })
        });
        // A body that never yields ends with the process.
        bodies.shutdown_background();
        service.shutdown_background();
        code
    });
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let error: std::io::Error = error;
            tracing::error!("failed to start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn runtimes() -> std::io::Result<(Runtime, Runtime)> {
    // One thread serves the socket, HTTP and the driver: a stop that goes from thread to thread takes longer.
    // Whatever may hold it up has threads of its own: bodies, the store, the log, what is read from files.
    let service = Builder::new_current_thread().enable_all().build()?;
    let bodies = Builder::new_multi_thread().thread_name("winddownd-body").enable_all().build()?;
    Ok((service, bodies))
}

fn log(cli: &Cli, lines: Lines) {
    let registry = tracing_subscriber::registry().with(cli.log.clone());
    let colour =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let lines = tracing_subscriber::fmt::layer().with_writer(lines).with_target(false).with_ansi(colour);
    match cli.log_format {
        LogFormat::Human => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
}

fn check(file: &Path) -> ExitCode {
    match sound(file) {
        Ok(config) => {
            let file = file.display();
            let warnings = config.warnings();
            let mut text: String = warnings.iter().map(|it| format!("{file}: warning: {it}\n")).collect();
            let units = match config.units.len() {
                1 => "1 unit".to_owned(),
                units => format!("{units} units"),
            };
            let verdict = if warnings.is_empty() { "sound" } else { "can be used, see the warnings" };
            text += &format!("{file}: {units}, {verdict}\n");
            print(&text)
        }
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn forget(file: &Path, state_dir: Option<PathBuf>) -> ExitCode {
    let forgotten = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string());
    let forgotten = forgotten.and_then(|runtime| {
        let forgotten = runtime.block_on(forget_removed_kinds(file, state_dir));
        forgotten.map_err(|error| error.to_string())
    });
    let Forgotten { units, file } = match forgotten {
        Ok(forgotten) => forgotten,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut text = String::new();
    for (unit, found) in &units {
        text += &format!("forgotten: {unit:?}, with {found} findings\n");
    }
    text += &match file {
        Some(file) => format!("what they were and what they found is in {}\n", file.display()),
        None => "nothing to forget: the configuration has the kinds of all units\n".to_owned(),
    };
    print(&text)
}

fn print(text: &str) -> ExitCode {
    // Who closes the pipe has read enough.
    drop(std::io::stdout().write_all(text.as_bytes()));
    ExitCode::SUCCESS
}

/// A configuration that makes sense, and so do the tokens that it names.
fn sound(file: &Path) -> Result<Config, RunError> {
    let config = Config::read(file)?;
    config.http.as_ref().map(|http| Tokens::read(&http.tokens)).transpose()?;
    Ok(config)
}
