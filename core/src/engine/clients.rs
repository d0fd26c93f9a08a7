//! Attached clients: told that the host shuts down, and disconnected when the work is done.

use super::Engine;
use crate::{
    disposition::{Disposition, Why},
    effect::{Effect, Effects},
    ids::ClientId,
    input::Outcome,
    ladder::Phase,
};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum ClientState {
    #[default]
    Absent,
    Attached,
    /// Being told that the host shuts down.
    Telling,
    /// Told to go, because it could not be told anything else.
    Dropping,
    /// Told to go, because all clients are.
    Leaving,
}

impl Engine {
    pub(super) fn on_client_attached(&mut self, client: ClientId, effects: &mut Effects) -> Disposition {
        let place = usize::from(client.0);
        if self.clients.len() <= place {
            self.clients.resize(place + 1, ClientState::Absent);
        }
        if self.clients[place] != ClientState::Absent {
            return Disposition::Refused(Why::NumberTaken);
        }
        self.clients[place] = ClientState::Attached;
        if self.shutdown.is_on() {
            // Whoever is accepted this late is in time to hear it, and leaves with the others.
            self.tell(client, effects);
            if self.clients_must_go() {
                self.disconnect(client, effects);
            }
        }
        Disposition::Applied
    }

    fn clients_must_go(&self) -> bool {
        let rungs = self.plan.shutdown.rungs();
        let phase = self.shutdown.phase;
        let at = |phase| rungs.iter().position(|rung| rung.action == phase);
        match (phase.and_then(at), at(Phase::DisconnectClients)) {
            (Some(present), Some(disconnect)) => present >= disconnect,
            (None, _) => true,
            (Some(_), None) => false,
        }
    }

    pub(super) fn tell_clients(&mut self, effects: &mut Effects) {
        for client in self.client_ids() {
            if self.clients[usize::from(client.0)] == ClientState::Attached {
                self.tell(client, effects);
            }
        }
    }

    fn tell(&mut self, client: ClientId, effects: &mut Effects) {
        self.clients[usize::from(client.0)] = ClientState::Telling;
        effects.push(Effect::Tell { client, by: self.shutdown.budget.ends() });
        if self.shutdown.phase == Some(Phase::Notify) {
            self.shutdown.waiting += 1;
        }
    }

    pub(super) fn disconnect_clients(&mut self, effects: &mut Effects) {
        for client in self.client_ids() {
            match self.clients[usize::from(client.0)] {
                ClientState::Absent | ClientState::Leaving => {}
                ClientState::Attached | ClientState::Telling | ClientState::Dropping => {
                    self.disconnect(client, effects);
                }
            }
        }
    }

    fn disconnect(&mut self, client: ClientId, effects: &mut Effects) {
        let asked = self.clients[usize::from(client.0)] == ClientState::Dropping;
        self.clients[usize::from(client.0)] = ClientState::Leaving;
        if !asked {
            effects.push(Effect::Disconnect { client });
        }
        if self.shutdown.phase == Some(Phase::DisconnectClients) {
            self.shutdown.waiting += 1;
        }
    }

    pub(super) fn on_client_told(
        &mut self,
        client: ClientId,
        outcome: Outcome,
        effects: &mut Effects,
    ) -> Disposition {
        let Some(state) = self.clients.get_mut(usize::from(client.0)) else {
            return Disposition::Refused(Why::UnknownClient);
        };
        if *state != ClientState::Telling {
            return Disposition::Ignored(Why::StaleStep);
        }
        match outcome {
            Outcome::Done => *state = ClientState::Attached,
            Outcome::Failed => {
                *state = ClientState::Dropping;
                effects.push(Effect::Disconnect { client });
            }
        }
        if self.shutdown.phase == Some(Phase::Notify) {
            self.shutdown.one_less();
        }
        Disposition::Applied
    }

    pub(super) fn on_client_left(&mut self, client: ClientId) -> Disposition {
        let Some(state) = self.clients.get_mut(usize::from(client.0)) else {
            return Disposition::Refused(Why::UnknownClient);
        };
        let before = core::mem::take(state);
        match (before, self.shutdown.phase) {
            (ClientState::Absent, _) => return Disposition::Ignored(Why::UnknownClient),
            (ClientState::Telling, Some(Phase::Notify))
            | (ClientState::Leaving, Some(Phase::DisconnectClients)) => self.shutdown.one_less(),
            (
                ClientState::Attached | ClientState::Telling | ClientState::Dropping | ClientState::Leaving,
                _,
            ) => {}
        }
        Disposition::Applied
    }

    fn client_ids(&self) -> impl Iterator<Item = ClientId> + use<> {
        (0..=u16::MAX).take(self.clients.len()).map(ClientId)
    }
}
