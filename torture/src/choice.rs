//! Which faults a run injects: `--only` and `--without`.

use crate::faults::{Brokers, Fault, Target};

/// Which faults are injected: those whose kind contains one of `only`, if there are any, and none of `without`.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub only: Vec<String>,
    pub without: Vec<String>,
}

impl Choice {
    /// Whether that fault is injected.
    pub fn takes(&self, fault: &Fault) -> bool {
        let holds = |words: &[String]| words.iter().any(|word| fault.kind().contains(word));
        (self.only.is_empty() || holds(&self.only)) && !holds(&self.without)
    }

    /// Checks that each text selects a fault of a run with that many brokers: a mistyped one would silently select nothing.
    ///
    /// # Errors
    /// A text matches no fault (the error lists the existing ones), or no fault is left.
    pub fn check(&self, brokers: Brokers) -> anyhow::Result<()> {
        let faults = all(brokers);
        let listed = || {
            let kinds = faults.iter().map(|fault| format!("\n  {}", fault.kind()));
            format!(
                "the faults of a run with {} are:{}",
                brokers.name(),
                kinds.collect::<String>()
            )
        };
        for (option, texts) in [("--only", &self.only), ("--without", &self.without)] {
            let unknown = texts
                .iter()
                .find(|text| !faults.iter().any(|fault| fault.kind().contains(*text)));
            if let Some(text) = unknown {
                anyhow::bail!("{option} {text:?} matches no fault; {}", listed());
            }
        }
        anyhow::ensure!(
            faults.iter().any(|fault| self.takes(fault)),
            "--only and --without leave no fault; {}",
            listed()
        );
        Ok(())
    }
}

/// One fault of each kind that a run with that many brokers can inject.
pub fn all(brokers: Brokers) -> Vec<Fault> {
    use Target::{Broker, CartA, CartB, Leader, Order, Registry};
    let (broker, of_brokers) = match brokers {
        Brokers::One => (Broker, vec![Fault::SlowBroker(0)]),
        Brokers::Three => {
            let cut_off = |(cart, alone)| Fault::CutOff {
                partition: 0,
                cart,
                alone,
            };
            let cuts = [(CartA, true), (CartA, false), (CartB, true), (CartB, false)].map(cut_off);
            (Leader(0), [&[Fault::LosePackets(0)][..], &cuts].concat())
        }
    };
    let targets = [CartA, CartB, Order, broker, Registry];
    let of_processes = [Fault::Kill, Fault::Suspend, Fault::Terminate];
    let mut faults: Vec<Fault> = of_processes.iter().flat_map(|fault| targets.map(fault)).collect();
    faults.push(Fault::CutBroker);
    faults.extend(of_brokers);
    faults.extend([
        Fault::CutRegistry,
        Fault::HangRegistry,
        Fault::BreakRegistry,
        Fault::FillDisk,
        Fault::Poison(String::new()),
        Fault::Duplicate,
        Fault::Tombstone,
        Fault::Flood(0),
    ]);
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(only: &[&str], without: &[&str]) -> Choice {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Choice {
            only: texts(only),
            without: texts(without),
        }
    }

    #[test]
    fn a_text_that_matches_no_fault_is_an_error_that_lists_the_faults() {
        for (choice, option) in [
            (choice(&["kill", "kil -9"], &[]), "--only \"kil -9\""),
            (choice(&[], &["regstry"]), "--without \"regstry\""),
            // There is no other leader to take over.
            (choice(&["leader cut off"], &[]), "--only \"leader cut off\""),
        ] {
            let error = choice.check(Brokers::One).expect_err("no such fault").to_string();
            for part in [
                option,
                "matches no fault",
                "1 broker",
                "\n  kill -9 of the broker",
                "\n  disk full",
            ] {
                assert!(error.contains(part), "{part:?} in {error}");
            }
        }
    }

    #[test]
    fn a_choice_that_leaves_no_fault_is_an_error() {
        let error = choice(&["registry"], &["registry"]).check(Brokers::One);
        assert!(
            error
                .expect_err("nothing is left")
                .to_string()
                .contains("leave no fault")
        );
    }

    #[test]
    fn parts_of_names_and_no_choice_at_all_are_accepted() {
        for choice in [choice(&["SIGSTOP", "disk"], &["cart-service"]), Choice::default()] {
            choice.check(Brokers::One).expect("faults");
        }
        choice(&["leader cut off"], &[]).check(Brokers::Three).expect("faults");
    }
}
