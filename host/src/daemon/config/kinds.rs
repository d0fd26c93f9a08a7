//! Kinds by name: the contracts' own, and what the file makes of ladders.

use std::{collections::BTreeMap, sync::Arc};

use winddown_core::{Action, BodyClass, Kind, Ladder, Patience, Restart, Rung, Span, contracts};

use super::{
    Wrong,
    file::{ActionText, File, KindText, LadderText, RestartText, RungText},
    text::{PatienceText, SpanText},
};

/// How long a cancelled task has to go by itself before it is dropped, unless a ladder says otherwise.
/// Long enough to finish what it writes, short enough for a person who waits.
const TASK_GRACE: Span = Span::from_secs(5);

/// All kinds that a unit can be of.
pub(super) struct Kinds(BTreeMap<Arc<str>, Kind>);

impl Kinds {
    pub(super) fn new(file: &File) -> Result<Self, Wrong> {
        let contracts = contracts();
        let mut ladders = BTreeMap::new();
        for (name, text) in &file.ladders {
            refuse_taken(&contracts, name, "ladder")?;
            let users = file.kinds.iter().filter(|(_, kind)| kind.ladder.get_ref() == name.get_ref());
            let users: Vec<&str> = users.map(|(kind, _)| kind.get_ref().as_str()).collect();
            ladders.insert(name.get_ref().as_str(), ladder(name.get_ref(), &users, text)?);
        }
        let mut kinds = contracts.clone();
        for (name, text) in &file.kinds {
            refuse_taken(&contracts, name, "kind")?;
            kinds.insert(Arc::from(name.get_ref().as_str()), kind(text, &contracts, &ladders)?);
        }
        Ok(Self(kinds))
    }

    /// What a host says to all of them together. What is wrong with one has been told where it stands.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        let plan = contracts::host(self.0.values().cloned().collect());
        plan.check().map_err(|error| Wrong { span: None, why: format!("the plan cannot be used: {error}") })
    }

    pub(super) fn find(&self, name: &str) -> Option<(Arc<str>, &Kind)> {
        self.0.get_key_value(name).map(|(name, kind)| (Arc::clone(name), kind))
    }

    pub(super) fn all(self) -> Vec<(Arc<str>, Kind)> {
        self.0.into_iter().collect()
    }

    pub(super) fn names(&self) -> String {
        join(self.0.keys().map(AsRef::as_ref))
    }

    pub(super) fn names_for(&self, body: BodyClass) -> String {
        join(self.0.iter().filter(|(_, kind)| kind.body == body).map(|(name, _)| name.as_ref()))
    }
}

fn contracts() -> BTreeMap<Arc<str>, Kind> {
    let all = [
        ("container", contracts::container()),
        ("provider", contracts::provider()),
        ("provider-probed", contracts::provider_probed()),
        ("engagement", contracts::engagement()),
        ("session", contracts::session()),
        ("task", contracts::task(TASK_GRACE)),
        ("graceful", contracts::graceful(TASK_GRACE)),
    ];
    all.into_iter().map(|(name, kind)| (Arc::from(name), kind)).collect()
}

fn refuse_taken(
    contracts: &BTreeMap<Arc<str>, Kind>,
    name: &toml::Spanned<String>,
    what: &str,
) -> Result<(), Wrong> {
    if contracts.contains_key(name.get_ref().as_str()) {
        let why = format!("{:?} is the name of a contract; give the {what} another one", name.get_ref());
        return Err(Wrong::at(name.span(), why));
    }
    Ok(())
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn kind(
    text: &KindText,
    contracts: &BTreeMap<Arc<str>, Kind>,
    ladders: &BTreeMap<&str, Ladder<Action>>,
) -> Result<Kind, Wrong> {
    let name = text.ladder.get_ref().as_str();
    let base = match (contracts.get(name), ladders.get(name)) {
        (Some(contract), _) => contract.clone(),
        (None, Some(ladder)) => Kind { ladder: ladder.clone(), ..contracts::provider() },
        (None, None) => {
            let known = join(contracts.keys().map(AsRef::as_ref).chain(ladders.keys().copied()));
            let why = format!("no ladder is called {name:?}; there are {known}");
            return Err(Wrong::at(text.ladder.span(), why));
        }
    };
    Ok(Kind {
        ladder: base.ladder,
        promise: text.promise.unwrap_or(base.promise),
        body: text.body.unwrap_or(base.body),
        restart: restart(&text.restart),
        run_budget: text.run_budget.map(|span| span.0),
        start_patience: text.start_patience.map(|span| span.0),
    })
}

const fn restart(text: &RestartText) -> Restart {
    match text {
        RestartText::Never => Restart::Never,
        RestartText::OnFailure { limit, backoff, backoff_max } => {
            Restart::OnFailure { limit: limit.0, backoff: backoff.0, backoff_max: backoff_max.0 }
        }
        RestartText::Always { backoff } => Restart::Always { backoff: backoff.0 },
    }
}

/// `users`: the kinds that stop by it.
fn ladder(name: &str, users: &[&str], text: &LadderText) -> Result<Ladder<Action>, Wrong> {
    let wrong = |why: &str| {
        let users: Vec<String> = users.iter().map(|kind| format!("kind {kind:?}")).collect();
        let of = if users.is_empty() { "" } else { " of " };
        Wrong::at(text.rungs.span(), format!("ladder {name:?}{of}{}: {why}", users.join(" and ")))
    };
    let rungs = text.rungs.get_ref().iter().map(rung).collect::<Result<Vec<_>, _>>()?;
    let ladder = Ladder::written(rungs, text.budget.map(|span| span.0));
    let ladder = ladder.map_err(|error| wrong(&error.to_string()))?;
    // Asked of a host that has nothing else, so that what it says is about this ladder.
    let kind = Kind { ladder: ladder.clone(), ..contracts::provider() };
    contracts::host(vec![kind]).check().map_err(|error| wrong(&error.to_string()))?;
    Ok(ladder)
}

fn rung(text: &toml::Spanned<RungText>) -> Result<Rung<Action>, Wrong> {
    let rung = text.get_ref();
    let action = action(rung.action, rung.grace).map_err(|why| Wrong::at(text.span(), why.to_owned()))?;
    let patience = match rung.patience {
        PatienceText::For(span) => Patience::For(span),
        PatienceText::Rest => Patience::Rest,
    };
    let mut made = Rung { patience, always: rung.always, ..Rung::new(action, Span::ZERO) };
    if rung.or_force {
        made = made.or_force();
    }
    if let (true, Action::Terminate { grace }, Patience::For(patience)) =
        (made.cuts_its_grace_short(), made.action, made.patience)
    {
        let why = format!(
            "the grace of {grace} is longer than the patience of {patience}: the next rung would not wait for \
             it; give this one a patience of {grace} at least"
        );
        return Err(Wrong::at(text.span(), why));
    }
    Ok(made)
}

const fn action(text: ActionText, grace: Option<SpanText>) -> Result<Action, &'static str> {
    let action = match (text, grace) {
        (ActionText::Terminate, Some(grace)) => return Ok(Action::Terminate { grace: grace.0 }),
        (ActionText::Terminate, None) => {
            return Err("terminate needs a grace: how long until the process is killed; \"0s\" for never");
        }
        (_, Some(_)) => return Err("only terminate has a grace; how long a rung waits is its patience"),
        (ActionText::Probe, None) => Action::Probe,
        (ActionText::Pause, None) => Action::Pause,
        (ActionText::Checkpoint, None) => Action::Checkpoint,
        (ActionText::Disconnect, None) => Action::Disconnect,
        (ActionText::RequestCancel, None) => Action::RequestCancel,
        (ActionText::Kill, None) => Action::Kill,
        (ActionText::Abort, None) => Action::Abort,
        (ActionText::Remove, None) => Action::Remove,
        (ActionText::Forget, None) => Action::Forget,
    };
    Ok(action)
}
