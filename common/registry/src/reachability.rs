//! Whether the registry responds, as its calls and probes show. Pure.

use crate::outage::Outage;

/// Whether the registry responds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reachability {
    /// No request yet.
    #[default]
    Unknown,
    /// It responded.
    Connected,
    /// It did not respond, or not as a registry.
    Disconnected,
}

impl Reachability {
    /// Whether it responded; `None` before the first request.
    pub fn answered(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Connected => Some(true),
            Self::Disconnected => Some(false),
        }
    }
}

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct ReachabilityState {
    now: Reachability,
    /// Why it is disconnected.
    reason: Option<String>,
    /// Whether the last probe succeeded. `false` before the first.
    is_probe_fine: bool,
    /// How many calls got a usable response.
    calls: u64,
}

/// A change that is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It does not respond any more, or has not from the start.
    Lost,
    /// It responds again.
    Back,
}

impl ReachabilityState {
    pub fn get(&self) -> Reachability {
        self.now
    }

    /// Why it is disconnected; `None` while it is not.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How many calls got a usable response.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Takes in the result of a call.
    pub fn on_call(&mut self, outage: Option<&Outage>) -> Option<Change> {
        let Some(outage) = outage else {
            self.calls += 1;
            return self.set(None);
        };
        // A request that a registry which responds does not grant is the caller's to report.
        if self.is_probe_fine && !outage.is_silence() {
            return None;
        }
        self.set(Some(outage.to_string()))
    }

    /// Takes in the result of a probe, which began after that many calls. One that failed while a call succeeded says nothing.
    pub fn on_probe(&mut self, outage: Option<String>, calls: u64) -> Option<Change> {
        if outage.is_some() && self.calls != calls {
            return None;
        }
        self.is_probe_fine = outage.is_none();
        self.set(outage)
    }

    fn set(&mut self, outage: Option<String>) -> Option<Change> {
        let now = if outage.is_none() {
            Reachability::Connected
        } else {
            Reachability::Disconnected
        };
        let before = std::mem::replace(&mut self.now, now);
        if before != Reachability::Disconnected || now != Reachability::Disconnected {
            // The first reason stays: calls and probes word the same one differently.
            self.reason = outage;
        }
        match (before, now) {
            (Reachability::Disconnected, Reachability::Connected) => Some(Change::Back),
            (Reachability::Unknown | Reachability::Connected, Reachability::Disconnected) => Some(Change::Lost),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> Outage {
        Outage::forbidden("read-only".to_owned())
    }

    fn silent() -> Outage {
        Outage::of_addresses(Vec::new())
    }

    #[test]
    fn an_outage_is_reported_once_and_so_is_its_end() {
        let mut state = ReachabilityState::default();
        assert_eq!(state.on_probe(Some("refused".to_owned()), 0), Some(Change::Lost));
        assert_eq!(state.on_probe(Some("timed out".to_owned()), 0), None);
        assert_eq!(state.on_call(Some(&silent())), None);
        assert_eq!(
            (state.get(), state.reason()),
            (Reachability::Disconnected, Some("refused"))
        );
        assert_eq!(state.on_probe(None, 0), Some(Change::Back));
        assert_eq!(state.on_call(None), None);
        assert_eq!((state.get(), state.reason()), (Reachability::Connected, None));
    }

    #[test]
    fn a_first_response_is_no_news() {
        assert_eq!(ReachabilityState::default().on_call(None), None);
        assert_eq!(ReachabilityState::default().on_probe(None, 0), None);
    }

    #[test]
    fn a_refusal_of_a_registry_that_responds_to_probes_is_no_outage() {
        let mut state = ReachabilityState::default();
        assert_eq!(
            state.on_call(Some(&denied())),
            Some(Change::Lost),
            "nothing is known yet"
        );
        assert_eq!(state.on_probe(None, 0), Some(Change::Back));
        assert_eq!(state.on_call(Some(&denied())), None);
        assert_eq!(state.get(), Reachability::Connected);
        assert_eq!(state.on_call(Some(&silent())), Some(Change::Lost));
    }

    #[test]
    fn a_slow_probe_beside_a_call_that_succeeds_is_no_outage() {
        let mut state = ReachabilityState::default();
        let began_after = state.calls();
        state.on_call(None);
        assert_eq!(state.on_probe(Some("timed out".to_owned()), began_after), None);
        assert_eq!(state.get(), Reachability::Connected);
    }
}
