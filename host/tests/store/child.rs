//! Another process: this same program, told what to be.

use std::{
    env,
    io::{self, BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use winddown_host::store::{Options, SqliteStore};

use crate::kill;

const ROLE: &str = "WINDDOWN_TEST_CHILD";
const FILE: &str = "WINDDOWN_TEST_FILE";
/// What a line starts with that is meant for the parent: the test harness prints lines of its own.
const MARK: &str = "child: ";

/// What a child does with the file that it is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Opens the store, says how that went, and keeps it open until its input ends.
    Open,
    /// The same when no file can be opened any more.
    OpenWithoutDescriptors,
    /// Writes until it is killed, and says what was acknowledged.
    Write,
}

const ROLES: [Role; 3] = [Role::Open, Role::OpenWithoutDescriptors, Role::Write];

/// A child that is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: io::Lines<BufReader<ChildStdout>>,
    /// The child sees its end when this is dropped.
    _input: Option<ChildStdin>,
}

/// What starts a child. More may be set before it is started.
pub(crate) fn command(role: Role, file: &Path) -> Command {
    command_of(&env::current_exe().unwrap(), role, file)
}

/// The same with another copy of this program.
pub(crate) fn command_of(program: &Path, role: Role, file: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["child::does_as_it_was_told", "--exact", "--nocapture"]);
    command.env(ROLE, format!("{role:?}")).env(FILE, file);
    command
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _input: child.stdin.take(), child, lines }
    }

    /// What it says next, if it does not end first.
    pub(crate) fn line(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| Some(line.split_once(MARK)?.1.to_owned()))
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Says something to the parent. What was said is on its way when this returns.
pub(crate) fn say(what: &str) {
    let mut out = io::stdout().lock();
    // Whoever does not listen any more is about to kill this process.
    drop(writeln!(out, "{MARK}{what}").and_then(|()| out.flush()));
}

#[test]
fn does_as_it_was_told() {
    let Ok(told) = env::var(ROLE) else { return };
    let role = ROLES.into_iter().find(|role| format!("{role:?}") == told).expect("a role that there is");
    let file = PathBuf::from(env::var_os(FILE).unwrap());
    match role {
        Role::Open => open(&file),
        Role::OpenWithoutDescriptors => {
            let hogged: Vec<_> =
                std::iter::repeat_with(|| std::fs::File::open("/dev/null")).map_while(Result::ok).collect();
            open(&file);
            drop(hogged);
        }
        Role::Write => kill::write(&file),
    }
}

fn open(file: &Path) {
    let opened = SqliteStore::open(file, drop, &Options::default());
    match &opened {
        Ok(_) => say("opened"),
        Err(error) => say(&error.to_string()),
    }
    drop(io::read_to_string(io::stdin()));
}
