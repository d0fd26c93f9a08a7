//! A scenario made ready to run: names resolved, the plan built, the engine told about its units.
//!
//! Made once, run as often as wanted: a run copies the engine from here and allocates nothing.

use std::sync::Arc;

use winddown_core::{
    BodyClass, ClientId, Disposition, Effects, Engine, Input, Kind, KindId, Moment, OwnerId, Plan, PlanError,
    Span, UnitId, contracts,
};

use crate::{
    scenario::{Ask, BodyPlan, HostPlan, Order, Outer, Range, Scenario, System, Target, UnitPlan},
    world::Before,
};

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its plan breaks a rule of the engine.
    #[error("the scenario makes a plan that cannot be used: {0}")]
    Plan(#[from] PlanError),
    /// A name stands for nothing.
    #[error("there is no unit named `{0}` in this scenario")]
    UnknownUnit(String),
    /// More than the engine numbers.
    #[error("the scenario has more units or operators than can be numbered")]
    TooMany,
    /// A dependency that the engine does not take.
    #[error("unit `{unit}` cannot depend on `{on}`: name a unit that stands further up")]
    Dependency {
        /// What depends.
        unit: String,
        /// What it would depend on.
        on: String,
    },
}

/// What the world knows about a unit beforehand.
#[derive(Clone, Debug)]
pub struct UnitSetup {
    /// Which of the scenario's unit plans it is of.
    pub plan: usize,
    /// Which one of that plan's units, from 1.
    pub number: u32,
    pub(crate) starts: Option<Range>,
    pub(crate) body: BodyPlan,
    pub(crate) class: BodyClass,
    pub(crate) waits_for_up: bool,
    /// How long it takes at the most until it is down with all that it depends on, one after the other.
    pub(crate) takes: Span,
}

impl UnitSetup {
    /// When it is started in the run. Not then, if it runs already.
    pub(crate) fn starts_later(&self, is_up: bool) -> Option<Range> {
        self.starts.filter(|starts| !(is_up && *starts == Range::exactly(Span::ZERO)))
    }
}

/// Which units an ask is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Aim {
    /// No unit.
    None,
    /// These, each of them.
    These { first: u32, count: u32 },
    /// One of all, drawn.
    Any,
}

#[derive(Clone, Debug)]
pub(crate) struct AskSetup {
    pub(crate) at: Range,
    pub(crate) times: u32,
    pub(crate) ask: Ask,
    pub(crate) aim: Aim,
}

/// A scenario made ready to run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What it was made from.
    pub scenario: Scenario,
    /// The engine's plan.
    pub plan: Arc<Plan>,
    pub(crate) template: Engine,
    pub(crate) units: Vec<UnitSetup>,
    pub(crate) asks: Vec<AskSetup>,
    /// `(unit, on)` for each dependency between units.
    pub(crate) dependencies: Vec<(UnitId, UnitId)>,
    pub(crate) outer_grace: Option<Span>,
    /// What was before the run, if its host is up when it begins.
    pub(crate) before: Option<Arc<Before>>,
}

impl Setup {
    /// Makes a scenario ready.
    ///
    /// # Errors
    /// What in it cannot be run.
    pub fn new(scenario: Scenario) -> Result<Self, SetupError> {
        let outer_grace = scenario.host.outer_grace.or_else(|| scenario.host.outer.grace());
        let plan = Arc::new(plan(&scenario.host, &scenario.units, outer_grace));
        let mut template = Engine::new(Arc::clone(&plan))?;
        let mut units = Vec::new();
        let mut effects = Effects::new();
        for (place, unit) in scenario.units.iter().enumerate() {
            let kind = KindId(u16::try_from(place).map_err(|_| SetupError::TooMany)?);
            for number in 1..=unit.count {
                let id = UnitId(u32::try_from(units.len()).map_err(|_| SetupError::TooMany)?);
                let declared = Input::UnitDeclared { unit: id, kind, owner: OwnerId(unit.owner) };
                let _declared = template.handle(Moment::START, declared, &mut effects);
                units.push(UnitSetup {
                    plan: place,
                    number,
                    starts: unit.starts,
                    body: unit.body,
                    class: plan.kinds[place].body,
                    waits_for_up: unit.start_patience.is_some(),
                    takes: plan.kinds[place].ladder.budget().plus(plan.record_patience),
                });
            }
        }
        let mut setup = Self {
            scenario,
            plan,
            template,
            units,
            asks: Vec::new(),
            dependencies: Vec::new(),
            outer_grace,
            before: None,
        };
        setup.link(&mut effects)?;
        setup.resolve()?;
        if setup.scenario.host.running {
            setup.before = Some(Arc::new(Before::new(&setup)));
        }
        Ok(setup)
    }

    fn link(&mut self, effects: &mut Effects) -> Result<(), SetupError> {
        for place in 0..self.units.len() {
            let unit = UnitId(u32::try_from(place).map_err(|_| SetupError::TooMany)?);
            let mut chain = Span::ZERO;
            let plan = &self.scenario.units[self.units[place].plan];
            for name in &plan.depends_on {
                let (first, count) = self.named(name)?;
                for on in (first..first + count).map(UnitId) {
                    let declared = Input::DependencyDeclared { unit, on };
                    if self.template.handle(Moment::START, declared, effects) != Disposition::Applied {
                        return Err(SetupError::Dependency { unit: plan.name.clone(), on: name.clone() });
                    }
                    self.dependencies.push((unit, on));
                    chain = chain.max(self.units[on.index()].takes);
                }
            }
            self.units[place].takes = self.units[place].takes.plus(chain);
        }
        Ok(())
    }

    fn resolve(&mut self) -> Result<(), SetupError> {
        for operator in &self.scenario.operators {
            let aim = match operator.ask.target() {
                None => Aim::None,
                Some(Target::Any) => Aim::Any,
                Some(Target::Named(name)) => {
                    let (first, count) = self.named(name)?;
                    Aim::These { first, count }
                }
            };
            self.asks.push(AskSetup {
                at: operator.at,
                times: operator.times,
                ask: operator.ask.clone(),
                aim,
            });
        }
        Ok(())
    }

    /// The units with this name: all of a plan's, or one of them by its number.
    fn named(&self, name: &str) -> Result<(u32, u32), SetupError> {
        let mut first = 0;
        for plan in &self.scenario.units {
            if plan.name == name {
                return Ok((first, plan.count));
            }
            let number = name.strip_prefix(plan.name.as_str()).and_then(|rest| rest.strip_prefix('-'));
            let number = number.and_then(|number| number.parse::<u32>().ok());
            if let Some(number) = number.filter(|number| plan.count > 1 && (1..=plan.count).contains(number))
            {
                return Ok((first + number - 1, 1));
            }
            first += plan.count;
        }
        Err(SetupError::UnknownUnit(name.to_owned()))
    }

    /// How many units there are.
    #[must_use]
    pub const fn unit_count(&self) -> usize {
        self.units.len()
    }

    /// What a unit is called.
    #[must_use]
    pub fn unit_name(&self, unit: UnitId) -> String {
        let Some(setup) = self.units.get(unit.index()) else { return format!("unit-{unit}") };
        let plan = &self.scenario.units[setup.plan];
        if plan.count == 1 { plan.name.clone() } else { format!("{}-{}", plan.name, setup.number) }
    }

    /// Which contract a unit follows.
    #[must_use]
    pub fn system(&self, unit: UnitId) -> Option<System> {
        self.units.get(unit.index()).map(|setup| self.scenario.units[setup.plan].system)
    }

    /// All of them, in order.
    pub(crate) fn unit_ids(&self) -> impl Iterator<Item = UnitId> + use<> {
        (0..u32::try_from(self.units.len()).unwrap_or(u32::MAX)).map(UnitId)
    }

    /// The clients that are attached from the start.
    pub(crate) fn clients(&self) -> impl Iterator<Item = ClientId> + use<> {
        (0..self.scenario.host.clients).map(ClientId)
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.scenario.order == Order::Timed
    }
}

fn plan(host: &HostPlan, units: &[UnitPlan], outer_grace: Option<Span>) -> Plan {
    let mut plan = contracts::host(units.iter().map(kind).collect());
    plan.shutdown = if host.lease {
        contracts::leased_shutdown(host.deadline)
    } else {
        contracts::daemon_shutdown_within(host.deadline)
    };
    plan.at_once = host.at_once;
    plan.owner_cap = host.owner_cap;
    plan.outer_grace = outer_grace.filter(|_| host.outer != Outer::None && host.outer_known);
    plan
}

fn kind(unit: &UnitPlan) -> Kind {
    let mut kind = match unit.system {
        System::Container => contracts::container(),
        System::Provider if unit.probed => contracts::provider_probed(),
        System::Provider => contracts::provider(),
        System::Daemon => contracts::engagement(),
        System::Session => contracts::session(),
        System::Task => contracts::task(unit.grace),
    };
    if let Some(ladder) = &unit.ladder {
        kind.ladder = ladder.clone();
    }
    Kind { restart: unit.restart, run_budget: unit.run_budget, start_patience: unit.start_patience, ..kind }
}
