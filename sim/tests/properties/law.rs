//! How a property is tried: how often, with which cases, and what is said when it fails.

use std::{cell::Cell, env, fmt::Debug};

use proptest::{
    strategy::Strategy,
    test_runner::{
        Config, FileFailurePersistence, RngSeed, TestCaseError, TestCaseResult, TestError, TestRunner,
    },
};

/// The environment variable that says how many cases each property is tried with.
const CASES: &str = "WINDDOWN_CASES";

/// A property: its name is the name of its test and of its file of regressions.
pub(crate) struct Law {
    pub(crate) name: &'static str,
    /// Where the seeds of cases that once failed are kept.
    pub(crate) file: &'static str,
    /// How many cases it is tried with unless the environment says otherwise.
    pub(crate) cases: u32,
}

/// A [`Law`] with its file of regressions.
macro_rules! law {
    ($name:literal, $cases:literal) => {
        $crate::law::Law {
            name: $name,
            file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties/regressions/", $name, ".txt"),
            cases: $cases,
        }
    };
}
pub(crate) use law;

impl Law {
    /// Tries it with cases of its own, always the same ones, after those that once failed.
    #[track_caller]
    pub(crate) fn holds<S: Strategy>(&self, cases: &S, test: impl Fn(&S::Value) -> TestCaseResult)
    where
        S::Value: Debug,
    {
        if let Some((reason, case)) = self.failing_case(cases, test) {
            panic!("{}", self.failure(&reason, &case));
        }
    }

    /// Tries it the same way. If it fails: why, and with which case, the smallest one that was found.
    #[track_caller]
    pub(crate) fn failing_case<S: Strategy>(
        &self,
        cases: &S,
        test: impl Fn(&S::Value) -> TestCaseResult,
    ) -> Option<(String, S::Value)>
    where
        S::Value: Debug,
    {
        let config = Config {
            cases: self.cases(),
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(self.file))),
            max_shrink_iters: 100_000,
            rng_seed: RngSeed::Fixed(0),
            ..Config::default()
        };
        match TestRunner::new(config).run(cases, |case| test(&case)) {
            Ok(()) => None,
            Err(TestError::Abort(reason)) => panic!("{} could not be tried: {reason}", self.name),
            Err(TestError::Fail(reason, case)) => Some((reason.to_string(), case)),
        }
    }

    /// The same for a property about what only some cases get to: at least one of five has to.
    #[track_caller]
    pub(crate) fn holds_where_it_applies<S: Strategy>(
        &self,
        cases: &S,
        test: impl Fn(&S::Value) -> Result<bool, TestCaseError>,
    ) where
        S::Value: Debug,
    {
        let applied = Cell::new(0);
        let tried = Cell::new(0);
        self.holds(cases, |case| {
            tried.set(tried.get() + 1);
            applied.set(applied.get() + u32::from(test(case)?));
            Ok(())
        });
        let (applied, tried) = (applied.get(), tried.get());
        assert!(
            applied * 5 >= tried,
            "{} was about {applied} of {tried} cases only: mend the cases",
            self.name
        );
    }

    fn cases(&self) -> u32 {
        let Ok(text) = env::var(CASES) else { return self.cases };
        match text.parse() {
            Ok(cases) if cases > 0 => cases,
            _ => panic!("{CASES} is {text:?}; expected how many cases to try, for example 10000"),
        }
    }

    /// What is said when it fails.
    pub(crate) fn failure(&self, reason: &str, case: &dyn Debug) -> String {
        let name = self.name;
        format!(
            "{name} does not hold\n\n{reason}\n\n\
             the smallest case that was found:\n\n{case:?}\n\n\
             again:   cargo test --package winddown-sim --test properties {name}\n\
             keep:    sim/tests/properties/regressions/{name}.txt\n\
             \x20        has the seed of this case now; commit it together with what mends it\n\
             how to read all this: CONTRIBUTING.md, When a property fails\n"
        )
    }
}
