//! Scenario files: TOML, every field known, every mistake answered with its place and what was expected.

use std::collections::BTreeMap;

use toml::Spanned;
use winddown_core::{Restart, Span, Within};

use super::{
    Ask, BodyPlan, Expectation, HostPlan, Operator, Outer, Scenario, System, UnitPlan,
    file::{BodyFile, ExpectFile, File, HostFile, OperatorFile, Rate, RestartName, UnitFile, pick, unknown},
    ladder::LadderFile,
    names::{check_dependencies, check_free, check_name, target},
};
use crate::fault::{Fault, Faults};

/// A file larger than this is no scenario.
const LONGEST_FILE: usize = 1 << 20;
/// More units than this are no scenario that a person could read.
const MOST_UNITS: u32 = 1_000;
const MOST_TIMES: u32 = 10_000;
/// A storm that is not said: long enough for every contract's own deadlines to pass in it.
pub(super) const STORM: Span = Span::from_secs(60);

/// What is wrong with a scenario file, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ScenarioError {
    message: String,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > LONGEST_FILE {
            let message = format!("{} bytes are too many for a scenario; at most 1 MiB is read", text.len());
            return Err(ScenarioError { message });
        }
        let read = toml::from_str::<File>(text)
            .map_err(|error| (error.span().map_or(0, |place| place.start), plain(error.message())));
        read.and_then(File::into_scenario).map_err(|(place, what)| {
            let (line, column) = line_and_column(text, place);
            ScenarioError { message: format!("line {line}, column {column}: {what}") }
        })
    }
}

/// The reader's own message, with the nearest name where a field is unknown.
fn plain(message: &str) -> String {
    let words =
        |text: &'_ str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    match message.strip_prefix("unknown field ").map(words).as_deref() {
        Some([field, names @ ..]) if !names.is_empty() => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            unknown("field", field, &names)
        }
        Some(_) | None => message.to_owned(),
    }
}

/// Both counted from 1, the column in characters.
fn line_and_column(text: &str, place: usize) -> (usize, usize) {
    let before = text.get(..place).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// A mistake that only shows when the whole file is known: where, and what.
pub(super) type Misfit = (usize, String);

impl File {
    fn into_scenario(self) -> Result<Scenario, Misfit> {
        check_name(&self.name)?;
        let names: Vec<String> = self.unit.iter().map(|unit| unit.name.get_ref().clone()).collect();
        let mut units: Vec<UnitPlan> = Vec::new();
        let mut total = 0_u32;
        for unit in self.unit {
            let start = unit.name.span().start;
            let plan = unit.into_plan(&units, &names)?;
            total = total.saturating_add(plan.count);
            if total > MOST_UNITS {
                return Err((
                    start,
                    format!("with this there are {total} units; at most {MOST_UNITS} are run"),
                ));
            }
            units.push(plan);
        }
        let outer = self.host.outer;
        let operators = self
            .operator
            .into_iter()
            .map(|operator| operator.into_operator(&units))
            .collect::<Result<_, _>>()?;
        Ok(Scenario {
            name: self.name.into_inner(),
            about: self.about,
            order: self.order,
            storm: self.storm.unwrap_or(STORM),
            host: self.host.into_plan()?,
            units,
            operators,
            faults: faults(&self.faults)?,
            expect: self.expect.into_expectation(outer)?,
        })
    }
}

fn faults(table: &BTreeMap<Spanned<String>, Spanned<Rate>>) -> Result<Faults, Misfit> {
    let names: Vec<(&str, Fault)> = Fault::ALL.iter().map(|fault| (fault.name(), *fault)).collect();
    let mut faults = Faults::NONE;
    // In the order of the file, so that the first mistake is the one that is told.
    let mut lines: Vec<_> = table.iter().collect();
    lines.sort_by_key(|(name, _)| name.span().start);
    for (name, rate) in lines {
        let fault = pick(name.get_ref(), "fault", &names).map_err(|what| (name.span().start, what))?;
        let Some(thousandths) = u16::try_from(rate.get_ref().0).ok().filter(|rate| *rate <= 1_000) else {
            let what =
                format!("`{fault}` strikes {} times in a thousand; expected 0 to 1000", rate.get_ref().0);
            return Err((rate.span().start, what));
        };
        faults.set(fault, thousandths);
    }
    Ok(faults)
}

impl ExpectFile {
    fn into_expectation(self, outer: Outer) -> Result<Expectation, Misfit> {
        if let Some(code) = self.exit.as_ref().filter(|code| *code.get_ref() > 1) {
            let what = format!("no host exits with {}; expected 0 or 1", code.get_ref());
            return Err((code.span().start, what));
        }
        if let Some(killed) = self.killed.as_ref().filter(|is| *is.get_ref() && outer == Outer::None) {
            let what = "nobody could kill it: there is no `outer` supervisor in [host]; name one there, or leave \
                        this out";
            return Err((killed.span().start, what.to_owned()));
        }
        Ok(Expectation {
            exit: self.exit.map(Spanned::into_inner),
            within: self.within,
            killed: self.killed.map(Spanned::into_inner),
        })
    }
}

impl HostFile {
    fn into_plan(self) -> Result<HostPlan, Misfit> {
        let usual = HostPlan::default();
        if let Some(none) = self.at_once.as_ref().filter(|count| *count.get_ref() == 0) {
            let what = "at-once is 0, so no unit could ever stop; leave it out for no limit".to_owned();
            return Err((none.span().start, what));
        }
        if let Some(none) = self.owner_cap.as_ref().filter(|count| *count.get_ref() == 0) {
            let what = "owner-cap is 0, so no unit could ever start; leave it out for no limit".to_owned();
            return Err((none.span().start, what));
        }
        if let Some(many) = self.clients.as_ref().filter(|count| *count.get_ref() > 100) {
            return Err((many.span().start, format!("{} clients; at most 100 are run", many.get_ref())));
        }
        let clients = self.clients.map_or(usual.clients, Spanned::into_inner);
        if let Some(broken) = self.broken_clients.as_ref().filter(|broken| *broken.get_ref() > clients) {
            let what = format!("{} of {clients} clients cannot be broken", broken.get_ref());
            return Err((broken.span().start, what));
        }
        let grace = self.outer_grace.as_ref().map(Spanned::span);
        let stray = grace.or_else(|| self.outer_known.as_ref().map(Spanned::span));
        if let Some(place) = stray.filter(|_| self.outer == Outer::None) {
            let what = "there is no `outer` supervisor that this could be about".to_owned();
            return Err((place.start, what));
        }
        Ok(HostPlan {
            deadline: self.deadline.unwrap_or(usual.deadline),
            at_once: self.at_once.map(Spanned::into_inner),
            owner_cap: self.owner_cap.map(Spanned::into_inner),
            lease: self.lease.unwrap_or(usual.lease),
            running: self.running.unwrap_or(usual.running),
            clients,
            broken_clients: self.broken_clients.map_or(usual.broken_clients, Spanned::into_inner),
            client_takes: self.client_takes.unwrap_or(usual.client_takes),
            row_takes: self.row_takes.unwrap_or(usual.row_takes),
            checkpoint_takes: self.checkpoint_takes.unwrap_or(usual.checkpoint_takes),
            outer: self.outer,
            outer_grace: self.outer_grace.map(Spanned::into_inner),
            outer_known: self.outer_known.map_or(usual.outer_known, Spanned::into_inner),
        })
    }
}

impl UnitFile {
    fn into_plan(mut self, earlier: &[UnitPlan], all: &[String]) -> Result<UnitPlan, Misfit> {
        check_name(&self.name)?;
        let usual = self.system.unit(self.name.get_ref());
        if let Some(zero) = self.count.as_ref().filter(|count| *count.get_ref() == 0) {
            return Err((zero.span().start, "a count of 0 is no unit; leave the unit out".to_owned()));
        }
        let ladder = self.ladder.take().map(LadderFile::into_ladder).transpose()?;
        let own = ladder.is_some();
        if let Some(grace) = self.grace.as_ref().filter(|_| own) {
            let what = "a ladder of its own has its own patience; leave the grace out".to_owned();
            return Err((grace.span().start, what));
        }
        if let Some(probed) = self.probed.as_ref().filter(|_| own) {
            let what = "a ladder of its own says by itself whether it probes; leave this out".to_owned();
            return Err((probed.span().start, what));
        }
        if let Some(grace) = self.grace.as_ref().filter(|_| self.system != System::Task) {
            let what = "only a task has a grace; the other systems' ladders are what they are".to_owned();
            return Err((grace.span().start, what));
        }
        if let Some(probed) = self.probed.as_ref().filter(|_| self.system != System::Provider) {
            return Err((probed.span().start, "only a provider's container can be probed".to_owned()));
        }
        let count = self.count.as_ref().map_or(usual.count, |count| *count.get_ref());
        check_free(&self.name, count, earlier)?;
        check_dependencies(self.name.get_ref(), &self.depends_on, earlier, all)?;
        let restart = self.restart()?;
        Ok(UnitPlan {
            count,
            ladder,
            probed: self.probed.map_or(usual.probed, Spanned::into_inner),
            owner: self.owner.map_or(usual.owner, Spanned::into_inner),
            depends_on: self.depends_on.into_iter().map(Spanned::into_inner).collect(),
            restart,
            run_budget: self.run_budget,
            start_patience: self.start_patience,
            grace: self.grace.map_or(usual.grace, Spanned::into_inner),
            starts: self.starts.unwrap_or(usual.starts),
            body: self.body.into_plan(usual.body),
            ..usual
        })
    }

    fn restart(&self) -> Result<Restart, Misfit> {
        let backoff = self.restart_backoff.as_ref();
        let backoff_max = self.restart_backoff_max.as_ref();
        let limit = self.restart_limit.as_ref();
        let extra = match self.restart {
            RestartName::Never => {
                let places =
                    [limit.map(Spanned::span), backoff.map(Spanned::span), backoff_max.map(Spanned::span)];
                places.into_iter().flatten().next().map(|place| (place, "this unit never restarts by itself"))
            }
            RestartName::Always => {
                let places = [limit.map(Spanned::span), backoff_max.map(Spanned::span)];
                places
                    .into_iter()
                    .flatten()
                    .next()
                    .map(|place| (place, "only restart = \"on-failure\" has this"))
            }
            RestartName::OnFailure => None,
        };
        if let Some((place, what)) = extra {
            return Err((place.start, what.to_owned()));
        }
        let backoff = backoff.map_or(Span::from_secs(1), |span| *span.get_ref());
        Ok(match self.restart {
            RestartName::Never => Restart::Never,
            RestartName::Always => Restart::Always { backoff },
            RestartName::OnFailure => Restart::OnFailure {
                limit: limit.map_or(3, |limit| *limit.get_ref()),
                backoff,
                backoff_max: backoff_max.map_or(Span::from_secs(60), |span| *span.get_ref()),
            },
        })
    }
}

impl BodyFile {
    fn into_plan(self, usual: BodyPlan) -> BodyPlan {
        BodyPlan {
            up_after: self.up_after.unwrap_or(usual.up_after),
            lasts: self.lasts.unwrap_or(usual.lasts),
            fails: self.fails.unwrap_or(usual.fails),
            finds_every: self.finds_every.or(usual.finds_every),
            durable: self.durable.unwrap_or(usual.durable),
            on_cancel: self.on_cancel.unwrap_or(usual.on_cancel),
            on_terminate: self.on_terminate.unwrap_or(usual.on_terminate),
            on_kill: self.on_kill.unwrap_or(usual.on_kill),
            on_pause: self.on_pause.unwrap_or(usual.on_pause),
            on_disconnect: self.on_disconnect.unwrap_or(usual.on_disconnect),
            on_probe: self.on_probe.unwrap_or(usual.on_probe),
            on_checkpoint: self.on_checkpoint.unwrap_or(usual.on_checkpoint),
            on_remove: self.on_remove.or(usual.on_remove),
            cancels_itself_after: self.cancels_itself_after.or(usual.cancels_itself_after),
        }
    }
}

/// Every ask, by name, and whether it is about a unit.
pub(super) const ASKS: [(&str, bool); 15] = [
    ("start", true),
    ("stop", true),
    ("restart", true),
    ("cancel", true),
    ("pause", true),
    ("resume", true),
    ("remove", true),
    ("shutdown", false),
    ("terminate", false),
    ("interrupt", false),
    ("hangup", false),
    ("outer-stop", false),
    ("crash", false),
    ("fill-disk", false),
    ("hang-disk", false),
];

impl OperatorFile {
    fn into_operator(self, units: &[UnitPlan]) -> Result<Operator, Misfit> {
        let start = self.ask.span().start;
        let ask = self.ask.get_ref().as_str();
        let about_unit = pick(ask, "ask", &ASKS).map_err(|what| (start, what))?;
        if let Some(times) = self.times.as_ref().filter(|times| !(1..=MOST_TIMES).contains(times.get_ref())) {
            return Err((
                times.span().start,
                format!("{} times; expected 1 to {MOST_TIMES}", times.get_ref()),
            ));
        }
        let stray = [
            (self.unit.as_ref().map(Spanned::span).filter(|_| !about_unit), "unit"),
            (self.force.as_ref().map(Spanned::span).filter(|_| ask != "stop"), "force"),
            (self.graceful.as_ref().map(Spanned::span).filter(|_| ask != "shutdown"), "graceful"),
            (
                self.within.as_ref().map(Spanned::span).filter(|_| !["stop", "shutdown"].contains(&ask)),
                "within",
            ),
        ];
        if let Some((place, field)) = stray.into_iter().find_map(|(place, field)| Some((place?, field))) {
            return Err((place.start, format!("the ask `{ask}` has no `{field}`")));
        }
        let within = self.within.map_or(Within::Unset, Spanned::into_inner);
        let force = self.force.is_some_and(Spanned::into_inner);
        let graceful = self.graceful.is_none_or(Spanned::into_inner);
        let times = self.times.map_or(1, Spanned::into_inner);
        let target = if about_unit { Some(target(self.unit, start, ask, units)?) } else { None };
        let ask = match (ask, target) {
            ("start", Some(unit)) => Ask::Start(unit),
            ("stop", Some(unit)) => Ask::Stop { unit, force, within },
            ("restart", Some(unit)) => Ask::Restart(unit),
            ("cancel", Some(unit)) => Ask::Cancel(unit),
            ("pause", Some(unit)) => Ask::Pause(unit),
            ("resume", Some(unit)) => Ask::Resume(unit),
            ("remove", Some(unit)) => Ask::Remove(unit),
            ("shutdown", _) => Ask::Shutdown { graceful, within },
            ("terminate", _) => Ask::Terminate,
            ("interrupt", _) => Ask::Interrupt,
            ("hangup", _) => Ask::Hangup,
            ("outer-stop", _) => Ask::OuterStop,
            ("fill-disk", _) => Ask::FillDisk,
            ("hang-disk", _) => Ask::HangDisk,
            (_, _) => Ask::Crash,
        };
        Ok(Operator { at: self.at, times, ask })
    }
}
