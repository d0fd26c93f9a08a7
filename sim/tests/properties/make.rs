//! Scenarios of all sorts. Each part has its own strategy, and shrinks by itself: to fewer units and
//! operators, no faults, round times, what is usual, and mild answers.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select};
use winddown_core::{Action, Ladder, Otherwise, Patience, Restart, Rung, Span, Within};
use winddown_sim::{
    chooser::{Label, Tape},
    fault::{Fault, Faults},
    scenario::{
        Ask, BodyPlan, Expectation, HostPlan, Operator, Order, Outer, Range, Reaction, Scenario, System,
        Target, UnitPlan,
    },
    shrink::Recording,
};

use crate::case::Case;

/// Answers that are not mild are at the beginnings of the tapes, at most so many for each part of the world.
const ANSWERS_MAX: usize = 120;

/// A scenario in which anything may go wrong, and answers.
pub(crate) fn case() -> BoxedStrategy<Case> {
    (scenario(), tape()).prop_map(|(scenario, tape)| Case(Recording { scenario, tape })).boxed()
}

/// The same; everything goes down as its contract says.
pub(crate) fn contracts_case() -> BoxedStrategy<Case> {
    case()
        .prop_map(|mut case| {
            case.0.scenario.units.iter_mut().for_each(|unit| unit.ladder = None);
            case
        })
        .boxed()
}

/// The same as the first; every body finds something now and then, and waits until that is durable.
pub(crate) fn finding_case() -> BoxedStrategy<Case> {
    case()
        .prop_map(|mut case| {
            for unit in &mut case.0.scenario.units {
                unit.body.finds_every.get_or_insert(Range::exactly(Span::from_secs(1)));
                unit.body.durable = true;
            }
            case
        })
        .boxed()
}

/// A scenario in which everybody does exactly as its text says, and every answer is mild.
pub(crate) fn calm_case() -> BoxedStrategy<Case> {
    scenario()
        .prop_map(|scenario| {
            let scenario = Scenario { faults: Faults::NONE, order: Order::Timed, ..scenario };
            Case(Recording { scenario, tape: Tape::default() })
        })
        .boxed()
}

/// Any scenario: 1 to 8 units of mixed systems.
pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    (order(), 1..=40_u64, host(), vec(unit(), 1..=4), vec(operator(), 0..=8), faults()).prop_map(
        |(order, storm, host, units, operators, faults)| {
            let mut made: Vec<UnitPlan> = Vec::new();
            for (number, unit) in units.into_iter().enumerate() {
                let unit = unit.named(number, &made);
                made.push(unit);
            }
            let operators = operators.into_iter().map(|operator| operator.aimed(&made)).collect();
            Scenario {
                name: "property".to_owned(),
                about: String::new(),
                order,
                storm: Span::from_secs(storm),
                host,
                units: made,
                operators,
                faults,
                expect: Expectation::default(),
            }
        },
    )
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![3 => Just(Order::Timed), 1 => Just(Order::Untimed)]
}

/// Times on a coarse grid meet in the same instant more often than by accident.
pub(crate) fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => (0..=80_u64).prop_map(|halves| Span::from_millis(halves * 500)),
        1 => (0..=8_000_u64).prop_map(Span::from_millis),
    ]
}

pub(crate) fn range() -> impl Strategy<Value = Range> {
    prop_oneof![
        3 => span().prop_map(Range::exactly),
        1 => (span(), span()).prop_map(|(one, other)| Range::new(one.min(other), one.max(other))),
    ]
}

/// A body that ends or finds something sooner than this, again and again, would fill a run with nothing else.
fn at_least(range: Range, shortest: Span) -> Range {
    Range::new(range.min.max(shortest), range.max.max(shortest))
}

fn reaction() -> impl Strategy<Value = Reaction> {
    prop_oneof![
        4 => range().prop_map(Reaction::Obeys),
        1 => Just(Reaction::Ignores),
        1 => Just(Reaction::Fails),
    ]
}

/// As usual, or another.
fn other_reaction() -> impl Strategy<Value = Option<Reaction>> {
    option::weighted(0.3, reaction())
}

fn host() -> impl Strategy<Value = HostPlan> {
    let limits =
        (option::weighted(0.3, span()), option::weighted(0.3, 1..=3_u16), option::weighted(0.2, 1..=3_u32));
    let clients = (any::<bool>(), 0..=3_u16, 0..=3_u16, option::weighted(0.2, range()), any::<bool>());
    let writes = (option::weighted(0.2, range()), option::weighted(0.2, range()));
    let outer = (select(&Outer::ALL[..]), option::weighted(0.3, span()), any::<bool>());
    (limits, clients, writes, outer).prop_map(|(limits, clients, writes, outer)| {
        let usual = HostPlan::default();
        HostPlan {
            deadline: limits.0.unwrap_or(usual.deadline),
            at_once: limits.1,
            owner_cap: limits.2,
            lease: clients.0,
            running: clients.4,
            clients: clients.1,
            broken_clients: clients.2.min(clients.1),
            client_takes: clients.3.unwrap_or(usual.client_takes),
            row_takes: writes.0.unwrap_or(usual.row_takes),
            checkpoint_takes: writes.1.unwrap_or(usual.checkpoint_takes),
            outer: outer.0,
            outer_grace: outer.1.filter(|_| outer.0 != Outer::None),
            outer_known: !outer.2 || outer.0 == Outer::None,
        }
    })
}

/// A unit that has no name yet, and depends on earlier ones by number.
#[derive(Clone, Debug)]
struct Unnamed {
    plan: UnitPlan,
    depends_on: Vec<usize>,
}

impl Unnamed {
    fn named(self, number: usize, earlier: &[UnitPlan]) -> UnitPlan {
        let name =
            format!("{}-{}", self.plan.system.name(), char::from(b'a' + u8::try_from(number).unwrap()));
        let places: BTreeSet<usize> =
            self.depends_on.iter().filter_map(|on| on.checked_rem(earlier.len())).collect();
        let depends_on = places.into_iter().map(|place| earlier[place].name.clone()).collect();
        UnitPlan { name, depends_on, ..self.plan }
    }
}

fn unit() -> impl Strategy<Value = Unnamed> {
    let depends_on = prop_oneof![3 => Just(Vec::new()), 2 => vec(0..8_usize, 1..=3)];
    let place = (select(&System::ALL[..]), 1..=2_u32, 0..=1_u16, depends_on);
    let times = (option::weighted(0.2, span()), option::weighted(0.2, span()), option::weighted(0.3, span()));
    let starts = prop_oneof![
        4 => Just(Some(Range::exactly(Span::ZERO))),
        1 => range().prop_map(Some),
        1 => Just(None),
    ];
    let down = (any::<bool>(), option::weighted(0.15, ladder()));
    (place, restart(), times, starts, down, body()).prop_map(
        |(place, restart, times, starts, (probed, ladder), body)| {
            let system = place.0;
            let usual = system.unit("");
            let plan = UnitPlan {
                count: place.1,
                probed: probed && system == System::Provider && ladder.is_none(),
                owner: place.2,
                restart,
                run_budget: times.0,
                start_patience: times.1,
                grace: times.2.filter(|_| system == System::Task && ladder.is_none()).unwrap_or(usual.grace),
                ladder,
                starts,
                body: body.of(usual.body),
                ..usual
            };
            Unnamed { plan, depends_on: place.3 }
        },
    )
}

/// A ladder of somebody's own: any rungs in any order.
fn ladder() -> impl Strategy<Value = Ladder<Action>> {
    let patience = prop_oneof![4 => span().prop_map(Patience::For), 1 => Just(Patience::Rest)];
    let rung = (select(&Action::ALL[..]), patience, any::<bool>(), any::<bool>(), span());
    let rung = rung.prop_map(|(action, patience, always, force, grace)| {
        let longest = if let Patience::For(span) = patience { span } else { grace };
        let action = match action {
            Action::Terminate { .. } => Action::Terminate { grace: grace.min(longest) },
            other => other,
        };
        let otherwise = if force { Otherwise::Force } else { Otherwise::Next };
        Rung { action, patience, always, otherwise }
    });
    let last = select(vec![Action::Kill, Action::Abort, Action::Remove]);
    let rungs =
        (vec(rung, 0..=3), last, span(), 0..4_usize).prop_map(|(mut rungs, last, patience, place)| {
            // One of them ends it in any case.
            rungs.insert(place.min(rungs.len()), Rung::new(last, patience));
            rungs
        });
    (rungs, option::weighted(0.5, span()), span()).prop_map(|(rungs, budget, other)| {
        let rest = rungs.iter().any(|rung| rung.patience == Patience::Rest);
        Ladder::of_unit(rungs, budget.or_else(|| rest.then_some(other)))
    })
}

fn restart() -> impl Strategy<Value = Restart> {
    let shortest = Span::from_millis(500);
    prop_oneof![
        2 => Just(Restart::Never),
        1 => (0..=3_u16, span(), span()).prop_map(|(limit, one, other)| Restart::OnFailure {
            limit,
            backoff: one.min(other),
            backoff_max: one.max(other),
        }),
        1 => span().prop_map(move |backoff| Restart::Always { backoff: backoff.max(shortest) }),
    ]
}

/// What a body does otherwise than usual.
#[derive(Clone, Debug)]
struct Habits {
    up_after: Option<Range>,
    lasts: Option<Range>,
    fails: bool,
    finds_every: Option<Range>,
    durable: bool,
    /// On a cancel, SIGTERM, SIGKILL, a pause, a disconnection, a probe, a checkpoint and a removal.
    reactions: [Option<Reaction>; 8],
    cancels_itself_after: Option<Range>,
}

fn body() -> impl Strategy<Value = Habits> {
    let life = (option::weighted(0.2, range()), option::weighted(0.5, range()), any::<bool>());
    let finds = (option::weighted(0.6, range()), any::<bool>());
    let reactions = core::array::from_fn::<_, 8, _>(|_| other_reaction());
    (life, finds, reactions, option::weighted(0.1, range())).prop_map(|(life, finds, reactions, itself)| {
        Habits {
            up_after: life.0,
            lasts: life.1.map(|range| at_least(range, Span::from_millis(500))),
            fails: life.2,
            finds_every: finds.0.map(|range| at_least(range, Span::from_millis(250))),
            durable: finds.1,
            reactions,
            cancels_itself_after: itself,
        }
    })
}

impl Habits {
    fn of(self, usual: BodyPlan) -> BodyPlan {
        let [cancel, terminate, kill, pause, disconnect, probe, checkpoint, remove] = self.reactions;
        BodyPlan {
            up_after: self.up_after.unwrap_or(usual.up_after),
            lasts: self.lasts,
            fails: self.fails,
            finds_every: self.finds_every,
            durable: self.durable,
            on_cancel: cancel.unwrap_or(usual.on_cancel),
            on_terminate: terminate.unwrap_or(usual.on_terminate),
            on_kill: kill.unwrap_or(usual.on_kill),
            on_pause: pause.unwrap_or(usual.on_pause),
            on_disconnect: disconnect.unwrap_or(usual.on_disconnect),
            on_probe: probe.unwrap_or(usual.on_probe),
            on_checkpoint: checkpoint.unwrap_or(usual.on_checkpoint),
            on_remove: remove,
            cancels_itself_after: self.cancels_itself_after,
        }
    }
}

/// An operator who means a unit by number.
#[derive(Clone, Debug)]
struct Unaimed {
    at: Range,
    times: u32,
    ask: Ask,
    unit: usize,
}

impl Unaimed {
    fn aimed(self, units: &[UnitPlan]) -> Operator {
        let mut ask = self.ask;
        if let Some(Target::Named(name)) = ask.target_mut() {
            name.clone_from(&units[self.unit % units.len()].name);
        }
        Operator { at: self.at, times: self.times, ask }
    }
}

fn operator() -> impl Strategy<Value = Unaimed> {
    let times = prop_oneof![4 => Just(1_u32), 1 => 2..=3_u32];
    (range(), times, ask(), 0..8_usize).prop_map(|(at, times, ask, unit)| Unaimed { at, times, ask, unit })
}

pub(crate) fn within() -> impl Strategy<Value = Within> {
    prop_oneof![
        3 => Just(Within::Unset),
        2 => span().prop_map(Within::For),
        1 => Just(Within::Unlimited),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    // Which unit is filled in when they are known.
    let unit = || prop_oneof![4 => Just(Target::Named(String::new())), 1 => Just(Target::Any)];
    prop_oneof![
        6 => (unit(), any::<bool>(), within()).prop_map(|(unit, force, within)| Ask::Stop { unit, force, within }),
        3 => unit().prop_map(Ask::Cancel),
        2 => unit().prop_map(Ask::Restart),
        2 => unit().prop_map(Ask::Start),
        2 => unit().prop_map(Ask::Pause),
        2 => unit().prop_map(Ask::Resume),
        1 => unit().prop_map(Ask::Remove),
        2 => Just(Ask::Terminate),
        1 => Just(Ask::Interrupt),
        1 => Just(Ask::Hangup),
        2 => (any::<bool>(), within()).prop_map(|(hard, within)| Ask::Shutdown { graceful: !hard, within }),
        1 => Just(Ask::OuterStop),
        2 => Just(Ask::Crash),
        1 => Just(Ask::FillDisk),
        1 => Just(Ask::HangDisk),
    ]
}

/// A few faults, each with a rate of its own.
fn faults() -> impl Strategy<Value = Faults> {
    let one = (select(Fault::ALL), select(&[20_u16, 100, 300, 1_000][..]));
    prop_oneof![1 => Just(Vec::new()), 3 => vec(one, 0..=8)].prop_map(|list| {
        let mut faults = Faults::NONE;
        for (fault, rate) in list {
            faults.set(fault, rate);
        }
        faults
    })
}

/// Answers for each part of the world: mild ones, or any.
fn tape() -> impl Strategy<Value = Tape> {
    // No choice of strategies for each of so many answers: that is what takes the time.
    let answer =
        || (any::<u64>(), any::<bool>()).prop_map(|(answer, small)| if small { answer % 2 } else { answer });
    let answers = move || prop_oneof![1 => Just(Vec::new()), 2 => vec(answer(), 0..=ANSWERS_MAX)];
    core::array::from_fn::<_, { Label::ALL.len() }, _>(|_| answers()).prop_map(|lists| Tape(lists).trimmed())
}
