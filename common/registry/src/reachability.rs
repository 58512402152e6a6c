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
    /// Whether the last probe got an unusable response.
    is_probe_refused: bool,
    /// How many calls got a usable response.
    calls: u64,
}

/// A probe that failed.
#[derive(Debug)]
pub(crate) struct FailedProbe {
    pub reason: String,
    /// Whether something responded.
    pub got_response: bool,
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
            // Where only some requests fail, it would seem to come and go with every call.
            return if self.is_probe_refused { None } else { self.set(None) };
        };
        // A request that a registry which responds does not grant is the caller's to report.
        if self.is_probe_fine && !outage.is_silence() {
            return None;
        }
        self.set(Some(outage.to_string()))
    }

    /// Takes in the result of a probe, which began after that many calls. One that failed while a call succeeded says nothing.
    pub fn on_probe(&mut self, probed: Result<(), FailedProbe>, calls: u64) -> Option<Change> {
        if probed.is_err() && self.calls != calls {
            return None;
        }
        self.is_probe_fine = probed.is_ok();
        self.is_probe_refused = probed.as_ref().is_err_and(|failed| failed.got_response);
        self.set(probed.err().map(|failed| failed.reason))
    }

    /// Takes in that a probe showed nothing: what calls show counts.
    pub fn on_inconclusive_probe(&mut self) {
        (self.is_probe_fine, self.is_probe_refused) = (false, false);
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

    fn failed(reason: &str) -> Result<(), FailedProbe> {
        Err(FailedProbe {
            reason: reason.to_owned(),
            got_response: false,
        })
    }

    fn refused() -> Result<(), FailedProbe> {
        Err(FailedProbe {
            reason: "status 500".to_owned(),
            got_response: true,
        })
    }

    #[test]
    fn an_outage_is_reported_once_and_so_is_its_end() {
        let mut state = ReachabilityState::default();
        assert_eq!(state.on_probe(failed("refused"), 0), Some(Change::Lost));
        assert_eq!(state.on_probe(failed("timed out"), 0), None);
        assert_eq!(state.on_call(Some(&silent())), None);
        assert_eq!(
            (state.get(), state.reason()),
            (Reachability::Disconnected, Some("refused"))
        );
        assert_eq!(state.on_probe(Ok(()), 0), Some(Change::Back));
        assert_eq!(state.on_call(None), None);
        assert_eq!((state.get(), state.reason()), (Reachability::Connected, None));
    }

    #[test]
    fn a_first_response_is_no_news() {
        assert_eq!(ReachabilityState::default().on_call(None), None);
        assert_eq!(ReachabilityState::default().on_probe(Ok(()), 0), None);
    }

    #[test]
    fn a_refusal_of_a_registry_that_responds_to_probes_is_no_outage() {
        let mut state = ReachabilityState::default();
        assert_eq!(
            state.on_call(Some(&denied())),
            Some(Change::Lost),
            "nothing is known yet"
        );
        assert_eq!(state.on_probe(Ok(()), 0), Some(Change::Back));
        assert_eq!(state.on_call(Some(&denied())), None);
        assert_eq!(state.get(), Reachability::Connected);
        assert_eq!(state.on_call(Some(&silent())), Some(Change::Lost));
    }

    #[test]
    fn a_slow_probe_beside_a_call_that_succeeds_is_no_outage() {
        let mut state = ReachabilityState::default();
        let began_after = state.calls();
        state.on_call(None);
        assert_eq!(state.on_probe(failed("timed out"), began_after), None);
        assert_eq!(state.get(), Reachability::Connected);
    }

    #[test]
    fn a_registry_that_fails_at_some_requests_does_not_come_and_go() {
        let mut state = ReachabilityState::default();
        state.on_probe(Ok(()), 0);
        assert_eq!(state.on_probe(refused(), 0), Some(Change::Lost));
        for calls in 1..4 {
            assert_eq!(state.on_call(None), None);
            assert_eq!(state.get(), Reachability::Disconnected);
            assert_eq!(state.on_probe(refused(), calls), None);
        }
        assert_eq!(state.on_probe(Ok(()), 3), Some(Change::Back));
    }

    #[test]
    fn a_call_ends_an_outage_in_which_nothing_responded() {
        let mut state = ReachabilityState::default();
        assert_eq!(state.on_probe(refused(), 0), Some(Change::Lost));
        assert_eq!(state.on_probe(failed("refused"), 0), None);
        assert_eq!(state.on_call(None), Some(Change::Back));
    }

    #[test]
    fn calls_show_what_a_probe_does_not() {
        let mut state = ReachabilityState::default();
        state.on_probe(Ok(()), 0);
        state.on_inconclusive_probe();
        assert_eq!(state.on_call(Some(&denied())), Some(Change::Lost));
        assert_eq!(state.on_call(None), Some(Change::Back));
    }
}
