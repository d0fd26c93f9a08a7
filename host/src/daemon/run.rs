//! The life of a daemon: what is made on the way up, and what is left on the way down.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::{TcpListener, UnixListener},
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use tracing::{error, info, warn};
use winddown_core::{Phase, Signal, contracts};

use crate::{Builder, Client, ClientOrder, Host, Missing, Outcome, Report, StartError, Unit};

use super::{
    config::{BodyConfig, Config, ConfigError},
    demo,
    forget::ForgetError,
    http,
    metrics::Metrics,
    news, orphans, record, reload, server,
    shared::{Shared, Why},
    signals::{Signals, name},
    socket::{self, SocketFile},
    state_dir::{StateDir, StateError, usual_dir},
    systemd,
    tokens::{Tokens, TokensError},
};

/// Why a daemon did not come up. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The token file.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The state directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nobody says where the state is to be kept.
    #[error("there is neither $XDG_STATE_HOME nor $HOME; say with --state-dir where the state is to be kept")]
    NoStateDir,
    /// The socket.
    #[error("failed to listen at {path}: {error}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The HTTP address.
    #[error("failed to listen at http://{address}: {error}")]
    Http {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The store has units of kinds that the configuration does not have.
    #[error(
        "the store has {missing}, and the configuration does not say any more how that is stopped; write the kind \
         into it again, or forget all such units with\n  winddownd --config {config} --state-dir {state} \
         --forget-removed-kinds\nwhich ends what still lives of them and writes what they found to a file"
    )]
    RemovedKinds {
        /// The units and their kinds.
        missing: Missing,
        /// The configuration.
        config: PathBuf,
        /// Where the state is.
        state: PathBuf,
    },
    /// The host.
    #[error(transparent)]
    Host(StartError),
    /// Units could not be forgotten.
    #[error(transparent)]
    Forget(#[from] ForgetError),
    /// The host came up and takes no client.
    #[error("the host takes no client: {0}")]
    Client(crate::Error),
}

/// What a daemon has in its hands once it is up.
struct Artifacts {
    state: Arc<StateDir>,
    listener: UnixListener,
    socket: Arc<SocketFile>,
    http: Option<TcpListener>,
}

/// Runs a daemon from its first file to its last. Returns the exit code.
///
/// `bodies` is where units run, so that one that never yields holds up nobody else.
///
/// # Errors
/// Why it did not come up; nothing is left of it then.
pub async fn run(
    file: &Path,
    state_dir: Option<PathBuf>,
    bodies: Handle,
    mut signals: Signals,
) -> Result<u8, RunError> {
    let config = Config::read(file)?;
    let tokens = config.http.as_ref().map(|http| Tokens::read(&http.tokens)).transpose()?.unwrap_or_default();
    for warning in config.warnings() {
        warn!("{}: {warning}", file.display());
    }
    let artifacts = take(&config, state_dir).await?;
    let metrics = Arc::new(Metrics::new());
    metrics.set_last_shutdown(record::last(&artifacts.state).map_or(0, |last| last.took_nanos));
    let why = Why::default();
    let (close, closing) = oneshot::channel();
    let (closed, is_closed) = oneshot::channel();
    let (reload, reloads) = mpsc::unbounded_channel();
    let counts = Arc::clone(&metrics);
    let builder = describe(&config, bodies)
        .on_stopped(move |stop| counts.stopped(stop.report))
        .sqlite(artifacts.state.paths().database())
        .home(artifacts.state.paths().dir())
        .on_reload(move || {
            // Nobody reads again once the host is gone.
            let _ = reload.send(());
        })
        .on_phase(Phase::CloseListener, async move {
            let _ = close.send(());
            Ok(is_closed.await?)
        });
    let builder = own(builder, &config, &artifacts);
    let started = come_up(builder, &mut signals).await.map_err(|error| not_up(error, file, &artifacts.state));
    let Some((host, early)) = started? else { return Ok(1) };
    let came_up = Instant::now();
    record::set_aside(&artifacts.state);
    let (draining, drains) = watch::channel(false);
    let shared = Shared {
        host: host.clone(),
        instance: Arc::from(artifacts.state.instance()),
        why: why.clone(),
        metrics: Arc::clone(&metrics),
        tokens: Arc::new(Mutex::new(Arc::new(tokens))),
        draining: drains,
    };
    let watcher = host.attach().await.map_err(RunError::Client)?;
    drop(tokio::spawn(drain(watcher, shared.clone(), draining)));
    if let Some(signal) = early {
        why.note(|| name(signal).to_owned());
        host.signal(signal);
    }
    drop(tokio::spawn(signals.forward(host.clone(), why.clone())));
    let followed = tokio::spawn(news::follow(host.news(), host.clone()));
    drop(tokio::spawn(reload::serve(reloads, file.to_owned(), config.clone(), shared.clone())));
    drop(tokio::spawn(server::serve(artifacts.listener, config.clients, shared.clone(), closing, closed)));
    let address = serve_http(artifacts.http, &shared).await?;
    drop(tokio::spawn(systemd::watchdog(host.clone())));
    drop(tokio::spawn(orphans::reap()));
    if early.is_none() {
        start_units(&host, &config).await;
        systemd::ready();
        info!(
            socket = %artifacts.state.paths().socket().display(),
            http = address.map(tracing::field::display),
            instance = artifacts.state.instance(),
            "ready"
        );
    }

    let report = host.wait().await;
    // What happened is told before what came of it.
    drop(followed.await);
    drop(artifacts.socket);
    Ok(finish(report.ok().as_deref(), &artifacts.state, &why, came_up))
}

/// The host, and the signal that asked for its end while it came up. A start goes on when it is asked to end:
/// what an earlier host left is known, and ended, only by one that is up. `None`: it was asked twice.
async fn come_up(
    builder: Builder,
    signals: &mut Signals,
) -> Result<Option<(Host, Option<Signal>)>, StartError> {
    let mut start = pin!(builder.start());
    let mut early = None;
    loop {
        tokio::select! {
            biased;
            host = &mut start => return Ok(Some((host?, early))),
            signal = signals.stop() => {
                if early.replace(signal).is_some() {
                    error!(signal = name(signal), "stopped by force before it was up");
                    return Ok(None);
                }
                info!(signal = name(signal), "to be stopped as soon as it is up");
            }
        }
    }
}

/// Where the state is kept: as the command line says, or the configuration, or where it usually is.
pub(super) fn state_of(config: &Config, state_dir: Option<PathBuf>) -> Result<PathBuf, RunError> {
    state_dir.or_else(|| config.state_dir.clone()).or_else(usual_dir).ok_or(RunError::NoStateDir)
}

/// Serves HTTP, if it is to be served, and says where.
async fn serve_http(listener: Option<TcpListener>, shared: &Shared) -> Result<Option<SocketAddr>, RunError> {
    let Some(listener) = listener else { return Ok(None) };
    let address = listener.local_addr().ok();
    let client = shared.host.attach().await.map_err(RunError::Client)?;
    drop(tokio::spawn(http::serve(listener, shared.clone(), client)));
    Ok(address)
}

/// Why the host did not come up, with what to type where there is something.
fn not_up(error: StartError, config: &Path, state: &StateDir) -> RunError {
    let StartError::KindsMissing(missing) = error else { return RunError::Host(error) };
    let (config, state) = (config.to_owned(), state.paths().dir().to_owned());
    RunError::RemovedKinds { missing, config, state }
}

/// Takes everything that only one daemon can have: first the state, which is the proof for the rest.
async fn take(config: &Config, state_dir: Option<PathBuf>) -> Result<Artifacts, RunError> {
    let state = Arc::new(StateDir::take(&state_of(config, state_dir)?)?);
    if let Some(who) = state.stale() {
        warn!("an earlier winddownd{who} is gone without a shutdown; its state is taken over");
    }
    let http = match &config.http {
        None => None,
        Some(http) => {
            let address = http.address;
            if !address.ip().is_loopback() {
                warn!(%address, "tokens go over the network as they are; put something that encrypts before it");
            }
            let listener = http::listen(address);
            Some(listener.map_err(|error| RunError::Http { address, error })?)
        }
    };
    let path = state.paths().socket();
    let (listener, socket) = socket::listen(&path).map_err(|error| RunError::Socket { path, error })?;
    Ok(Artifacts { state, listener, socket: Arc::new(socket), http })
}

/// The host as the configuration has it.
fn describe(config: &Config, bodies: Handle) -> Builder {
    let mut builder = Host::builder()
        .shutdown(contracts::daemon_shutdown_within(config.deadline))
        .force_within(config.force_within.into())
        .on_remark(|remark| warn!("{remark}"))
        .on_trouble(|why| match why {
            Some(error) => {
                warn!(error, "the store fails; what cannot be recorded is told as such until it works again");
            }
            None => info!("the store works again"),
        })
        .bodies_on(bodies);
    if let Some(grace) = config.outer_grace {
        builder = builder.outer_grace(grace.into());
    }
    if let Some(units) = config.at_once {
        builder = builder.at_once(units);
    }
    if let Some(units) = config.owner_cap {
        builder = builder.owner_cap(units);
    }
    for (name, kind) in &config.kinds {
        builder = builder.kind(Arc::clone(name), kind.clone());
    }
    for unit in &config.units {
        let mut made = match &unit.body {
            BodyConfig::Demo(demo) => {
                let demo = *demo;
                Unit::task(Arc::clone(&unit.kind), move |context| demo::body(demo, context))
            }
            BodyConfig::Command(command) => Unit::command(Arc::clone(&unit.kind), command.clone()),
        }
        .owner(Arc::clone(&unit.owner));
        for need in &unit.needs {
            made = made.needs(need.shared());
        }
        builder = builder.unit(unit.name.shared(), made);
    }
    builder
}

/// The daemon's own files: what is written on its way, and what is removed on its way down.
fn own(mut builder: Builder, config: &Config, artifacts: &Artifacts) -> Builder {
    if config.journal {
        let path = artifacts.state.paths().journal(artifacts.state.instance());
        info!(file = %path.display(), "every step is written down");
        builder = builder.journal(path);
    }
    let (socket, state) = (Arc::clone(&artifacts.socket), Arc::clone(&artifacts.state));
    builder
        .on_phase(Phase::UnlinkSocket, async move { Ok(socket.unlink()?) })
        .on_phase(Phase::RemovePidFile, async move { Ok(state.remove_pid_file()?) })
}

/// One that cannot be started does not keep the others from it.
async fn start_units(host: &Host, config: &Config) {
    for unit in config.units.iter().filter(|unit| unit.start) {
        if let Err(error) = host.start(unit.name.shared()).await {
            error!(unit = unit.name.as_str(), %error, "a unit could not be started");
        }
    }
}

/// Sees the host begin to shut down, as one of its clients.
async fn drain(mut watcher: Client, shared: Shared, draining: watch::Sender<bool>) {
    loop {
        let order = watcher.order().await;
        let by = match order {
            ClientOrder::Tell { by } => by,
            ClientOrder::Leave => None,
        };
        shared.metrics.begin_shutdown();
        if !draining.send_replace(true) {
            let left = by.map(|by| by.saturating_duration_since(Instant::now()));
            systemd::stopping(left, &shared.host);
            info!(reason = shared.why.words(), seconds = left.map(seconds), "shutting down");
        }
        match order {
            ClientOrder::Tell { .. } => watcher.told(Outcome::Done),
            ClientOrder::Leave => return,
        }
    }
}

/// Writes down how it went, and says so.
fn finish(report: Option<&Report>, state: &StateDir, why: &Why, came_up: Instant) -> u8 {
    let Some(report) = report else {
        error!("the host is gone without a report");
        return 1;
    };
    let record = record::of(report, state.instance(), why.words(), came_up.elapsed());
    let mut code = record.code;
    if let Err(error) = record::write(state, &record) {
        error!(%error, "the report could not be written");
        code = 1;
    }
    let text = report.to_string();
    if code == 0 {
        info!("{}", text.trim_end());
    } else {
        error!("{}", text.trim_end());
    }
    code
}

/// Whole seconds, rounded up: what is promised is an upper bound.
pub(super) fn seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
