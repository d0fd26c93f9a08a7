//! What makes exhaustive exploration sound: states with equal keys behave alike.

use std::collections::BTreeMap;

use winddown_core::Span;
use winddown_sim::{
    chooser::{Chooser, Label, Random},
    explore::{Choice, Model, Scope, State, Witness},
    scenario::System,
};

/// What may follow a state: a key for each choice, or nothing for one that breaks a claim.
type Behaviour = Vec<Option<u64>>;

/// A small scope with some of everything.
const SMALL: Scope = Scope { units: 2, stops: 1, findings: 1, ..Scope::REFERENCE };

fn behaviour(model: &Model, state: &State, key: &impl Fn(&State) -> u64) -> Behaviour {
    let mut menu = Vec::new();
    state.menu(&mut menu);
    let mut next = model.root();
    let mut follow = |choice: &Choice| {
        next.copy_from(state);
        next.take(model.setup(), *choice, &mut Witness::default()).is_ok().then(|| key(&next))
    };
    let mut behaviour: Behaviour = menu.iter().map(&mut follow).collect();
    behaviour.sort_unstable();
    behaviour
}

/// Walks at random, without leaving out what was seen before, and with idle time in between. Gives how
/// many states were met again, and how many of these did not behave as the first one with their key.
fn unlike(model: &Model, walks: u64, key: impl Fn(&State) -> u64) -> (u64, u64) {
    let mut known: BTreeMap<u64, Behaviour> = BTreeMap::new();
    let (mut again, mut unlike) = (0, 0);
    let mut menu = Vec::new();
    for seed in 0..walks {
        let mut dice = Random::new(seed);
        let mut state = model.root();
        loop {
            state.menu(&mut menu);
            if menu.is_empty() {
                break;
            }
            let behaviour = behaviour(model, &state, &key);
            match known.get(&key(&state)) {
                Some(first) => {
                    again += 1;
                    unlike += u64::from(*first != behaviour);
                }
                None => drop(known.insert(key(&state), behaviour)),
            }
            let place = usize::try_from(dice.choose(Label::Crash, menu.len() as u64 - 1)).unwrap();
            if state.take(model.setup(), menu[place], &mut Witness::default()).is_err() {
                break;
            }
            // What is left of time counts, and not how late it is: where nothing is due, nothing changes.
            if state.engine().next_deadline().is_none() {
                state.idle(Span::from_secs(dice.choose(Label::Crash, 3)));
            }
        }
    }
    (again, unlike)
}

#[test]
fn equal_keys_behave_alike() {
    for system in System::ALL {
        let scope = Scope { system, stops: 2, failures: 1, signals: 1, ..SMALL };
        let (again, unlike) = unlike(&Model::new(scope).unwrap(), 1_500, |state| state.key(true));
        assert!(again > 2_000, "{system:?}: only {again} states were met again");
        assert_eq!(unlike, 0, "{system:?}: of {again} states that were met again");
    }
}

/// The test above would see a key that leaves something out.
#[test]
fn a_key_that_leaves_something_out_is_found_out() {
    let engine_only = |state: &State| {
        let mut key = 0_u64;
        let mut add = |word: u64| key = (key ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        // All it leaves out is what is on its way, and what may still be asked for.
        state.engine().visit_state(state.now(), &mut add);
        key
    };
    let (_, unlike) = unlike(&Model::new(SMALL).unwrap(), 200, engine_only);
    assert!(unlike > 0);
}

/// All claims, in every state of a small scope in which one thing fails; and calm leads from each to the exit.
#[test]
fn nothing_is_broken_in_any_state_of_small_scopes() {
    for system in System::ALL {
        let found = Model::new(Scope { system, findings: 0, failures: 1, ..SMALL }).unwrap().explore(
            u32::MAX,
            2,
            &(),
        );
        let breach = found.counterexample.and_then(|told| told.breach);
        assert_eq!(breach, None, "{system:?}");
        assert!(found.exhausted && found.states > 10_000, "{system:?}: {} states", found.states);
    }
}

#[test]
fn how_many_threads_there_are_changes_nothing() {
    let model = Model::new(SMALL).unwrap();
    let figures = |jobs| {
        let found = model.explore(u32::MAX, jobs, &());
        assert!(found.exhausted && found.counterexample.is_none() && found.open == 0, "{found:?}");
        (found.states, found.transitions, found.levels, found.coverage, found.table_bytes)
    };
    let alone = figures(1);
    assert_eq!(alone, figures(2));
    assert_eq!(alone, figures(7));
}

/// Taking identical units for one another finds the same with fewer states: never less than one for each
/// order of the units.
#[test]
fn symmetry_leaves_nothing_out() {
    let explore = |model: Model| model.explore(u32::MAX, 2, &());
    let with = explore(Model::new(SMALL).unwrap());
    let without = explore(Model::new(SMALL).unwrap().without_symmetry());
    assert_eq!((with.coverage, with.depth), (without.coverage, without.depth));
    assert!(with.exhausted && without.exhausted);
    assert!(with.states < without.states && without.states <= 2 * with.states);
}

/// What was foreseen is what comes: with every choice of every state tried, it is the same.
#[test]
fn foresight_leaves_nothing_out() {
    let of = |system| Scope { system, findings: 0, delays: 0, failures: 1, ..SMALL };
    for scope in System::ALL.map(of).into_iter().chain([SMALL]) {
        let figures = |model: Model| {
            let found = model.explore(u32::MAX, 2, &());
            assert!(found.exhausted && found.counterexample.is_none() && found.open == 0, "{found:?}");
            (found.states, found.transitions, found.levels, found.coverage)
        };
        let model = || Model::new(scope).unwrap();
        assert_eq!(figures(model()), figures(model().without_foresight()), "{scope:?}");
    }
}

#[test]
fn a_way_can_be_walked_again_and_one_of_another_scope_is_refused() {
    let model = Model::new(SMALL).unwrap();
    let told = model.follow(&[0, 1, 0]).unwrap();
    assert_eq!((told.way.as_slice(), &told.breach), ([0, 1, 0].as_slice(), &None));
    assert_eq!(model.follow(&[0, 1, 0]).unwrap().story, told.story);
    let error = model.follow(&[0, 250]).unwrap_err();
    assert_eq!(error.number, 1);
}

#[test]
fn a_scope_that_is_cut_off_says_so() {
    let found = Model::new(SMALL).unwrap().explore(4, 2, &());
    assert!(!found.exhausted && found.open > 0 && found.depth == 4, "{found:?}");
}
