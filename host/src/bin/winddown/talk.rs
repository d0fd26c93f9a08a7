//! One connection to the daemon.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Pid;
use tokio::{net::unix::UCred, runtime::Builder};
use winddown_host::{
    daemon::state_dir::Paths,
    ipc::{ANSWER_LIMIT, Ask, Reply, Request, Time, read_reply, write_line},
};

use crate::complaint::Complaint;

/// How often a countdown is told.
const TICK: Duration = Duration::from_secs(1);

/// How often it is looked whether a daemon listens.
const GLANCE: Duration = Duration::from_millis(10);

pub(crate) struct Talk {
    stream: BufReader<UnixStream>,
    began: Instant,
    /// What was read of a line that is not whole.
    line: Vec<u8>,
    /// When the daemon will be down, once it has said so.
    down_by: Option<Instant>,
    daemon: Option<Pid>,
}

impl Talk {
    /// Connects to the daemon. One that does not listen is waited for so long: it may be about to.
    pub(crate) fn to(paths: &Paths, wait: Time) -> Result<Self, Complaint> {
        let path = paths.socket();
        let stream =
            connect(&path, wait).map_err(|error| Complaint::NoDaemon { path: path.clone(), error })?;
        let peer = peer_of(&stream).map_err(Complaint::Broken)?;
        let user = rustix::process::geteuid();
        // Whoever put a socket there to be told things is not who is asked.
        if peer.uid() != user.as_raw() && !user.is_root() {
            return Err(Complaint::Foreign { path, owner: peer.uid(), user: user.as_raw() });
        }
        Ok(Self {
            stream: BufReader::new(stream),
            began: Instant::now(),
            line: Vec::new(),
            down_by: None,
            daemon: peer.pid().and_then(Pid::from_raw),
        })
    }

    /// The daemon's process. `None`: it has no number here, as its PID namespace is not seen from this one.
    pub(crate) const fn daemon(&self) -> Option<Pid> {
        self.daemon
    }

    /// How long it is since the connection was made.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn ask(&mut self, ask: Ask) -> Result<(), Complaint> {
        let mut line = write_line(&Request::new(1, ask)).map_err(|error| Complaint::Broken(error.into()))?;
        line.push('\n');
        match self.stream.get_mut().write_all(line.as_bytes()) {
            // What the daemon said before it closed says why, and is there to be read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(Complaint::Broken),
        }
    }

    /// From now on, `reply_or` tells how much time is left.
    pub(crate) fn count_down(&mut self, seconds: u64) {
        self.down_by = Instant::now().checked_add(Duration::from_secs(seconds));
    }

    /// The next thing that the daemon says. `None`: it has closed the connection.
    pub(crate) fn reply(&mut self) -> Result<Option<Reply>, Complaint> {
        self.reply_or(|_| Ok(()))
    }

    /// The same; `tick` is told once a second how much time is left.
    pub(crate) fn reply_or(
        &mut self,
        mut tick: impl FnMut(Duration) -> Result<(), Complaint>,
    ) -> Result<Option<Reply>, Complaint> {
        loop {
            let patience = self.down_by.map(|_| TICK);
            self.stream.get_ref().set_read_timeout(patience).map_err(Complaint::Broken)?;
            let room = (ANSWER_LIMIT + 1 - self.line.len()) as u64;
            match self.stream.by_ref().take(room).read_until(b'\n', &mut self.line) {
                Ok(_) if self.line.last() == Some(&b'\n') => {
                    let line = std::mem::take(&mut self.line);
                    return Ok(Some(read_reply(&String::from_utf8_lossy(&line))?));
                }
                Ok(_) if self.line.len() > ANSWER_LIMIT => {
                    let error = io::Error::other("a line is longer than an answer can be");
                    return Err(Complaint::Broken(error));
                }
                Ok(_) => return Ok(None),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    let left = self.down_by.map(|by| by.saturating_duration_since(Instant::now()));
                    tick(left.unwrap_or_default())?;
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(Complaint::Broken(error)),
            }
        }
    }
}

/// Who is on the other side. The kernel's number of a process that is not seen from here is 0.
fn peer_of(stream: &UnixStream) -> io::Result<UCred> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let _context = runtime.enter();
    stream.set_nonblocking(true)?;
    let peer = tokio::net::UnixStream::from_std(stream.try_clone()?)?.peer_cred();
    stream.set_nonblocking(false)?;
    peer
}

fn connect(path: &Path, wait: Time) -> io::Result<UnixStream> {
    let until = match wait {
        Time::For(span) => Instant::now().checked_add(span.into()),
        Time::Unlimited => None,
    };
    loop {
        match UnixStream::connect(path) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
                    && until.is_none_or(|until| Instant::now() < until) =>
            {
                thread::sleep(GLANCE);
            }
            connected => return connected,
        }
    }
}
