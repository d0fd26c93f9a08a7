//! A trial: many runs of one service, and what they show of it.

use std::{
    any::Any,
    env, fmt,
    panic::resume_unwind,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use winddown_core::BodyClass;
use winddown_host::{Builder, store::Memory};
use winddown_sim::quoted;

use crate::{
    course::course,
    left::Left,
    play::{self, Seen, Service},
    trouble::{Noticed, Trouble},
    verdict::Verdict,
};

/// So many lines of a timeline are shown, from its end.
const LINES_SHOWN: usize = 60;

/// Why there is no trial.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Processes take real time.
    #[error(
        "kind {kind:?} is one of processes, which take real time: describe the service to the trial without this \
         kind and its units ({}), or with a kind of tasks in its place (such as contracts::graceful) and bodies that \
         behave like them",
        listed(units)
    )]
    Processes {
        /// The first such kind.
        kind: Arc<str>,
        /// Its units.
        units: Vec<Arc<str>>,
    },
    /// Nothing would be tried.
    #[error("a trial of no runs shows nothing")]
    NoRuns,
    /// Nothing was tried.
    #[error("the service has no unit, so a trial of it shows nothing")]
    NoUnits,
    /// The environment says something that cannot be read.
    #[error("{name}={value} in the environment: that is no number")]
    Environment {
        /// Which variable.
        name: &'static str,
        /// What it says.
        value: String,
    },
}

/// What has to hold of what a life of the host left.
type Rule = Arc<dyn Fn(&Left) -> Result<(), String> + Send + Sync>;

/// A trial of a service.
#[must_use]
pub struct Trial {
    service: Service,
    span: Duration,
    runs: u64,
    first: u64,
    crashes: bool,
    patience: Duration,
    allowed: Vec<(Trouble, Option<Arc<str>>)>,
    rules: Vec<Rule>,
}

impl Trial {
    /// A trial of the service that `service` describes, anew for each life of a host: its kinds, its units, its
    /// hooks, how it shuts down. Where it keeps things does not matter: each run has a disk of its own, in memory,
    /// which takes its time and does not always work. Its hooks for steps and for stops are not called, signals of
    /// this process stay as they are, and it must not record a journal. Its kinds have to be of tasks: processes take
    /// real time. All its units are started, in the order in which they were declared.
    pub fn of(service: impl Fn() -> Builder + Send + Sync + 'static) -> Self {
        Self {
            service: Arc::new(service),
            span: Duration::from_secs(60),
            runs: 500,
            first: 0,
            crashes: true,
            patience: Duration::from_secs(20),
            allowed: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// How long it works before it is shut down at the latest, in virtual time. Unless said, 60 s.
    pub fn within(mut self, span: Duration) -> Self {
        self.span = span;
        self
    }

    /// How many runs. Unless said, 500; `WINDDOWN_RUNS` in the environment says otherwise.
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// The first seed. Unless said, 0.
    pub fn first_seed(mut self, seed: u64) -> Self {
        self.first = seed;
        self
    }

    /// The host never ends from one moment to the next.
    pub fn without_crashes(mut self) -> Self {
        self.crashes = false;
        self
    }

    /// How long one run may take in real time, before it is said to be [`Stuck`](Trouble::Stuck). Unless said,
    /// 20 s.
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// This is how it is meant to be, for this unit.
    pub fn allow(mut self, trouble: Trouble, unit: impl Into<Arc<str>>) -> Self {
        self.allowed.push((trouble, Some(unit.into())));
        self
    }

    /// This is how it is meant to be, for all units and for the service as a whole.
    pub fn allow_everywhere(mut self, trouble: Trouble) -> Self {
        self.allowed.push((trouble, None));
        self
    }

    /// This has to hold after each life of a host. What `rule` says against it is a [`Trouble::Broken`], with its seed
    /// and its timeline.
    ///
    /// ```
    /// use winddown_trial::Left;
    ///
    /// /// Whoever takes a job records that it is taken, and later that it is done.
    /// fn nothing_is_left_undone(left: &Left) -> Result<(), String> {
    ///     let found = left.findings("worker");
    ///     let is_done = |job: &str| found.iter().any(|it| it.id.strip_prefix("done ") == Some(job));
    ///     let undone = found.iter().find_map(|it| it.id.strip_prefix("took ").filter(|job| !is_done(job)));
    ///     match undone {
    ///         Some(job) if left.had_its_time => Err(format!("job {job} was taken and is not done")),
    ///         _ => Ok(()),
    ///     }
    /// }
    /// ```
    pub fn holds(mut self, rule: impl Fn(&Left) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// Plays all runs, and says what was noticed.
    ///
    /// `WINDDOWN_SEED` in the environment says which single run is played.
    ///
    /// # Errors
    /// What cannot be played.
    pub fn run(&self) -> Result<Verdict, Refused> {
        let service = (self.service)();
        if let Some((kind, _)) = service.kinds().find(|(_, kind)| kind.body == BodyClass::Process) {
            let units =
                service.units().filter(|(_, of)| *of == kind).map(|(name, _)| Arc::from(name)).collect();
            return Err(Refused::Processes { kind: Arc::from(kind), units });
        }
        let (first, runs) = match said("WINDDOWN_SEED")? {
            Some(seed) => (seed, 1),
            None => (self.first, said("WINDDOWN_RUNS")?.unwrap_or(self.runs)),
        };
        if runs == 0 {
            return Err(Refused::NoRuns);
        }
        let mut verdict = Verdict::new(first, self.span);
        self.play(first, runs, &mut verdict);
        if verdict.has_no_unit() {
            return Err(Refused::NoUnits);
        }
        verdict.is_complete(|trouble, unit| {
            let meant = |allowed: &Option<Arc<str>>| allowed.is_none() || allowed.as_deref() == unit;
            self.allowed.iter().any(|(allowed, unit)| *allowed == trouble && meant(unit))
        });
        Ok(verdict)
    }

    /// Plays all runs, and panics if anything was noticed: for a test.
    ///
    /// # Panics
    /// With what was noticed, the shortest run that shows the worst of it, and how to see that run again.
    #[track_caller]
    #[expect(clippy::print_stdout, reason = "a test that is asked for its output has one")]
    #[expect(clippy::panic, reason = "that is how a test fails")]
    pub fn check(&self) {
        let verdict = self.run().unwrap_or_else(|refused| panic!("{refused}"));
        let Some(worst) = verdict.defects.first() else { return println!("{verdict}") };
        let (timeline, seed) = (last_lines(&worst.timeline()), worst.seed);
        let program = env::args_os().map(|word| word.to_string_lossy().into_owned());
        let again = again(thread::current().name(), program);
        panic!("{verdict}\n{timeline}\nthis run again: WINDDOWN_SEED={seed} {again}\n");
    }

    /// Runs are played on a thread of their own, so that one that never ends can be seen from here.
    fn play(&self, first: u64, runs: u64, verdict: &mut Verdict) {
        let (tell, heard) = mpsc::channel();
        let (service, rules, span, crashes) =
            (Arc::clone(&self.service), self.rules.clone(), self.span, self.crashes);
        let worker = thread::spawn(move || {
            let tasks = play::tasks_of_nothing(&service);
            let player = Player { service, rules, span, crashes, tasks, tell };
            for place in 0..runs {
                player.play_run(first.wrapping_add(place));
            }
        });
        let mut seed = first;
        loop {
            match heard.recv_timeout(self.patience) {
                Ok(Told::Life(seen)) => verdict.add(seed, *seen),
                Ok(Told::RunIsOver) => {
                    verdict.run_is_over();
                    seed = seed.wrapping_add(1);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let patience = self.patience;
                    let words = format!(
                        "the run does not end within {patience:?} of real time: a body blocks its thread, never \
                         yields, or waits for what is not there"
                    );
                    verdict.notice(seed, Noticed::new(Trouble::Stuck, None, words), None);
                    verdict.run_is_over();
                    // Its thread cannot be ended. It ends with the process.
                    return;
                }
            }
        }
        worker.join().unwrap_or_else(|panic: Box<dyn Any + Send>| resume_unwind(panic));
    }
}

/// What plays the same once more. A test has a thread that is called by its whole path; on any other one, this is the
/// program itself, or all tests of it.
fn again(thread: Option<&str>, program: impl Iterator<Item = String>) -> String {
    let is_path =
        |name: &&str| *name != "main" && name.chars().all(|it| it.is_alphanumeric() || "_:".contains(it));
    match thread.filter(is_path) {
        Some(test) => format!("cargo test {test} -- --exact"),
        None => program.map(|word| quoted(&word)).collect::<Vec<_>>().join(" "),
    }
}

fn listed(units: &[Arc<str>]) -> String {
    if units.is_empty() { "none".to_owned() } else { units.join(", ") }
}

/// What the thread that plays has to tell.
enum Told {
    Life(Box<Seen>),
    RunIsOver,
}

/// Plays runs on a thread of its own.
struct Player {
    service: Service,
    rules: Vec<Rule>,
    span: Duration,
    crashes: bool,
    /// How many tasks are there when nothing ran.
    tasks: usize,
    tell: Sender<Told>,
}

impl Player {
    fn play_run(&self, seed: u64) {
        let memory = Memory::new();
        for (number, life) in (0_u64..).zip(course(seed, self.span, self.crashes)) {
            // Each life's disk takes its own time.
            let mut seen = play::play(&self.service, &life, seed ^ number << 48, &memory, self.tasks);
            let down = seen.noticed.iter().any(|noticed| noticed.trouble == Trouble::NoHost);
            if !down {
                self.judge(seed, number, &mut seen, &memory);
            }
            // Who does not listen any more does not want to know.
            drop(self.tell.send(Told::Life(Box::new(seen))));
            if down {
                break;
            }
        }
        drop(self.tell.send(Told::RunIsOver));
    }

    /// What the service's own rules say.
    fn judge(&self, seed: u64, number: u64, seen: &mut Seen, memory: &Memory) {
        if self.rules.is_empty() {
            return;
        }
        let left = Left::after(seed, number + 1, seen.had_its_time, memory);
        for broken in self.rules.iter().filter_map(|rule| rule(&left).err()) {
            seen.notice(Trouble::Broken, None, broken);
        }
    }
}

/// A number that the environment says, if it says anything.
fn said(name: &'static str) -> Result<Option<u64>, Refused> {
    env::var_os(name).map(|value| number(name, value.to_string_lossy().into_owned())).transpose()
}

fn number(name: &'static str, value: String) -> Result<u64, Refused> {
    value.parse().map_err(|_| Refused::Environment { name, value })
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let left_out = lines.len().saturating_sub(LINES_SHOWN);
    let head = if left_out > 0 { format!("... {left_out} lines before\n") } else { String::new() };
    head + &lines[left_out..].join("\n")
}

impl fmt::Debug for Trial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Trial")
            .field("span", &self.span)
            .field("runs", &self.runs)
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_told() {
        assert_eq!(number("WINDDOWN_SEED", "7".to_owned()), Ok(7));
        for value in ["", "-1", "0x7", "seven", "18446744073709551616"] {
            let refused = number("WINDDOWN_SEED", value.to_owned()).expect_err(value);
            assert_eq!(
                refused.to_string(),
                format!("WINDDOWN_SEED={value} in the environment: that is no number")
            );
        }
    }

    #[test]
    fn a_run_is_played_again_by_what_there_is() {
        let program = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>().into_iter();
        let test = again(Some("stops::drain"), program(&["target/debug/deps/stops-1234"]));
        assert_eq!(test, "cargo test stops::drain -- --exact", "and not drain_no_crash as well");
        for thread in [Some("main"), Some("tokio-rt-worker"), None] {
            let own = again(thread, program(&["target/debug/service", "--in", "a b", "it's"]));
            assert_eq!(own, r"target/debug/service --in 'a b' 'it'\''s'");
        }
    }

    #[test]
    fn a_long_timeline_is_shown_from_its_end() {
        let text: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let shown = last_lines(&text);
        assert!(shown.starts_with("... 40 lines before\nline 40\n") && shown.ends_with("line 99"), "{shown}");
        assert_eq!(last_lines("one\ntwo\n"), "one\ntwo");
    }
}
