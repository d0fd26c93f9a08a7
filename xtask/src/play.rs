//! One seed: its timeline, its report, its verdict.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use winddown_sim::{
    Arena, Outcome, Setup,
    scenario::{Scenario, catalog::SHIPPED},
    story::Story,
    sweep::Source,
    timeline::{self, Heading},
};

use crate::{
    cli::{Format, SimArguments},
    json,
    output::{Code, print},
};

/// Where scenarios come from, as the arguments say.
pub(crate) fn source(arguments: &SimArguments) -> Result<Source> {
    let Some(file) = &arguments.scenario else { return Ok(Source::Generated(arguments.system)) };
    let text = read(file)?;
    let scenario = Scenario::parse(&text).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    let setup = Setup::new(scenario).with_context(|| file.display().to_string())?;
    Ok(Source::Fixed(Box::new(setup)))
}

/// A file, or the scenario of that name that comes with winddown.
fn read(file: &Path) -> Result<String> {
    let shipped = SHIPPED.iter().find(|(name, _)| file.as_os_str() == *name);
    match (std::fs::read_to_string(file), shipped) {
        (Ok(text), _) => Ok(text),
        (Err(_), Some((_, text))) => Ok((*text).to_owned()),
        (Err(error), None) => {
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let hint = format!(
                "cannot read scenario {} (these come with winddown: {})",
                file.display(),
                names.join(", ")
            );
            Err(error).context(hint)
        }
    }
}

/// One seed, played and told.
pub(crate) struct Told {
    pub(crate) setup: Setup,
    pub(crate) story: Story,
    pub(crate) outcome: Outcome,
    pub(crate) arena: Arena,
    pub(crate) heading: Heading,
}

impl Told {
    pub(crate) fn text(&self) -> String {
        timeline::render(&self.setup, &self.heading, &self.story, &self.outcome, self.arena.engine())
    }
}

pub(crate) fn tell(arguments: &SimArguments, source: &Source, seed: u64) -> Result<Told> {
    let mut arena = None;
    let mut story = Story::default();
    let (setup, outcome) = source.play(seed, &mut arena, Some(&mut story))?;
    let scenario = match (&arguments.scenario, arguments.system) {
        (Some(_), _) => format!("scenario {}", setup.scenario.name),
        (None, Some(system)) => format!("generated, system {}", system.name()),
        (None, None) => "generated".to_owned(),
    };
    let replay = format!("cargo xtask sim {}--seed {seed}", arguments.scenario_options());
    let arena = arena.context("a run leaves an arena")?;
    Ok(Told { setup, story, outcome, arena, heading: Heading { seed, scenario, replay } })
}

pub(crate) fn run(arguments: &SimArguments) -> Result<Code> {
    let Some(seed) = arguments.seed else { return Ok(Code::Nothing) };
    let source = source(arguments)?;
    let told = tell(arguments, &source, seed)?;
    match arguments.format {
        Format::Text => print(&told.text())?,
        Format::Json => json::print_run(&told)?,
    }
    if arguments.check_determinism {
        let again = tell(arguments, &source, seed)?;
        if again.outcome.hash != told.outcome.hash || again.story != told.story {
            crate::output::complain("NOT DETERMINISTIC: the same seed gave two different runs");
            return Ok(Code::Divergent);
        }
    }
    Ok(if told.outcome.breach.is_some() { Code::Broken } else { Code::Clean })
}
