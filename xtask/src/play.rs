//! One seed: its timeline, its report, its verdict.

use std::{
    io::{self, ErrorKind},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use anyhow::{Context as _, Result, anyhow};
use winddown_sim::{
    Arena, Outcome, Setup,
    chooser::{Chooser, Label, Replay},
    claims::Breach,
    run as run_world,
    scenario::{Scenario, System, catalog::SHIPPED},
    search,
    story::Story,
    sweep::{Source, panic_message},
    timeline::{self, End, Heading, Line},
};

use crate::{
    cli::{Format, Search, SimArguments},
    json,
    output::{Code, complain, painted, print},
};

/// Where scenarios come from, as the arguments say.
pub(crate) fn source(arguments: &SimArguments) -> Result<Source> {
    let Some(file) = &arguments.scenario else {
        let system = arguments.system;
        return Ok(match arguments.search {
            Search::Random => Source::Generated(system),
            Search::Pct => Source::Prioritized(system),
        });
    };
    let text = read(file)?;
    let scenario = Scenario::parse(&text).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    let setup = Setup::new(scenario).with_context(|| file.display().to_string())?;
    Ok(Source::Fixed(Box::new(setup)))
}

/// A file, or the scenario of that name that comes with winddown.
fn read(file: &Path) -> Result<String> {
    // A system's name stands for the scenario that shows its contract.
    let name = file.to_string_lossy();
    let system = System::named(&name).map(System::scenario);
    let shipped = SHIPPED.iter().find(|(shipped, _)| name == *shipped || system == Some(*shipped));
    match (std::fs::read_to_string(file), shipped) {
        (Ok(text), _) => Ok(text),
        // A file that is there is meant, also if it cannot be read.
        (Err(error), Some((_, text))) if error.kind() == ErrorKind::NotFound => Ok((*text).to_owned()),
        (Err(error), _) => {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let (file, names) = (file.display(), names.join(", "));
            Err(error)
                .with_context(|| format!("cannot read scenario {file} (these come with winddown: {names})"))
        }
    }
}

/// One seed, played and told.
pub(crate) struct Told {
    pub(crate) setup: Setup,
    pub(crate) story: Story,
    /// What came out, or what was said by the panic that ended it.
    pub(crate) end: Result<Outcome, String>,
    pub(crate) arena: Arena,
    pub(crate) heading: Heading,
}

impl Told {
    pub(crate) fn lines(&self) -> Vec<Line> {
        let end = match &self.end {
            Ok(outcome) => End::Over(outcome),
            Err(message) => End::Panicked(message),
        };
        timeline::lines(&self.setup, &self.heading, &self.story, end, self.arena.engine())
    }

    pub(crate) fn print(&self, format: Format) -> io::Result<()> {
        match format {
            Format::Text => print(&painted(&self.lines())),
            Format::Json => json::print_run(self),
        }
    }

    /// What it breaks. A run that panicked came to no verdict.
    pub(crate) fn breach(&self) -> Option<&Breach> {
        self.end.as_ref().ok()?.breach.as_deref()
    }

    pub(crate) fn code(&self) -> Code {
        let held = self.end.as_ref().is_ok_and(|outcome| outcome.breach.is_none());
        if held { Code::Clean } else { Code::Broken }
    }
}

/// The command that plays a seed.
pub(crate) fn replay(arguments: &SimArguments, seed: u64) -> String {
    format!("cargo xtask sim {}--seed {seed}", arguments.scenario_options())
}

/// Where the answers of a run come from.
#[derive(Clone, Debug)]
pub(crate) enum Answers {
    Seed(search::Answers),
    Tape(Replay),
}

impl Chooser for Answers {
    fn choose(&mut self, label: Label, count: u64) -> u64 {
        match self {
            Self::Seed(answers) => answers.choose(label, count),
            Self::Tape(tape) => tape.choose(label, count),
        }
    }

    fn turn(&mut self, count: usize, who: &dyn Fn(usize) -> u32) -> usize {
        match self {
            Self::Seed(answers) => answers.turn(count, who),
            Self::Tape(tape) => tape.turn(count, who),
        }
    }
}

/// One run, not played yet.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) setup: Setup,
    pub(crate) answers: Answers,
    pub(crate) heading: Heading,
}

impl Subject {
    /// Plays it, and tells it.
    pub(crate) fn tell(self) -> Told {
        let Self { setup, mut answers, heading } = self;
        let mut arena = Arena::new(&setup);
        let mut story = Story::default();
        let end =
            catch_unwind(AssertUnwindSafe(|| run_world(&setup, &mut answers, &mut arena, Some(&mut story))));
        let end = end.map_err(|panic| panic_message(panic.as_ref()));
        Told { setup, story, end, arena, heading }
    }
}

pub(crate) fn tell_seed(arguments: &SimArguments, source: &Source, seed: u64) -> Result<Told> {
    subject(arguments, source, seed).map(Subject::tell)
}

/// The run of a seed.
pub(crate) fn subject(arguments: &SimArguments, source: &Source, seed: u64) -> Result<Subject> {
    let (setup, chooser) = source.open(seed).with_context(|| format!("seed {seed}"))?;
    let scenario = match (&arguments.scenario, arguments.system) {
        (Some(_), _) => format!("scenario {}", setup.scenario.name),
        (None, Some(system)) => format!("generated, system {}", system.name()),
        (None, None) => "generated".to_owned(),
    };
    let scenario = scenario + arguments.search_words();
    let heading = Heading { seed: Some(seed), scenario, replay: replay(arguments, seed) };
    Ok(Subject { setup: setup.into_owned(), answers: Answers::Seed(chooser), heading })
}

pub(crate) fn run(arguments: &SimArguments, seed: u64) -> Result<Code> {
    let source = source(arguments)?;
    let told = tell_seed(arguments, &source, seed)?;
    told.print(arguments.format)?;
    if arguments.check_determinism {
        let again = tell_seed(arguments, &source, seed)?;
        if again.end != told.end || again.story != told.story {
            let alike = again.story.entries.iter().zip(&told.story.entries);
            let alike = alike.take_while(|(one, other)| one == other).count();
            complain(&format!(
                "NOT DETERMINISTIC: seed {seed} gave two runs, which differ from line {} of the timeline on",
                alike + 1
            ));
            return Ok(Code::Divergent);
        }
    }
    Ok(told.code())
}
