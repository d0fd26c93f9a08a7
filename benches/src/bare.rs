//! The floor: the workload of `stop-storm` as a bare event loop, with a binary heap and a match and
//! nothing else: no engine, no claims, no trace, no faults. A ratio to it means something on any machine.

use std::{cmp::Reverse, collections::BinaryHeap};

use winddown_sim::{chooser::Label, entropy::Stream};

const WORKERS: usize = 10;
const CLIENTS: u32 = 3;
const SECOND: u64 = 1_000_000_000;
const MILLI: u64 = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bare {
    Finds(usize),
    Stops,
    Ends(usize),
    Written(usize),
    ShutsDown,
    Told,
    Paused,
    Saved(usize),
    Left,
    Wound,
}

#[expect(
    clippy::too_many_lines,
    clippy::needless_range_loop,
    reason = "a loop with nothing around it is the point: no function, no table, no trait"
)]
/// One run of the bare loop. Gives the findings lost, which is 0.
#[must_use]
pub fn bare(seed: u64) -> u64 {
    let mut dice = Stream::new(seed, Label::Bodies);
    let mut heap = BinaryHeap::with_capacity(32);
    let mut planned = 0_u32;
    let mut plan = |heap: &mut BinaryHeap<_>, at: u64, what: Bare| {
        planned += 1;
        heap.push(Reverse((at, planned, what)));
    };
    let (mut alive, mut stopping) = ([true; WORKERS], [false; WORKERS]);
    let (mut found, mut saved) = ([0_u64; WORKERS], [0_u64; WORKERS]);
    let (mut down, mut told, mut left, mut paused, mut to_save) = (false, 0, 0, 0, 0_u64);
    let mut wound = 0;
    for worker in 0..WORKERS {
        plan(&mut heap, SECOND + dice.below(368 * SECOND), Bare::Finds(worker));
    }
    for _ in 0..5 {
        plan(&mut heap, dice.below(400 * SECOND), Bare::Stops);
    }
    plan(&mut heap, dice.below(600 * SECOND), Bare::ShutsDown);
    while let Some(Reverse((now, _, what))) = heap.pop() {
        match what {
            Bare::Finds(worker) if alive[worker] && !stopping[worker] => {
                found[worker] += 1;
                plan(&mut heap, now + SECOND + dice.below(368 * SECOND), Bare::Finds(worker));
            }
            Bare::Stops if !down => {
                let worker = usize::try_from(dice.below(WORKERS as u64)).unwrap_or_default();
                if alive[worker] && !stopping[worker] {
                    stopping[worker] = true;
                    plan(&mut heap, now + dice.below(50 * MILLI), Bare::Ends(worker));
                    plan(&mut heap, now + dice.below(5 * MILLI), Bare::Written(worker));
                }
            }
            Bare::Finds(_) | Bare::Stops => {}
            Bare::Ends(worker) => alive[worker] = false,
            Bare::Written(worker) => saved[worker] = found[worker],
            Bare::ShutsDown => {
                down = true;
                for _ in 0..CLIENTS {
                    plan(&mut heap, now + dice.below(100 * MILLI), Bare::Told);
                }
            }
            Bare::Told => {
                told += 1;
                for worker in 0..if told == CLIENTS { WORKERS } else { 0 } {
                    if alive[worker] && !stopping[worker] {
                        stopping[worker] = true;
                        to_save += 1;
                        plan(&mut heap, now + dice.below(50 * MILLI), Bare::Paused);
                    }
                }
            }
            Bare::Paused => {
                paused += 1;
                for worker in 0..if paused == to_save { WORKERS } else { 0 } {
                    if alive[worker] {
                        plan(&mut heap, now + 5 * MILLI, Bare::Saved(worker));
                    }
                }
            }
            Bare::Saved(worker) => {
                saved[worker] = found[worker];
                to_save -= 1;
                for _ in 0..if to_save == 0 { CLIENTS } else { 0 } {
                    plan(&mut heap, now + dice.below(100 * MILLI), Bare::Left);
                }
            }
            Bare::Left => {
                left += 1;
                if left == CLIENTS {
                    plan(&mut heap, now + dice.below(2 * MILLI), Bare::Wound);
                }
            }
            Bare::Wound => {
                // Close the listener, unlink the socket, remove the PID file.
                wound += 1;
                if wound == 3 {
                    break;
                }
                plan(&mut heap, now + dice.below(2 * MILLI), Bare::Wound);
            }
        }
    }
    found.iter().zip(saved).map(|(found, saved)| found - saved.min(*found)).sum()
}
