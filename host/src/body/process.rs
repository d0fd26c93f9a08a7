//! Bodies that are processes: each in a group of its own, with everything that it starts.
//!
//! One task minds one process tree. It starts the first process, hands signals on, and says that the body
//! is gone when the last process of the tree is. Who holds a pipe open is not waited for. As long as nobody can
//! look, it says nothing.
//!
//! What the first process leaves behind when it ends by itself is ended with it. What it leaves behind
//! when it was asked to end is left to the next rung of the ladder.

use std::{
    collections::VecDeque,
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
    errand::{Errand, Told, signal_all},
    left::{LOOK_FIRST, LOOK_LATER, add_new, longer, numbers},
    lines, own,
};
use crate::{context::Shared, driver::Word};

/// What is in the pipes when the tree is gone is read in no time; who still holds them is not waited for.
const DRAIN: Duration = Duration::from_millis(200);
/// So many lines of a body may wait for the driver; then the body waits.
const LINES: usize = 64;

/// Who holds still hears nothing, so these go on.
const ASK_TO_END: &[Signal] = &[Signal::TERM, Signal::CONT];
const HANG_UP: &[Signal] = &[Signal::HUP, Signal::CONT];

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
        errands: VecDeque::new(),
        asked: false,
        heard_term: false,
        is_blind: false,
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
    /// What the whole tree is still to be told, in this order.
    errands: VecDeque<Errand>,
    /// Somebody wants it to go.
    asked: bool,
    /// It was, or is being, asked with SIGTERM.
    heard_term: bool,
    /// The last look failed.
    is_blind: bool,
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
        let number = child.id();
        let pid = number.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let is_known = self.identify(number);
        self.shared.say(Word::Started);
        let mut readers = self.read(&mut child);
        let status = self.leader(&mut child, pid, is_known).await;
        own::forget(number);
        let left = self.rest().await;
        // The tree is gone, so the ends of the pipes come by themselves, unless a stranger holds them.
        drop(timeout(DRAIN, async { while readers.join_next().await.is_some() {} }).await);
        let (exit, error) = self.ending(&status, &left);
        self.shared.say(Word::Exited { exit, error: error.map(Arc::from) });
    }

    /// The kernel answers when the program is loaded, from whatever disk that is on, so this waits where
    /// nobody else does.
    async fn spawn(&self, command: &Command) -> io::Result<Child> {
        let mark = format!("{}{}", self.tree.mark, self.shared.incarnation);
        let mut process = tokio::process::Command::from(command.prepare());
        process.env(census::MARK, mark).process_group(0);
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = tokio::task::spawn_blocking(move || own::start(|| process.spawn())).await;
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

    /// Whether it is settled who the first process is.
    fn identify(&mut self, pid: Option<u32>) -> bool {
        let identity = pid.map(census::identity).transpose();
        if let Ok(Some(Some(process))) = identity {
            self.tree.leader = Some(process);
            self.shared.say(Word::Spawned(process));
        }
        identity.is_ok()
    }

    /// Until the first process is gone. As long as it is not waited for, its number is its own, and so is
    /// its group's.
    async fn leader(
        &mut self,
        child: &mut Child,
        pid: Option<Pid>,
        mut is_known: bool,
    ) -> io::Result<ExitStatus> {
        let mut pause = Duration::ZERO;
        loop {
            let number = child.id();
            tokio::select! {
                biased;
                status = child.wait() => return status,
                order = next(&mut self.orders, self.end_at) => {
                    self.take(order, pid);
                    pause = Duration::ZERO;
                }
                found = look_after(pause, &self.census, &self.tree), if !self.errands.is_empty() => {
                    let at_once = self.seen(found).is_some_and(|members| self.pass_on(&members));
                    pause = if at_once { Duration::ZERO } else { longer(pause) };
                }
                () = sleep(LOOK_LATER), if !is_known => is_known = self.identify(number),
            }
        }
    }

    /// Until the rest of the tree is gone, too. Says who was left behind. As long as nobody can look, nobody knows
    /// that it is gone: whoever waits for that has a patience of its own.
    async fn rest(&mut self) -> Vec<Member> {
        let mut left: Vec<Member> = Vec::new();
        let mut pause = LOOK_FIRST;
        // What is left of a body that was not asked to go is not a body.
        self.by_force |= !self.asked;
        if !self.heard_term {
            self.errands.push_back(Errand::tell(ASK_TO_END, false));
        }
        loop {
            let found = self.census.look(self.tree.clone()).await;
            let mut at_once = false;
            if let Some(members) = self.seen(found) {
                if members.is_empty() {
                    return left;
                }
                if self.by_force {
                    // What cannot be reached lives on, and the ladder goes on without it.
                    drop(signal_all(&members, Signal::KILL));
                } else {
                    at_once = self.pass_on(&members);
                }
                add_new(&mut left, &members);
            }
            tokio::select! {
                biased;
                order = next(&mut self.orders, self.end_at) => self.take(order, None),
                () = sleep(pause), if !at_once => pause = longer(pause),
                () = std::future::ready(()), if at_once => {}
            }
        }
    }

    /// What a look has found, if it was one. That looks begin to fail is told, and that they do not any more.
    fn seen(&mut self, found: io::Result<Vec<Member>>) -> Option<Vec<Member>> {
        let was_blind = std::mem::replace(&mut self.is_blind, found.is_err());
        if self.is_blind != was_blind {
            let words = |error| format!("failed to look for its processes, and tries again: {error}");
            let error = found.as_ref().err().map(|error| Arc::from(words(error)));
            self.shared.say(Word::Looked { error });
        }
        found.ok()
    }

    /// Tells a tree what it is to be told next. Whether to look again at once.
    fn pass_on(&mut self, members: &[Member]) -> bool {
        let Some(errand) = self.errands.front_mut() else { return false };
        match errand.pass_on(members) {
            Told::All => {
                if let Some(pause) = self.errands.pop_front().and_then(|errand| errand.pause()) {
                    self.shared.say(Word::HoldsStill { pause });
                }
                !self.errands.is_empty()
            }
            Told::More => true,
            Told::NotAll => false,
        }
    }

    /// Begins what an order comes to: the group hears of it at once, who has left it as soon as it is found.
    /// No order: the time to go by itself is over. No group: only who is found can be reached.
    fn take(&mut self, order: Option<Order>, group: Option<Pid>) {
        let (signals, errand): (&[Signal], _) = match order {
            Some(Order::Pause(pause)) => (&[Signal::STOP], Some(Errand::hold_still(pause))),
            Some(Order::Resume) => (&[Signal::CONT], Some(Errand::tell(&[Signal::CONT], group.is_some()))),
            Some(Order::Ask(Ask::Disconnect)) => {
                self.asked = true;
                // Its terminal is the group's. Who holds still hears nothing, so everybody goes on.
                let all: &[Signal] = if group.is_some() { &[Signal::CONT] } else { HANG_UP };
                (HANG_UP, Some(Errand::tell(all, group.is_some())))
            }
            Some(Order::Ask(Ask::Terminate)) => {
                (self.asked, self.heard_term) = (true, true);
                (ASK_TO_END, Some(Errand::tell(ASK_TO_END, group.is_some())))
            }
            Some(Order::EndAfter(grace)) if !grace.is_zero() => {
                let end_at = Instant::now() + grace;
                self.end_at = Some(self.end_at.map_or(end_at, |before| before.min(end_at)));
                return;
            }
            Some(Order::EndAfter(_)) | None => {
                (self.asked, self.by_force, self.end_at) = (true, true, None);
                self.errands.clear();
                (&[Signal::KILL], None)
            }
        };
        for (group, signal) in group.iter().flat_map(|group| signals.iter().map(move |it| (*group, *it))) {
            // What cannot be reached lives on, and the ladder goes on without it.
            let _unreached = kill_process_group(group, signal);
        }
        // Whoever says something else does not wait any more until all hold still.
        self.errands.retain(|errand| errand.pause().is_none());
        self.errands.extend(errand);
    }

    fn ending(&self, status: &io::Result<ExitStatus>, left: &[Member]) -> (Exit, Option<String>) {
        let (exit, error) = match status {
            Ok(status) if status.success() => (Exit::Completed, None),
            Ok(status) if self.asked && was_signalled(*status) => (Exit::Ended, None),
            Ok(status) => (Exit::Failed, Some(self.failure(*status))),
            Err(error) => (Exit::Failed, Some(format!("failed to mind it: {error}"))),
        };
        let is_remarkable = !left.is_empty() && !self.asked;
        let more = is_remarkable.then(|| format!("left behind, and ended: {}", numbers(left)));
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

/// Whether a signal ended it, or it says so as shells do: 128 and SIGTERM's number.
fn was_signalled(status: ExitStatus) -> bool {
    status.signal().is_some() || status.code() == Some(128 + Signal::TERM.as_raw())
}

/// Who is alive of a tree, when a pause is over.
async fn look_after(pause: Duration, census: &Census, tree: &Tree) -> io::Result<Vec<Member>> {
    if !pause.is_zero() {
        sleep(pause).await;
    }
    census.look(tree.clone()).await
}
