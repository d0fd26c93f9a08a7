//! Bodies that are processes: each in a group of its own, with everything that it starts.
//!
//! One task minds one process tree. It starts the first process, hands signals on, and says that the body
//! is gone when the last process of the tree is. Who holds a pipe open is not waited for.
//!
//! What the first process leaves behind when it ends by itself is ended with it. What it leaves behind
//! when it was asked to end is left to the next rung of the ladder.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::Child,
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use winddown_core::Exit;

use super::{
    Command, Hands,
    census::{self, Census, Member, Tree},
    lines,
};
use crate::{context::Shared, driver::Word};

/// How often it is looked whether what was left behind is gone: soon at first, then more rarely.
const LOOK_FIRST: Duration = Duration::from_millis(2);
const LOOK_LATER: Duration = Duration::from_millis(100);
/// What is in the pipes when the tree is gone is read in no time; who still holds them is not waited for.
const DRAIN: Duration = Duration::from_millis(200);
/// So many lines of a body may wait for the driver; then the body waits.
const LINES: usize = 64;

/// What a tree's minder is told.
#[derive(Debug)]
enum Order {
    /// Hold still, and say that this pause was seen.
    Pause(u32),
    Resume,
    /// Go.
    Ask(Ask),
    /// Go by force, after so long.
    EndAfter(Duration),
}

/// How it is asked to go.
#[derive(Clone, Copy, Debug)]
enum Ask {
    /// SIGHUP, as when a terminal goes.
    Disconnect,
    /// SIGTERM.
    Terminate,
}

#[derive(Debug)]
pub(crate) struct ProcessHands {
    orders: mpsc::UnboundedSender<Order>,
}

impl ProcessHands {
    pub(crate) fn is_finished(&self) -> bool {
        self.orders.is_closed()
    }

    pub(crate) fn pause(&self, shared: &Shared) {
        shared.pause();
        self.order(Order::Pause(shared.pauses()));
    }

    pub(crate) fn resume(&self, shared: &Shared) {
        shared.resume();
        self.order(Order::Resume);
    }

    pub(crate) fn disconnect(&self) {
        self.order(Order::Ask(Ask::Disconnect));
    }

    pub(crate) fn terminate(&self, grace: Duration) {
        self.order(Order::Ask(Ask::Terminate));
        if !grace.is_zero() {
            self.order(Order::EndAfter(grace));
        }
    }

    pub(crate) fn end(&self) {
        self.order(Order::EndAfter(Duration::ZERO));
    }

    fn order(&self, order: Order) {
        // A tree that is gone needs no order.
        drop(self.orders.send(order));
    }
}

/// What processes are started and looked for with.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    pub(crate) census: Census,
    /// What no other host has: where its state is.
    pub(crate) home: Arc<str>,
}

/// Starts a body. Either that it could not be, or its exit, is told exactly once.
///
/// Its minder runs where the host does, and not where tasks do: a task that never yields must not keep a
/// process from being started, or from being killed. Has to be called on that runtime.
pub(crate) fn start(command: &Arc<Command>, shared: &Arc<Shared>, means: &Means) -> Hands {
    let (orders, inbox) = mpsc::unbounded_channel();
    let minder = Minder {
        tree: Tree {
            mark: Tree::mark(&means.home, &shared.name),
            starts: shared.incarnation.0..=shared.incarnation.0,
            leader: None,
        },
        shared: Arc::clone(shared),
        census: means.census.clone(),
        orders: inbox,
        asked: false,
        by_force: false,
        end_at: None,
        last_words: Arc::default(),
    };
    let command = Arc::clone(command);
    drop(tokio::spawn(async move { minder.mind(&command).await }));
    Hands::Process(ProcessHands { orders })
}

/// Minds one process tree.
struct Minder {
    tree: Tree,
    shared: Arc<Shared>,
    census: Census,
    orders: mpsc::UnboundedReceiver<Order>,
    /// Somebody wants it to go.
    asked: bool,
    /// Whatever of it is found is killed.
    by_force: bool,
    /// When that is to be so.
    end_at: Option<Instant>,
    /// The last line on stderr.
    last_words: Arc<Mutex<String>>,
}

impl Minder {
    async fn mind(mut self, command: &Command) {
        let mut child = match self.spawn(command).await {
            Ok(child) => child,
            Err(error) => {
                let error = format!("failed to run {}: {error}", command.program().display());
                return self.shared.say(Word::NotStarted { error: Arc::from(error) });
            }
        };
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(process) = child.id().and_then(census::identity) {
            self.tree.leader = Some(process);
            self.shared.say(Word::Spawned(process));
        }
        self.shared.say(Word::Started);
        let mut readers = self.read(&mut child);
        let status = self.leader(&mut child, pid).await;
        let left = self.rest().await;
        // The tree is gone, so the ends of the pipes come by themselves, unless a stranger holds them.
        drop(timeout(DRAIN, async { while readers.join_next().await.is_some() {} }).await);
        let (exit, error) = self.ending(&status, left);
        self.shared.say(Word::Exited { exit, error: error.map(Arc::from) });
    }

    /// The kernel answers when the program is loaded, from whatever disk that is on, so this waits where
    /// nobody else does.
    async fn spawn(&self, command: &Command) -> io::Result<Child> {
        let mark = format!("{}{}", self.tree.mark, self.shared.incarnation);
        let mut process = tokio::process::Command::from(command.prepare());
        process.env(census::MARK, mark).process_group(0);
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = tokio::task::spawn_blocking(move || process.spawn()).await;
        spawned.unwrap_or_else(|panic| Err(io::Error::other(panic)))
    }

    fn read(&self, child: &mut Child) -> JoinSet<()> {
        let room = Arc::new(Semaphore::new(LINES));
        let mut readers = JoinSet::new();
        if let Some(output) = child.stdout.take() {
            let tell = lines::Teller::new(&self.shared, &room, None);
            drop(readers.spawn(lines::read(output, tell)));
        }
        if let Some(output) = child.stderr.take() {
            let tell = lines::Teller::new(&self.shared, &room, Some(Arc::clone(&self.last_words)));
            drop(readers.spawn(lines::read(output, tell)));
        }
        readers
    }

    /// Until the first process is gone. As long as it is not waited for, its number is its own, and so is
    /// its group's.
    async fn leader(&mut self, child: &mut Child, pid: Option<Pid>) -> io::Result<ExitStatus> {
        loop {
            let order = tokio::select! {
                biased;
                status = child.wait() => return status,
                order = next(&mut self.orders, self.end_at) => order,
            };
            let (signals, pause) = self.take(order);
            for (pid, signal) in pid.iter().flat_map(|pid| signals.iter().map(move |signal| (*pid, *signal)))
            {
                // What cannot be reached lives on, and the ladder goes on without it.
                let _unreached = kill_process_group(pid, signal);
            }
            self.confirm(pause);
        }
    }

    /// Until the rest of the tree is gone, too. Says who was left behind, or that nobody could look.
    async fn rest(&mut self) -> io::Result<Vec<Member>> {
        let mut left = Vec::new();
        let mut pause = LOOK_FIRST;
        // What is left of a body that was not asked to go is not a body.
        self.by_force |= !self.asked;
        loop {
            let members = self.census.look(self.tree.clone()).await?;
            if members.is_empty() {
                return Ok(left);
            }
            // What cannot be reached lives on, and the ladder goes on without it.
            if self.by_force {
                drop(signal_all(&members, Signal::KILL));
            } else if left.is_empty() {
                // Who is not in the group has not heard of it.
                drop(signal_all(&members, Signal::TERM));
            }
            left.extend(members.iter().filter(|member| !left.contains(member)).collect::<Vec<_>>());
            tokio::select! {
                order = next(&mut self.orders, self.end_at) => {
                    let (signals, pause) = self.take(order);
                    for signal in signals {
                        drop(signal_all(&members, *signal));
                    }
                    self.confirm(pause);
                }
                () = sleep(pause) => pause = (pause * 2).min(LOOK_LATER),
            }
        }
    }

    fn confirm(&self, pause: Option<u32>) {
        if let Some(pause) = pause {
            self.shared.say(Word::HoldsStill { pause });
        }
    }

    /// The signals that an order comes to, and the pause that they are. `None`: the time to go by itself
    /// is over.
    fn take(&mut self, order: Option<Order>) -> (&'static [Signal], Option<u32>) {
        match order {
            Some(Order::Pause(pause)) => (&[Signal::STOP], Some(pause)),
            Some(Order::Resume) => (&[Signal::CONT], None),
            Some(Order::Ask(how)) => {
                self.asked = true;
                // Who holds still hears nothing.
                match how {
                    Ask::Disconnect => (&[Signal::HUP, Signal::CONT], None),
                    Ask::Terminate => (&[Signal::TERM, Signal::CONT], None),
                }
            }
            Some(Order::EndAfter(grace)) if !grace.is_zero() => {
                let end_at = Instant::now() + grace;
                self.end_at = Some(self.end_at.map_or(end_at, |before| before.min(end_at)));
                (&[], None)
            }
            Some(Order::EndAfter(_)) | None => {
                (self.asked, self.by_force, self.end_at) = (true, true, None);
                (&[Signal::KILL], None)
            }
        }
    }

    fn ending(
        &self,
        status: &io::Result<ExitStatus>,
        left: io::Result<Vec<Member>>,
    ) -> (Exit, Option<String>) {
        let (exit, error) = match status {
            Ok(status) if status.success() => (Exit::Completed, None),
            Ok(status) if self.asked && status.signal().is_some() => (Exit::Ended, None),
            Ok(status) => (Exit::Failed, Some(self.failure(*status))),
            Err(error) => (Exit::Failed, Some(format!("failed to mind it: {error}"))),
        };
        let more = match left {
            Ok(left) if left.is_empty() || self.asked => None,
            Ok(left) => Some(format!("left behind, and ended: {}", numbers(&left))),
            Err(error) => Some(format!("failed to look for what it left behind: {error}")),
        };
        let words: Vec<String> = error.into_iter().chain(more).collect();
        (exit, (!words.is_empty()).then(|| words.join("; ")))
    }

    fn failure(&self, status: ExitStatus) -> String {
        let last = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() { status.to_string() } else { format!("{status}: {last}") }
    }
}

/// The next order; `None` when the time to go by itself is over.
async fn next(orders: &mut mpsc::UnboundedReceiver<Order>, end_at: Option<Instant>) -> Option<Order> {
    let over = async {
        match end_at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    let order = async {
        match orders.recv().await {
            Some(order) => order,
            // Nobody will order anything any more.
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        order = order => Some(order),
        () = over => None,
    }
}

/// Signals each of them, whatever became of the one before. Says what went wrong first.
fn signal_all(members: &[Member], signal: Signal) -> io::Result<()> {
    let mut first = Ok(());
    for member in members {
        let result = member.signal(signal);
        first = first.and(result);
    }
    first
}

/// "process 41" or "processes 41, 42".
fn numbers(members: &[Member]) -> String {
    let numbers: Vec<String> = members.iter().map(|member| member.pid.to_string()).collect();
    let noun = if numbers.len() == 1 { "process" } else { "processes" };
    format!("{noun} {}", numbers.join(", "))
}

/// Ends what an earlier host left of a body, and waits until it is gone. Says who that was, if anybody.
pub(crate) async fn reap(census: &Census, tree: Tree) -> io::Result<Option<String>> {
    let mut left: Vec<Member> = Vec::new();
    let mut pause = LOOK_FIRST;
    loop {
        let members = census.look(tree.clone()).await?;
        if members.is_empty() {
            return Ok((!left.is_empty()).then(|| numbers(&left)));
        }
        signal_all(&members, Signal::KILL)?;
        left.extend(members.iter().filter(|member| !left.contains(member)).collect::<Vec<_>>());
        sleep(pause).await;
        pause = (pause * 2).min(LOOK_LATER);
    }
}
