//! A unit's own ladder, as a file has it: in the form in which the daemon's configuration has ladders.

use core::fmt::Write as _;

use serde::Deserialize;
use toml::Spanned;
use winddown_core::{Action, Ladder, Otherwise, Patience, Rung, Span};

use super::{
    file::{pick, spanned_patience, spanned_span},
    text::Misfit,
};

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table with rungs, written as [unit.ladder]"
)]
pub(super) struct LadderFile {
    #[serde(default, deserialize_with = "spanned_span")]
    budget: Option<Spanned<Span>>,
    rungs: Spanned<Vec<RungFile>>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    expecting = "a table such as { do = \"kill\", patience = \"2s\" }"
)]
struct RungFile {
    #[serde(rename = "do")]
    action: Spanned<String>,
    #[serde(deserialize_with = "spanned_patience")]
    patience: Spanned<Patience>,
    #[serde(default, deserialize_with = "spanned_span")]
    grace: Option<Spanned<Span>>,
    #[serde(default)]
    always: bool,
    #[serde(default)]
    or_force: bool,
}

impl LadderFile {
    pub(super) fn into_ladder(self) -> Result<Ladder<Action>, Misfit> {
        let place = self.rungs.span().start;
        let rungs = self.rungs.into_inner().into_iter().map(RungFile::into_rung);
        let rungs = rungs.collect::<Result<Vec<_>, _>>()?;
        let ladder = Ladder::written(rungs, self.budget.map(Spanned::into_inner));
        let ladder = ladder.map_err(|error| (place, error.to_string()))?;
        if !ladder.ends_body() {
            let what = "no rung ends the body when the stop is forced; add one: kill, abort or remove";
            return Err((place, what.to_owned()));
        }
        Ok(ladder)
    }
}

impl RungFile {
    fn into_rung(self) -> Result<Rung<Action>, Misfit> {
        let start = self.action.span().start;
        let actions = Action::ALL.map(|action| (action.name(), action));
        let action = pick(self.action.get_ref(), "action", &actions).map_err(|what| (start, what))?;
        let action = match (action, self.grace) {
            (Action::Terminate { .. }, Some(grace)) => Action::Terminate { grace: grace.into_inner() },
            (Action::Terminate { .. }, None) => {
                let what = "terminate needs a grace: how long until it is killed; \"0s\" for never";
                return Err((start, what.to_owned()));
            }
            (_, Some(grace)) => {
                let what = "only terminate has a grace; how long a rung waits is its patience";
                return Err((grace.span().start, what.to_owned()));
            }
            (action, None) => action,
        };
        let otherwise = if self.or_force { Otherwise::Force } else { Otherwise::Next };
        let place = self.patience.span().start;
        let rung = Rung { action, patience: self.patience.into_inner(), always: self.always, otherwise };
        if rung.cuts_its_grace_short() {
            let what = "this is shorter than the grace, so the next rung would not wait for it";
            return Err((place, what.to_owned()));
        }
        Ok(rung)
    }
}

/// The ladder as a table of a file that reads back as the same one.
pub(super) fn ladder_text(ladder: &Ladder<Action>) -> String {
    let mut text = "[unit.ladder]\n".to_owned();
    let rest = ladder.rungs().iter().any(|rung| rung.patience == Patience::Rest);
    if rest || Ladder::of_unit(ladder.rungs().to_vec(), None).budget() != ladder.budget() {
        let _always_fits = writeln!(text, "budget = \"{}\"", ladder.budget());
    }
    text.push_str("rungs = [\n");
    for Rung { action, patience, always, otherwise } in ladder.rungs() {
        let grace = if let Action::Terminate { grace } = action {
            format!(", grace = \"{grace}\"")
        } else {
            String::new()
        };
        let patience = match patience {
            Patience::For(span) => span.to_string(),
            Patience::Rest => "rest".to_owned(),
        };
        let always = if *always { ", always = true" } else { "" };
        let force = if *otherwise == Otherwise::Force { ", or-force = true" } else { "" };
        let name = action.name();
        let _always_fits =
            writeln!(text, "    {{ do = \"{name}\"{grace}, patience = \"{patience}\"{always}{force} }},");
    }
    text.push_str("]\n");
    text
}

/// The ladder in a line, for people.
pub(crate) fn ladder_words(ladder: &Ladder<Action>) -> String {
    let rungs: Vec<String> = ladder.rungs().iter().map(rung_words).collect();
    format!("{}, {} in all", rungs.join(", "), ladder.budget())
}

fn rung_words(rung: &Rung<Action>) -> String {
    let mut words = rung.action.name().to_owned();
    let mut add = |more: &str| words.push_str(more);
    if let Action::Terminate { grace } = rung.action
        && !grace.is_zero()
    {
        add(&format!(" with a grace of {grace}"));
    }
    match rung.patience {
        Patience::For(span) if span.is_zero() => {}
        Patience::For(span) => add(&format!(" {span}")),
        Patience::Rest => add(" as long as there is time"),
    }
    if rung.always {
        add(" always");
    }
    if rung.otherwise == Otherwise::Force {
        add(" or go on by force");
    }
    words
}
