//! What a host, a unit and its body are like unless a scenario says otherwise.

use winddown_core::{Restart, Span};

use super::{BodyPlan, HostPlan, Outer, Range, Reaction, System, UnitPlan};
use crate::world::STEP_TAKES;

impl System {
    /// What a body of this system does unless a scenario says otherwise.
    #[must_use]
    pub const fn body(self) -> BodyPlan {
        let at_once = Reaction::Obeys(Range::exactly(Span::ZERO));
        let soon = Reaction::Obeys(Range::new(Span::from_millis(1), Span::from_millis(50)));
        BodyPlan {
            up_after: Range::new(Span::from_millis(1), Span::from_millis(200)),
            lasts: None,
            fails: false,
            finds_every: None,
            durable: false,
            on_cancel: match self {
                Self::Container => at_once,
                Self::Provider | Self::Daemon | Self::Session | Self::Task => soon,
            },
            // A normal `docker stop` takes 1 to 2 s.
            on_terminate: match self {
                Self::Provider => Reaction::Obeys(Range::new(Span::from_secs(1), Span::from_secs(2))),
                Self::Container | Self::Daemon | Self::Session | Self::Task => soon,
            },
            on_kill: soon,
            on_pause: soon,
            // Disconnecting a client with its children takes well under a second when all is well.
            on_disconnect: Reaction::Obeys(Range::new(Span::from_millis(100), Span::from_millis(800))),
            on_probe: Reaction::Obeys(STEP_TAKES),
            on_checkpoint: at_once,
            on_remove: None,
            cancels_itself_after: None,
        }
    }

    /// A unit of this system as it is unless a scenario says otherwise.
    #[must_use]
    pub fn unit(self, name: &str) -> UnitPlan {
        UnitPlan {
            name: name.to_owned(),
            count: 1,
            system: self,
            ladder: None,
            probed: false,
            owner: 0,
            depends_on: Vec::new(),
            restart: Restart::Never,
            run_budget: None,
            start_patience: None,
            grace: Span::from_secs(5),
            starts: Some(Range::exactly(Span::ZERO)),
            body: self.body(),
        }
    }
}

impl Default for HostPlan {
    fn default() -> Self {
        let quick = Range::new(Span::from_micros(200), Span::from_millis(5));
        Self {
            deadline: Span::from_secs(30),
            at_once: None,
            owner_cap: None,
            lease: false,
            running: false,
            clients: 0,
            broken_clients: 0,
            client_takes: Range::new(Span::from_millis(1), Span::from_millis(100)),
            row_takes: quick,
            checkpoint_takes: quick,
            outer: Outer::None,
            outer_grace: None,
            outer_known: true,
        }
    }
}
