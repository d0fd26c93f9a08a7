//! A daemon of one's own for each test, and what is needed to talk to it.

use std::{
    fs::{self, File, Permissions},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use winddown_host::ipc::{Reply, ShutdownRecord, read_reply};

/// How long anything may take on a busy machine before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// A folder with a configuration and a state directory.
pub(crate) struct Home {
    dir: TempDir,
}

impl Home {
    pub(crate) fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let home = Self { dir };
        fs::write(home.config(), config).expect("it can be written");
        home
    }

    /// The same with HTTP at a free port, for alice and bob.
    pub(crate) fn with_http(config: &str) -> Self {
        let home = Self::new(&format!("{config}\n[http]\naddress = \"127.0.0.1:0\"\ntokens = \"tokens\"\n"));
        home.write_tokens("alice alices-token-0001\nbob bobs-token-000002\n");
        home
    }

    pub(crate) fn write_tokens(&self, text: &str) {
        let file = self.dir.path().join("tokens");
        fs::write(&file, text).expect("it can be written");
        fs::set_permissions(file, Permissions::from_mode(0o600)).expect("it can be set");
    }

    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.dir.path().join("state").join(name)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn record(&self) -> ShutdownRecord {
        let text = fs::read(self.state("report.json")).expect("there is a report");
        serde_json::from_slice(&text).expect("it can be read")
    }

    /// Where the configuration is.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("winddownd.toml")
    }

    /// Starts a daemon, and does not wait for it.
    pub(crate) fn spawn(&self) -> Daemon<'_> {
        self.spawn_with(&[])
    }

    /// The same with variables in its environment.
    pub(crate) fn spawn_with(&self, variables: &[(&str, &str)]) -> Daemon<'_> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_winddownd"));
        program.envs(variables.iter().copied());
        self.spawn_as(program)
    }

    /// The same with whatever becomes a daemon.
    fn spawn_as(&self, mut program: Command) -> Daemon<'_> {
        let log = File::options().create(true).append(true).open(self.dir.path().join("log"));
        let log = log.expect("it can be opened");
        let began = log.metadata().expect("it is there").len();
        let child = program
            .arg("--config")
            .arg(self.config())
            .arg("--state-dir")
            .arg(self.dir.path().join("state"))
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("it can be started");
        let began = usize::try_from(began).expect("a log is small");
        Daemon { home: self, child: Killed(child), began }
    }

    /// Starts a daemon, and waits until it says that it is ready.
    #[track_caller]
    pub(crate) fn start(&self) -> Daemon<'_> {
        self.start_as(Command::new(env!("CARGO_BIN_EXE_winddownd")))
    }

    /// The same with whatever becomes a daemon.
    #[track_caller]
    pub(crate) fn start_as(&self, program: Command) -> Daemon<'_> {
        let mut daemon = self.spawn_as(program);
        until("it is ready", || {
            let gone = daemon.child.0.try_wait().expect("it can be asked");
            assert!(gone.is_none(), "it is gone: {gone:?}\n{}", daemon.log());
            daemon.log().contains(" ready ")
        });
        daemon
    }

    /// Runs the client.
    pub(crate) fn winddown(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_winddown"))
            .args(arguments)
            .env("WINDDOWN_STATE_DIR", self.dir.path().join("state"))
            .output()
            .expect("it can be run")
    }

    /// Runs the client, and has what it says.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let output = self.winddown(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {:?}: {text}{error}\n{}", output.status, self.log());
        text
    }

    pub(crate) fn connect(&self) -> Line {
        let stream = UnixStream::connect(self.state("winddownd.sock")).expect("the daemon listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
        Line(BufReader::new(stream))
    }
}

/// A daemon's process.
pub(crate) struct Daemon<'a> {
    home: &'a Home,
    child: Killed,
    /// Where its part of the log begins.
    began: usize,
}

impl Daemon<'_> {
    pub(crate) fn log(&self) -> String {
        self.home.log().get(self.began..).unwrap_or_default().to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.0.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("it can be sent");
    }

    pub(crate) fn is_gone(&mut self) -> bool {
        self.child.0.try_wait().expect("it can be asked").is_some()
    }

    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        until("it is gone", || {
            status = self.child.0.try_wait().expect("it can be asked");
            status.is_some()
        });
        status.expect("it is gone")
    }

    /// Where it serves HTTP.
    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        let log = self.log();
        let (_, rest) = log.split_once(" http=").expect("it says where");
        rest.split_whitespace().next().and_then(|text| text.parse().ok()).expect("an address")
    }
}

/// A process that does not outlive its test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A connection to the socket.
pub(crate) struct Line(BufReader<UnixStream>);

impl Line {
    pub(crate) fn say(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes());
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // A daemon that has closed the connection has said why.
        drop(self.0.get_mut().write_all(bytes));
    }

    /// Says that nothing more is said.
    pub(crate) fn end(&self) {
        self.0.get_ref().shutdown(Shutdown::Write).expect("it can be closed");
    }

    /// The next thing that it says. `None`: it has closed the connection.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> Option<Reply> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(read_reply(&line).expect("it can be read")),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("it says nothing: {error}"),
        }
    }
}

/// Sends a request, and has the status and the body.
#[track_caller]
pub(crate) fn http(address: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let (head, body) = exchange(address, head, body);
    (head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("it has a status"), body)
}

/// The same, and has all of the head.
#[track_caller]
pub(crate) fn exchange(address: SocketAddr, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let length = body.len();
    let text = format!("{head}\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).expect("it can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it has a head");
    (head.to_owned(), body.to_owned())
}
