//! The file as it is written: what serde reads, before names are looked up.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use toml::Spanned;
use winddown_core::{BodyClass, Promise};

use crate::{Command, ipc::UnitName};

use super::{
    BodyConfig, Demo, UnitConfig, Wrong,
    kinds::Kinds,
    text::{Count, PatienceText, SpanText},
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub(super) state_dir: Option<PathBuf>,
    pub(super) deadline: Option<Spanned<SpanText>>,
    pub(super) force_within: Option<Spanned<SpanText>>,
    pub(super) outer_grace: Option<Spanned<SpanText>>,
    pub(super) at_once: Option<Count<u16>>,
    pub(super) owner_cap: Option<Count<u32>>,
    pub(super) clients: Option<Count<u16>>,
    #[serde(default)]
    pub(super) journal: bool,
    pub(super) http: Option<HttpText>,
    #[serde(default, rename = "ladder")]
    pub(super) ladders: BTreeMap<Spanned<String>, LadderText>,
    #[serde(default, rename = "kind")]
    pub(super) kinds: BTreeMap<Spanned<String>, KindText>,
    #[serde(default, rename = "unit")]
    units: Vec<UnitText>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table with an address and tokens, written as [http]"
)]
pub(super) struct HttpText {
    pub(super) address: SocketAddr,
    pub(super) tokens: PathBuf,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table with rungs, written as [ladder.NAME]"
)]
pub(super) struct LadderText {
    pub(super) rungs: Spanned<Vec<Spanned<RungText>>>,
    pub(super) budget: Option<SpanText>,
}

#[derive(Clone, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table such as { do = \"kill\", patience = \"2s\" }"
)]
pub(super) struct RungText {
    #[serde(rename = "do")]
    pub(super) action: ActionText,
    pub(super) patience: PatienceText,
    pub(super) grace: Option<SpanText>,
    #[serde(default)]
    pub(super) always: bool,
    #[serde(default)]
    pub(super) or_force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ActionText {
    Probe,
    Pause,
    Checkpoint,
    Disconnect,
    RequestCancel,
    Terminate,
    Kill,
    Abort,
    Remove,
    Forget,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table with a ladder, written as [kind.NAME]"
)]
pub(super) struct KindText {
    pub(super) ladder: Spanned<String>,
    pub(super) body: Option<BodyClass>,
    pub(super) promise: Option<Promise>,
    #[serde(default)]
    pub(super) restart: RestartText,
    pub(super) run_budget: Option<SpanText>,
    pub(super) start_patience: Option<SpanText>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub(super) enum RestartText {
    #[default]
    Never,
    OnFailure {
        limit: Count<u16>,
        backoff: SpanText,
        backoff_max: SpanText,
    },
    Always {
        backoff: SpanText,
    },
}

#[derive(Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table with a name and a kind, written as [[unit]]"
)]
struct UnitText {
    name: Spanned<UnitName>,
    kind: Spanned<String>,
    owner: Option<UnitName>,
    #[serde(default)]
    needs: Vec<Spanned<UnitName>>,
    #[serde(default)]
    start: bool,
    command: Option<Spanned<Vec<String>>>,
    directory: Option<Spanned<PathBuf>>,
    #[serde(default)]
    environment: BTreeMap<Spanned<String>, String>,
    demo: Option<Demo>,
}

impl File {
    /// The units, with every name looked up.
    pub(super) fn units(&self, kinds: &Kinds, folder: &Path) -> Result<Vec<UnitConfig>, Wrong> {
        let mut known = BTreeSet::new();
        let mut units = Vec::with_capacity(self.units.len());
        for text in &self.units {
            let unit = text.unit(kinds, &known, folder)?;
            if !known.insert(unit.name.clone()) {
                let why = format!("a unit is called {:?} already", unit.name.as_str());
                return Err(Wrong::at(text.name.span(), why));
            }
            units.push(unit);
        }
        Ok(units)
    }
}

impl UnitText {
    fn unit(&self, kinds: &Kinds, known: &BTreeSet<UnitName>, folder: &Path) -> Result<UnitConfig, Wrong> {
        let body = self.body(folder)?;
        let Some((kind, policies)) = kinds.find(self.kind.get_ref()) else {
            let why = format!("no kind is called {:?}; there are {}", self.kind.get_ref(), kinds.names());
            return Err(Wrong::at(self.kind.span(), why));
        };
        let wanted = match body {
            BodyConfig::Command(_) => BodyClass::Process,
            BodyConfig::Demo(_) => BodyClass::Task,
        };
        if policies.body != wanted {
            let (is, has) = match wanted {
                BodyClass::Process => ("a command, which is a process", "tasks"),
                BodyClass::Task => ("a demo, which is a task", "processes"),
            };
            let others = kinds.names_for(wanted);
            let why = format!("the unit is {is}, and kind {kind:?} is for {has}; take one of {others}");
            return Err(Wrong::at(self.kind.span(), why));
        }
        for need in &self.needs {
            if !known.contains(need.get_ref()) {
                let why = format!("no unit before this one is called {:?}", need.get_ref().as_str());
                return Err(Wrong::at(need.span(), why));
            }
        }
        Ok(UnitConfig {
            name: self.name.get_ref().clone(),
            kind,
            owner: self.owner.as_ref().map_or_else(|| Arc::from(""), UnitName::shared),
            needs: self.needs.iter().map(|need| need.get_ref().clone()).collect(),
            start: self.start,
            body,
        })
    }

    fn body(&self, folder: &Path) -> Result<BodyConfig, Wrong> {
        match (&self.command, self.demo) {
            (Some(words), None) => self.command(words, folder).map(BodyConfig::Command),
            (None, Some(demo)) => {
                let place = self.directory.as_ref().map(Spanned::span);
                let place = place.or_else(|| self.environment.keys().next().map(Spanned::span));
                match place {
                    None => Ok(BodyConfig::Demo(demo)),
                    Some(span) => {
                        Err(Wrong::at(span, "only a command has a directory and an environment".to_owned()))
                    }
                }
            }
            (Some(_), Some(_)) | (None, None) => {
                let name = self.name.get_ref().as_str();
                let why = format!("unit {name:?} needs either a command or a demo, and not both");
                Err(Wrong::at(self.name.span(), why))
            }
        }
    }

    fn command(&self, words: &Spanned<Vec<String>>, folder: &Path) -> Result<Command, Wrong> {
        let zero = |span, what: &str| Wrong::at(span, format!("{what} cannot have a zero byte"));
        let Some((program, arguments)) =
            words.get_ref().split_first().filter(|(program, _)| !program.is_empty())
        else {
            let why = "the command has no program; write it as [\"program\", \"argument\"]".to_owned();
            return Err(Wrong::at(words.span(), why));
        };
        if words.get_ref().iter().any(|word| word.contains('\0')) {
            return Err(zero(words.span(), "a word of a command"));
        }
        let mut command = Command::new(program).arguments(arguments);
        if let Some(directory) = &self.directory {
            if directory.get_ref().as_os_str().as_encoded_bytes().contains(&0) {
                return Err(zero(directory.span(), "a directory"));
            }
            command = command.directory(folder.join(directory.get_ref()));
        }
        for (name, value) in &self.environment {
            if name.get_ref().is_empty() || name.get_ref().contains(['=', '\0']) {
                let why = "a variable's name is not empty, and has neither '=' nor a zero byte".to_owned();
                return Err(Wrong::at(name.span(), why));
            }
            if value.contains('\0') {
                return Err(zero(name.span(), "the value of a variable"));
            }
            command = command.variable(name.get_ref(), value);
        }
        Ok(command)
    }
}
