//! Who is alive of a body's process tree.
//!
//! A process belongs to a body if it is in the group of the body's first process, or if it has the mark in
//! its environment that this one was started with: children inherit it, also those that go into a group or
//! a session of their own. A process that leaves its group is not found if it clears its environment, or if
//! the kernel shows it to nobody, as with a program that is run with more rights than this process has.
//!
//! Who is not found counts as gone, so a look that could not see everything is no look, but an error.
//!
//! One look at all processes serves everybody who waits for one.

use std::{fs, io, ops::RangeInclusive, path::Path, sync::Arc};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal},
};
use tokio::sync::{mpsc, oneshot};

use crate::store::ProcessIdentity;

/// The variable that marks the processes of a body.
pub(crate) const MARK: &str = "WINDDOWN_BODY";

/// What tells the processes of one body from all others.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// What the mark of this body begins with; the number of the start follows.
    pub(crate) mark: Arc<str>,
    /// Which starts.
    pub(crate) starts: RangeInclusive<u32>,
    /// The first process, if it is known.
    pub(crate) leader: Option<ProcessIdentity>,
}

impl Tree {
    /// The mark of a start of a unit. `home` is what no other host has: where its state is.
    pub(crate) fn mark(home: &str, unit: &str) -> Arc<str> {
        Arc::from(format!("{home}\t{unit}\t"))
    }

    fn is_marked(&self, mark: &str) -> bool {
        let Some(number) = mark.strip_prefix(&*self.mark).and_then(|rest| rest.parse::<u32>().ok()) else {
            return false;
        };
        self.starts.contains(&number)
    }

    fn members(&self, all: &[Seen], boot: Option<[u8; 16]>) -> Vec<Member> {
        let leader = self.leader.filter(|leader| Some(leader.boot) == boot);
        // The number of a group is not given again while somebody is in it.
        let group = leader.filter(|leader| {
            !all.iter().any(|seen| seen.member.pid == leader.pid && seen.member.started != leader.started)
        });
        let belongs = |seen: &&Seen| {
            let in_group = group.is_some_and(|leader| seen.group == leader.pid);
            in_group || seen.mark.as_deref().is_some_and(|mark| self.is_marked(mark))
        };
        let member = |seen: &Seen| Member {
            in_group: group.is_some_and(|leader| seen.group == leader.pid),
            ..seen.member
        };
        all.iter().filter(belongs).map(member).collect()
    }
}

/// A living process, told apart from a later one with the same number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) pid: u32,
    started: u64,
    /// It is in the group of the first process, or was when it was seen.
    pub(crate) in_group: bool,
}

impl Member {
    /// Whether this is the same process, whatever group it is in by now.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        self.pid == other.pid && self.started == other.started
    }

    /// Sends signals to this process, and to no other one. One that is gone is fine.
    pub(crate) fn signal(self, signals: &[Signal]) -> io::Result<()> {
        unless_gone(self.send(signals)).map(|_| ())
    }

    fn send(self, signals: &[Signal]) -> io::Result<()> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
        let process = pidfd_open(pid, PidfdFlags::empty())?;
        // From here on the number means the process that was looked up, if it is still the same.
        if stat(self.pid)?.is_some_and(|stat| stat.started == self.started) {
            for signal in signals {
                pidfd_send_signal(&process, *signal)?;
            }
        }
        Ok(())
    }
}

/// Asks for looks at all processes.
#[derive(Clone, Debug)]
pub(crate) struct Census {
    questions: mpsc::UnboundedSender<Question>,
}

#[derive(Debug)]
struct Question {
    tree: Tree,
    reply: oneshot::Sender<io::Result<Vec<Member>>>,
}

impl Census {
    /// Has to be called on a runtime. Ends with its last clone.
    pub(crate) fn start() -> Self {
        let (questions, inbox) = mpsc::unbounded_channel();
        drop(tokio::spawn(serve(inbox)));
        Self { questions }
    }

    /// Who is alive of a tree, as it is after this was called.
    pub(crate) async fn look(&self, tree: Tree) -> io::Result<Vec<Member>> {
        let (reply, answer) = oneshot::channel();
        let gone = || io::Error::other("the host is gone");
        self.questions.send(Question { tree, reply }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn serve(mut inbox: mpsc::UnboundedReceiver<Question>) {
    let mut questions = Vec::new();
    while inbox.recv_many(&mut questions, usize::MAX).await > 0 {
        let look = || Ok((look_at_all()?, boot_id()?));
        let seen =
            tokio::task::spawn_blocking(look).await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        for Question { tree, reply } in questions.drain(..) {
            let members = match &seen {
                Ok((seen, boot)) => Ok(tree.members(seen, *boot)),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            // Who does not wait any more needs no answer.
            drop(reply.send(members));
        }
    }
}

/// A process as `/proc` has it.
#[derive(Debug)]
struct Seen {
    member: Member,
    group: u32,
    mark: Option<String>,
}

struct Stat {
    is_dead: bool,
    #[cfg(feature = "daemon")]
    parent: u32,
    group: u32,
    started: u64,
}

fn look_at_all() -> io::Result<Vec<Seen>> {
    let own = u32::try_from(getpid().as_raw_nonzero().get()).ok();
    let mut all = Vec::new();
    let mut is_shown = false;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if Some(pid) == own {
            is_shown = true;
            continue;
        }
        // One that is gone meanwhile, or only waits for its parent to hear so, is not alive.
        let Some(Stat { is_dead: false, group, started, .. }) = stat(pid)? else { continue };
        all.push(Seen { member: Member { pid, started, in_group: false }, group, mark: mark_of(pid)? });
    }
    // Whoever is not shown itself is shown nobody.
    if is_shown {
        Ok(all)
    } else {
        Err(io::Error::other("/proc does not show this process; mount it as it is"))
    }
}

/// Children of this process that have ended, and that nobody has waited for yet.
#[cfg(feature = "daemon")]
pub(crate) fn dead_children() -> io::Result<Vec<u32>> {
    let own = getpid().as_raw_nonzero().get().unsigned_abs();
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        if stat(pid)?.is_some_and(|stat| stat.is_dead && stat.parent == own) {
            all.push(pid);
        }
    }
    Ok(all)
}

/// What came of asking for a process. `None`: it is gone. That is known only if the kernel says so: whoever has no
/// file descriptors or no memory left knows nothing.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::SRCH) => Ok(None),
            Some(_) | None => Err(error),
        },
    }
}

/// What a process has in a file of `/proc`. `None`: it is gone, or may not be looked into. Those are other users'
/// processes, and of one's own the ones that the kernel shields, such as what a login has: they are always there, so
/// they cannot be errors.
fn read(pid: u32, file: &str) -> io::Result<Option<Vec<u8>>> {
    let path = Path::new("/proc").join(pid.to_string()).join(file);
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        result => unless_gone(result),
    }
}

/// The mark in a process's environment, if it has one and may be looked into.
fn mark_of(pid: u32) -> io::Result<Option<String>> {
    let environment = read(pid, "environ")?.unwrap_or_default();
    let is_mark =
        |entry: &&[u8]| entry.strip_prefix(MARK.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
    let entry = environment.split(|byte| *byte == 0).find(is_mark);
    Ok(entry.and_then(|entry| String::from_utf8(entry[MARK.len() + 1..].to_vec()).ok()))
}

fn stat(pid: u32) -> io::Result<Option<Stat>> {
    let Some(text) = read(pid, "stat")? else { return Ok(None) };
    let unreadable =
        || io::Error::new(io::ErrorKind::InvalidData, format!("/proc/{pid}/stat makes no sense"));
    parse(&text).ok_or_else(unreadable).map(Some)
}

fn parse(text: &[u8]) -> Option<Stat> {
    // The second field is a name in brackets, which may contain anything.
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Fields 3, 4, 5 and 22 as proc(5) counts them.
    let (state, group, started) = (fields.first()?, fields.get(2)?, fields.get(19)?);
    Some(Stat {
        is_dead: matches!(*state, "Z" | "X"),
        #[cfg(feature = "daemon")]
        parent: fields.get(1)?.parse().ok()?,
        group: group.parse().ok()?,
        started: started.parse().ok()?,
    })
}

/// What tells this process from every other one, as long as there is one with this number. `None`: it is gone, or
/// nothing here tells one boot from another.
pub(crate) fn identity(pid: u32) -> io::Result<Option<ProcessIdentity>> {
    let (stat, boot) = (stat(pid)?, boot_id()?);
    Ok(stat.zip(boot).map(|(Stat { started, .. }, boot)| ProcessIdentity { pid, started, boot }))
}

/// `None`: it is not to be had here.
fn boot_id() -> io::Result<Option<[u8; 16]>> {
    let text = match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
        result => unless_gone(result)?,
    };
    Ok(text.and_then(|text| parse_boot(&text)))
}

fn parse_boot(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let mut boot = [0; 16];
    if digits.len() != 2 * boot.len() {
        return None;
    }
    for (byte, digits) in boot.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(boot)
}
