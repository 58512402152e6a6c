//! A counter for each code of rejected records; all of them exist from startup on.

use metrics::{Counter, counter};
use orderlog_contract::rejection::Code;

/// One counter for each code.
#[derive(Clone)]
pub struct CodeCounters([Counter; Code::ALL.len()]);

impl CodeCounters {
    /// The counters of that metric and service.
    pub fn new(metric: &'static str, service: &'static str) -> Self {
        Self(Code::ALL.map(|code| counter!(metric, "service" => service, "code" => code.as_str())))
    }

    /// Counts one rejection with that code.
    pub fn count(&self, code: Code) {
        if let Some(counter) = self.0.get(code as usize) {
            counter.increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_counter() {
        for (n, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, n);
        }
    }
}
