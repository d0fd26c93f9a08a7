//! Scenario files: TOML, every field known, every mistake answered with its place and what was expected.

use core::fmt::Display;

use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;
use winddown_core::{Restart, Span, Within};

use super::{
    Ask, BodyPlan, HostPlan, Operator, Order, Outer, Range, Reaction, Scenario, System, Target, UnitPlan,
    span_text::{SPAN_FORM, parse_range, parse_span},
};
use crate::fault::{Fault, Faults};

/// A file larger than this is no scenario.
const LONGEST_FILE: usize = 1 << 20;
/// More units than this are no scenario that a person could read.
const MOST_UNITS: u32 = 1_000;
const MOST_TIMES: u32 = 10_000;

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
        let file: File =
            toml::from_str(text).map_err(|error| ScenarioError { message: error.to_string() })?;
        file.into_scenario().map_err(|(place, what)| {
            let (line, column) = line_and_column(text, place);
            ScenarioError { message: format!("line {line}, column {column}: {what}") }
        })
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
type Misfit = (usize, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: Spanned<String>,
    #[serde(default)]
    about: String,
    #[serde(default, deserialize_with = "order")]
    order: Order,
    #[serde(default, deserialize_with = "span")]
    storm: Option<Span>,
    #[serde(default)]
    host: HostFile,
    #[serde(default)]
    unit: Vec<UnitFile>,
    #[serde(default)]
    operator: Vec<OperatorFile>,
    #[serde(default, deserialize_with = "faults")]
    faults: Faults,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HostFile {
    #[serde(default, deserialize_with = "span")]
    deadline: Option<Span>,
    at_once: Option<Spanned<u16>>,
    owner_cap: Option<u32>,
    lease: Option<bool>,
    clients: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "range")]
    client_takes: Option<Range>,
    #[serde(default, deserialize_with = "range")]
    row_takes: Option<Range>,
    #[serde(default, deserialize_with = "range")]
    checkpoint_takes: Option<Range>,
    #[serde(default, deserialize_with = "outer")]
    outer: Outer,
    #[serde(default, deserialize_with = "span")]
    outer_grace: Option<Span>,
    outer_known: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UnitFile {
    name: Spanned<String>,
    #[serde(deserialize_with = "system")]
    system: System,
    count: Option<Spanned<u32>>,
    probed: Option<Spanned<bool>>,
    owner: Option<u16>,
    #[serde(default)]
    depends_on: Vec<Spanned<String>>,
    #[serde(default, deserialize_with = "restart")]
    restart: RestartName,
    restart_limit: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "spanned_span")]
    restart_backoff: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "spanned_span")]
    restart_backoff_max: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "span")]
    run_budget: Option<Span>,
    #[serde(default, deserialize_with = "span")]
    start_patience: Option<Span>,
    #[serde(default, deserialize_with = "spanned_span")]
    grace: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "range_or_never")]
    starts: Option<Option<Range>>,
    #[serde(default)]
    body: BodyFile,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BodyFile {
    #[serde(default, deserialize_with = "range")]
    up_after: Option<Range>,
    #[serde(default, deserialize_with = "range_or_never")]
    lasts: Option<Option<Range>>,
    fails: Option<bool>,
    #[serde(default, deserialize_with = "range")]
    finds_every: Option<Range>,
    durable: Option<bool>,
    #[serde(default, deserialize_with = "reaction")]
    on_cancel: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    on_terminate: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    on_kill: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    on_pause: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    on_disconnect: Option<Reaction>,
    #[serde(default, deserialize_with = "range")]
    cancels_itself_after: Option<Range>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OperatorFile {
    #[serde(deserialize_with = "must_range")]
    at: Range,
    times: Option<Spanned<u32>>,
    ask: Spanned<String>,
    unit: Option<Spanned<String>>,
    force: Option<Spanned<bool>>,
    graceful: Option<Spanned<bool>>,
    #[serde(default, deserialize_with = "within")]
    within: Option<Spanned<Within>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum RestartName {
    #[default]
    Never,
    OnFailure,
    Always,
}

/// Reads a string by a table of names; an unknown one is answered with the nearest and with all.
fn named<'de, D: Deserializer<'de>, T: Copy>(
    from: D,
    what: &str,
    names: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    pick(&text, what, names).map_err(D::Error::custom)
}

fn pick<T: Copy>(text: &str, what: &str, names: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = names.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let list: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    Err(unknown(what, text, &list))
}

/// "unknown X `y`; did you mean `z`? known: …"
pub(crate) fn unknown(what: &str, text: &str, names: &[&str]) -> String {
    let nearest = names.iter().min_by_key(|name| distance(text, name));
    let hint = nearest.filter(|name| distance(text, name) <= 1 + name.len() / 3);
    let hint = hint.map_or_else(String::new, |name| format!(" did you mean `{name}`?"));
    format!("unknown {what} `{text}`;{hint} known are: {}", names.join(", "))
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = place;
        row[0] = place + 1;
        for (column, theirs) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *theirs);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

fn order<'de, D: Deserializer<'de>>(from: D) -> Result<Order, D::Error> {
    named(from, "order", &[("timed", Order::Timed), ("untimed", Order::Untimed)])
}

fn system<'de, D: Deserializer<'de>>(from: D) -> Result<System, D::Error> {
    named(from, "system", &System::ALL.map(|system| (system.name(), system)))
}

fn outer<'de, D: Deserializer<'de>>(from: D) -> Result<Outer, D::Error> {
    named(from, "outer supervisor", &Outer::ALL.map(|outer| (outer.name(), outer)))
}

fn restart<'de, D: Deserializer<'de>>(from: D) -> Result<RestartName, D::Error> {
    let names = [
        ("never", RestartName::Never),
        ("on-failure", RestartName::OnFailure),
        ("always", RestartName::Always),
    ];
    named(from, "restart policy", &names)
}

/// Reads a string with a parser whose error says what was expected.
fn parsed<'de, D, T, E: Display>(from: D, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn parse_one_span(text: &str) -> Result<Span, String> {
    parse_span(text).ok_or_else(|| format!("`{text}` is no time; expected {SPAN_FORM}, up to 1000 days"))
}

fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
    parsed(from, parse_one_span).map(Some)
}

fn range<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Range>, D::Error> {
    parsed(from, parse_range).map(Some)
}

fn must_range<'de, D: Deserializer<'de>>(from: D) -> Result<Range, D::Error> {
    parsed(from, parse_range)
}

fn range_or_never<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Range>>, D::Error> {
    let parse = |text: &str| match text {
        "never" | "forever" => Ok(None),
        text => parse_range(text).map(Some),
    };
    parsed(from, parse).map(Some)
}

fn reaction<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Reaction>, D::Error> {
    let parse = |text: &str| match text {
        "ignores" => Ok(Reaction::Ignores),
        "fails" => Ok(Reaction::Fails),
        text => parse_range(text)
            .map(Reaction::Obeys)
            .map_err(|error| format!("{error}; or `ignores`, or `fails`")),
    };
    parsed(from, parse).map(Some)
}

fn spanned_span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<Span>>, D::Error> {
    let text = Spanned::<String>::deserialize(from)?;
    let span = parse_one_span(text.get_ref()).map_err(D::Error::custom)?;
    Ok(Some(Spanned::new(text.span(), span)))
}

fn within<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<Within>>, D::Error> {
    let text = Spanned::<String>::deserialize(from)?;
    let within = match text.get_ref().as_str() {
        "unlimited" => Within::Unlimited,
        other => Within::For(
            parse_one_span(other).map_err(|error| D::Error::custom(format!("{error}; or `unlimited`")))?,
        ),
    };
    Ok(Some(Spanned::new(text.span(), within)))
}

fn faults<'de, D: Deserializer<'de>>(from: D) -> Result<Faults, D::Error> {
    let table = std::collections::BTreeMap::<String, u16>::deserialize(from)?;
    let names: Vec<(&str, Fault)> = Fault::ALL.iter().map(|fault| (fault.name(), *fault)).collect();
    let mut faults = Faults::NONE;
    for (name, rate) in table {
        if rate > 1_000 {
            let text = format!("`{name}` strikes {rate} times in a thousand; expected 0 to 1000");
            return Err(D::Error::custom(text));
        }
        faults.set(pick(&name, "fault", &names).map_err(D::Error::custom)?, rate);
    }
    Ok(faults)
}

impl File {
    fn into_scenario(self) -> Result<Scenario, Misfit> {
        check_name(&self.name)?;
        let mut units: Vec<UnitPlan> = Vec::new();
        let mut total = 0_u32;
        for unit in self.unit {
            let start = unit.name.span().start;
            let plan = unit.into_plan(&units)?;
            total = total.saturating_add(plan.count);
            if total > MOST_UNITS {
                return Err((
                    start,
                    format!("with this there are {total} units; at most {MOST_UNITS} are run"),
                ));
            }
            units.push(plan);
        }
        let operators = self
            .operator
            .into_iter()
            .map(|operator| operator.into_operator(&units))
            .collect::<Result<_, _>>()?;
        Ok(Scenario {
            name: self.name.into_inner(),
            about: self.about,
            order: self.order,
            storm: self.storm.unwrap_or(Span::from_secs(60)),
            host: self.host.into_plan()?,
            units,
            operators,
            faults: self.faults,
        })
    }
}

fn check_name(name: &Spanned<String>) -> Result<(), Misfit> {
    let text = name.get_ref();
    let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if text.is_empty() || text.len() > 64 || !text.chars().all(fine) || text == "any" {
        let what = format!(
            "`{text}` cannot be a name; expected 1 to 64 letters, digits, dots, hyphens or underscores, and not `any`"
        );
        return Err((name.span().start, what));
    }
    Ok(())
}

impl HostFile {
    fn into_plan(self) -> Result<HostPlan, Misfit> {
        let usual = HostPlan::default();
        if let Some(none) = self.at_once.as_ref().filter(|count| *count.get_ref() == 0) {
            let what = "at-once is 0, so no unit could ever stop; leave it out for no limit".to_owned();
            return Err((none.span().start, what));
        }
        if let Some(many) = self.clients.as_ref().filter(|count| *count.get_ref() > 100) {
            return Err((many.span().start, format!("{} clients; at most 100 are run", many.get_ref())));
        }
        Ok(HostPlan {
            deadline: self.deadline.unwrap_or(usual.deadline),
            at_once: self.at_once.map(Spanned::into_inner),
            owner_cap: self.owner_cap,
            lease: self.lease.unwrap_or(usual.lease),
            clients: self.clients.map_or(usual.clients, Spanned::into_inner),
            client_takes: self.client_takes.unwrap_or(usual.client_takes),
            row_takes: self.row_takes.unwrap_or(usual.row_takes),
            checkpoint_takes: self.checkpoint_takes.unwrap_or(usual.checkpoint_takes),
            outer: self.outer,
            outer_grace: self.outer_grace,
            outer_known: self.outer_known.unwrap_or(usual.outer_known),
        })
    }
}

impl UnitFile {
    fn into_plan(self, earlier: &[UnitPlan]) -> Result<UnitPlan, Misfit> {
        check_name(&self.name)?;
        let start = self.name.span().start;
        if earlier.iter().any(|unit| unit.name == *self.name.get_ref()) {
            return Err((start, format!("there is a unit named `{}` further up", self.name.get_ref())));
        }
        let usual = self.system.unit(self.name.get_ref());
        if let Some(zero) = self.count.as_ref().filter(|count| *count.get_ref() == 0) {
            return Err((zero.span().start, "a count of 0 is no unit; leave the unit out".to_owned()));
        }
        if let Some(grace) = self.grace.as_ref().filter(|_| self.system != System::Task) {
            let what = "only a task has a grace; the other systems' ladders are what they are".to_owned();
            return Err((grace.span().start, what));
        }
        if let Some(probed) = self.probed.as_ref().filter(|_| self.system != System::Provider) {
            return Err((probed.span().start, "only a provider's container can be probed".to_owned()));
        }
        for on in &self.depends_on {
            if !earlier.iter().any(|unit| unit.name == *on.get_ref()) {
                let names: Vec<&str> = earlier.iter().map(|unit| unit.name.as_str()).collect();
                let what = unknown("unit further up", on.get_ref(), &names);
                return Err((on.span().start, what));
            }
        }
        let restart = self.restart()?;
        Ok(UnitPlan {
            count: self.count.map_or(usual.count, Spanned::into_inner),
            probed: self.probed.map_or(usual.probed, Spanned::into_inner),
            owner: self.owner.unwrap_or(usual.owner),
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
            cancels_itself_after: self.cancels_itself_after.or(usual.cancels_itself_after),
        }
    }
}

/// Every ask, by name, and whether it is about a unit.
pub(super) const ASKS: [(&str, bool); 13] = [
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
            (_, _) => Ask::Crash,
        };
        Ok(Operator { at: self.at, times, ask })
    }
}

fn target(
    unit: Option<Spanned<String>>,
    start: usize,
    ask: &str,
    units: &[UnitPlan],
) -> Result<Target, Misfit> {
    let Some(unit) = unit else {
        return Err((
            start,
            format!("the ask `{ask}` needs a `unit`: a name, name-N for one of several, or `any`"),
        ));
    };
    let place = unit.span().start;
    let name = unit.into_inner();
    if name == "any" {
        return if units.is_empty() {
            Err((place, "there are no units of which one could be meant".to_owned()))
        } else {
            Ok(Target::Any)
        };
    }
    let one_of_several = |plan: &UnitPlan| {
        let number = name.strip_prefix(plan.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
        number.and_then(|number| number.parse().ok()).is_some_and(|number| (1..=plan.count).contains(&number))
            && plan.count > 1
    };
    if units.iter().any(|plan| plan.name == name || one_of_several(plan)) {
        return Ok(Target::Named(name));
    }
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    Err((place, unknown("unit", &name, &names)))
}
