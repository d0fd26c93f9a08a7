//! Seeds and scenarios that once broke a claim, with what they found. A seed means the same run as long as
//! the generator and the world do not change; after such a change these are just a few more seeds. A scenario
//! is itself for ever.

use winddown_sim::{
    Setup,
    scenario::Scenario,
    sweep::{Order, Source, Watcher, sweep},
};

/// What was found, and with which seeds.
const FOUND: &[(&str, &[u64])] = &[
    (
        "a repeated checkpoint took the second telling of an earlier answer for its own: exit 0, a finding lost",
        &[108_226, 144_690],
    ),
    ("findings recorded during a checkpoint were acknowledged as part of it", &[97_641, 4_321]),
    ("a process was started before its row was durable, and a crash left it to nobody", &[28, 2_459]),
    ("a stop that found a row still being written was answered as recorded", &[48]),
    ("a shutdown within no time left requests without an answer", &[8_396, 6_488]),
    ("a second signal after a forced, unlimited shutdown changed nothing", &[1_355]),
    ("a unit admitted by the end of another one kept its longer deadline", &[16_350]),
    ("a late exit while the row was written left the row waited for, for ever", &[12_799, 22_481]),
    ("a unit that waited for its dependents spent its own budget waiting", &[95, 11_041]),
    ("a stop of a unit in backoff was answered as stopped while it was pending", &[322_513]),
    ("a body left by an earlier host was forgotten when a later body's end was proved", &[925_609]),
    ("the row of a failed start could be lost when the next start was scheduled", &[5_698]),
    ("a stop within no time waited for the wake-up of the same instant", &[50_130]),
    ("what an earlier host left was taken for what this one left", &[4_340_074]),
    (
        "rare meetings in long sweeps: rewritten rows, late wake-ups, gates that timed out",
        &[
            2_258_327, 3_149_865, 3_185_310, 4_749_535, 5_194_981, 5_350_430, 6_737_306, 8_076_168,
            9_140_748, 9_299_173, 10_098_536, 13_830_345, 14_869_660, 17_545_277, 20_633_261, 21_073_774,
            21_554_737, 22_233_258, 22_579_411, 31_621_945, 39_240_396,
        ],
    ),
    ("a unit that had not come up yet was counted among those that go down at once", &[130_332, 739_048]),
    ("a unit still starting was paused while others were checkpointed already", &[939]),
    ("whoever was held back by a shutdown went together with what depends on it", &[2_740_217]),
    ("a rung that was cut off by the deadline did not count as overrun", &[625_186, 799_253]),
    (
        "rows that are tried again by a shutdown, and starts that come in the same step, were too much for the judge",
        &[59_022_244, 95_247_452],
    ),
    ("a rung that was given up took back that a row was on its way, and it was written again", &[68_532]),
    (
        "ladders of somebody's own, and what the judge had not thought of",
        &[1_507_212, 9_000_120, 17_791_768, 17_888_435, 29_171_694, 41_618_180, 52_854_268, 97_291_506],
    ),
];

/// What was found, in which scenario.
const SCENARIOS: &[(&str, &str)] = &[
    (
        "operators asked a host that was down, and waited for ever",
        r#"
name = "asked-while-down"
storm = "0s"

[[unit]]
name = "task"
system = "task"

[[operator]]
at = "0s"
ask = "crash"

[faults]
asks-anything = 1000
"#,
    ),
    (
        "a host that was stopped right after a crash called leaked what it was ending at that moment",
        r#"
name = "stopped-while-it-looks"
order = "untimed"

[[unit]]
name = "web"
system = "session"

[[operator]]
at = "1s"
ask = "crash"

[[operator]]
at = "2s"
ask = "terminate"
"#,
    ),
    (
        "a unit that ended while it was to hold still kept the others waiting until its row was written",
        r#"
name = "gone-while-it-pauses"
order = "untimed"

[host]
deadline = "3s"

[[unit]]
name = "brief"
system = "task"
[unit.ladder]
budget = "8s"
rungs = [
    { do = "pause", patience = "6s" },
    { do = "abort", patience = "5s" },
]
[unit.body]
lasts = "1s"

[[unit]]
name = "polite"
system = "container"

[[operator]]
at = "0s"
ask = "terminate"
"#,
    ),
    (
        "a pause as long as there is time kept a shutdown without a limit waiting for ever",
        r#"
name = "pauses-for-ever"
storm = "2s"

[[unit]]
name = "deaf"
system = "task"
[unit.ladder]
budget = "6s"
rungs = [
    { do = "pause", patience = "rest" },
    { do = "abort", patience = "1s" },
]
[unit.body]
on-pause = "ignores"

[[operator]]
at = "1s"
ask = "shutdown"
within = "unlimited"

[expect]
within = "10s"
"#,
    ),
    (
        "a second pause of an earlier way down held the pause phase up",
        r#"
name = "pauses-twice"

[[unit]]
name = "twice"
system = "task"
[unit.ladder]
rungs = [
    { do = "pause", patience = "4s" },
    { do = "forget", patience = "1s" },
    { do = "pause", patience = "8s" },
    { do = "abort", patience = "1s" },
]
[unit.body]
on-pause = "2s..4s"

[[unit]]
name = "polite"
system = "daemon"
[unit.body]
on-pause = "0s..1s"

[[operator]]
at = "1s"
ask = "stop"
unit = "twice"

[[operator]]
at = "2s..9s"
ask = "terminate"
"#,
    ),
];

/// The same, found by looking with priorities.
const FOUND_BY_PRIORITIES: &[(&str, &[u64])] = &[
    (
        "the end of what an earlier host left was taken for the end of what this one left, one start later",
        &[14_942],
    ),
    (
        "a unit that ran out of its time in the step that restarted it was judged by how it ended",
        &[47_244_646_253],
    ),
];

struct Nobody;

impl Watcher for Nobody {}

const fn order(source: Source, first: u64, end: u64) -> Order {
    Order { source, first, end, jobs: 2, until_failure: false, check_determinism: true }
}

fn sweep_over(source: Source, first: u64, end: u64) -> winddown_sim::sweep::Campaign {
    sweep(&order(source, first, end), &Nobody).unwrap()
}

#[test]
fn what_was_found_once_stays_mended() {
    for (source, found) in
        [(Source::Generated(None), FOUND), (Source::Prioritized(None), FOUND_BY_PRIORITIES)]
    {
        for (what, seeds) in found {
            for seed in *seeds {
                let campaign = sweep_over(source.clone(), *seed, seed + 1);
                assert_eq!(campaign.breach_count, 0, "{what}: {:?}", campaign.breaches);
            }
        }
    }
}

#[test]
fn what_a_scenario_found_once_stays_mended() {
    for (what, text) in SCENARIOS {
        let setup = Setup::new(Scenario::parse(text).unwrap()).unwrap();
        let source = Source::Fixed(Box::new(setup));
        let campaign = sweep(&order(source, 0, 500), &Nobody).unwrap();
        assert_eq!(campaign.breach_count, 0, "{what}: {:?}", campaign.breaches.first());
    }
}

#[test]
fn a_short_campaign_holds_and_sees_everything() {
    let campaign = sweep_over(Source::Generated(None), 0, 60_000);
    assert_eq!(campaign.breach_count, 0, "{:?}", campaign.breaches.first());
    assert_eq!(campaign.divergences, []);
    assert_eq!(campaign.coverage.unseen().collect::<Vec<_>>(), []);
    let (met, of) = campaign.coverage.pairs();
    assert!(met >= 100, "{met} of {of} pairs of a status and an input");
    for fault in winddown_sim::fault::Fault::ALL {
        assert!(campaign.coverage.has_struck(*fault), "{fault} never struck");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |jobs| {
        let source = Source::Generated(None);
        let order =
            Order { source, first: 500, end: 3_000, jobs, until_failure: false, check_determinism: false };
        let campaign = sweep(&order, &Nobody).unwrap();
        (campaign.hash, campaign.steps, campaign.exits, campaign.coverage)
    };
    assert_eq!(with(1), with(3));
}
