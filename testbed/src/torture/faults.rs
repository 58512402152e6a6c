//! The faults there are, and which of them come when. The schedule follows from the seed alone; how long processes take to
//! recover does not.

use clap::ValueEnum;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::poison::Kind;

/// A process that faults are done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    CartA,
    CartB,
    Order,
    Broker,
    Registry,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// `kill -9`, and a new start on the same data at the end of the fault.
    Kill(Target),
    /// SIGSTOP, and SIGCONT at the end of the fault.
    Suspend(Target),
    /// SIGTERM, and a new start at the end of the fault.
    Terminate(Target),
    /// The broker's port, as the services see it, closes every connection.
    CutBroker,
    /// Everything between the services and the broker takes so many milliseconds more each way.
    SlowBroker(u64),
    /// The registry closes every connection.
    CutRegistry,
    /// The registry accepts requests and does not answer.
    HangRegistry,
    /// The registry answers every request with 500.
    BreakRegistry,
    /// The disk that order-service and the second cart-service have their stores on is full.
    FillDisk,
    /// A record that cannot be used, of the kind of that name.
    Poison(String),
    /// A copy of a record that is in the topic.
    Duplicate,
    /// A record without a value.
    Tombstone,
}

impl Fault {
    /// What it is done to. No two faults of one round have the same.
    fn victim(&self) -> u8 {
        match self {
            Self::Kill(target) | Self::Suspend(target) | Self::Terminate(target) => *target as u8,
            Self::CutBroker | Self::SlowBroker(_) => 10,
            Self::CutRegistry | Self::HangRegistry | Self::BreakRegistry => 11,
            Self::FillDisk => 12,
            Self::Poison(_) | Self::Duplicate | Self::Tombstone => 13,
        }
    }

    /// Its kind, without what it is done with.
    pub fn kind(&self) -> String {
        match self {
            Self::Kill(target) => format!("kill -9 of {}", target.name()),
            Self::Suspend(target) => format!("SIGSTOP of {}", target.name()),
            Self::Terminate(target) => format!("SIGTERM of {}", target.name()),
            Self::CutBroker => "broker's port cut".to_owned(),
            Self::SlowBroker(_) => "broker's port slow".to_owned(),
            Self::CutRegistry => "registry cut".to_owned(),
            Self::HangRegistry => "registry hangs".to_owned(),
            Self::BreakRegistry => "registry answers 500".to_owned(),
            Self::FillDisk => "disk full".to_owned(),
            Self::Poison(_) => "poisoned record".to_owned(),
            Self::Duplicate => "duplicated record".to_owned(),
            Self::Tombstone => "record without a value".to_owned(),
        }
    }
}

impl Target {
    /// Its name in logs and findings.
    pub fn name(self) -> &'static str {
        match self {
            Self::CartA => "cart-service a",
            Self::CartB => "cart-service b",
            Self::Order => "order-service",
            Self::Broker => "the broker",
            Self::Registry => "the registry",
        }
    }
}

/// A fault of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Milliseconds after the round's begin.
    pub after: u64,
    /// How many milliseconds it lasts.
    pub lasts: u64,
    pub fault: Fault,
}

/// The rounds of faults that follow from a seed, without end. A quarter of them is calm: no fault at all.
pub fn rounds(seed: u64, disk: bool) -> impl Iterator<Item = Vec<Planned>> {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(move || round(&mut rng, disk))
}

fn round(rng: &mut Rng, disk: bool) -> Vec<Planned> {
    if rng.u8(0..4) == 0 {
        return Vec::new();
    }
    let mut planned: Vec<Planned> = Vec::new();
    for _ in 0..rng.usize(2..=5) {
        let fault = fault(rng);
        let (after, lasts) = (rng.u64(0..1500), rng.u64(300..5000));
        let taken = planned.iter().any(|other| other.fault.victim() == fault.victim());
        // Records may be written as often as you like.
        let is_record = fault.victim() == 13;
        if (!taken || is_record) && (disk || fault != Fault::FillDisk) {
            planned.push(Planned { after, lasts, fault });
        }
    }
    planned.sort_by_key(|planned| planned.after);
    planned
}

/// One fault; the services are killed most often, because that is where the code of this project can be wrong.
fn fault(rng: &mut Rng) -> Fault {
    use Target::{Broker, CartA, CartB, Order, Registry};
    let services = [CartA, CartB, Order, Order];
    let all = [CartA, CartB, Order, Broker, Registry];
    let kinds = Kind::value_variants();
    match rng.u8(0..20) {
        0..6 => Fault::Kill(services[rng.usize(..services.len())]),
        6 => Fault::Kill(Broker),
        7 => Fault::Kill(Registry),
        8..10 => Fault::Suspend(all[rng.usize(..all.len())]),
        10 => Fault::Terminate(services[rng.usize(..services.len())]),
        11 => Fault::Terminate(all[rng.usize(..all.len())]),
        12 => Fault::CutBroker,
        13 => Fault::SlowBroker(rng.u64(5..100)),
        14 => [Fault::CutRegistry, Fault::HangRegistry, Fault::BreakRegistry][rng.usize(..3)].clone(),
        15 => Fault::FillDisk,
        16 | 17 => Fault::Poison(format!("{:?}", kinds[rng.usize(..kinds.len())])),
        18 => Fault::Duplicate,
        _ => Fault::Tombstone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_one_others() {
        let plan = |seed| rounds(seed, true).take(50).collect::<Vec<_>>();
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn a_quarter_of_the_rounds_is_calm_and_every_fault_comes() {
        let plan: Vec<_> = rounds(1, true).take(1000).collect();
        let calm = plan.iter().filter(|round| round.is_empty()).count();
        assert!((200..300).contains(&calm), "{calm}");
        let mut kinds: Vec<String> = plan.iter().flatten().map(|planned| planned.fault.kind()).collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), 5 * 3 + 9, "{kinds:?}");
        assert!(rounds(1, false).take(1000).flatten().all(|planned| planned.fault != Fault::FillDisk));
    }

    #[test]
    fn no_round_does_two_things_to_one_victim() {
        for round in rounds(3, true).take(1000) {
            let mut victims: Vec<u8> = round.iter().map(|planned| planned.fault.victim()).collect();
            victims.retain(|victim| *victim != 13);
            victims.sort_unstable();
            let before = victims.len();
            victims.dedup();
            assert_eq!(victims.len(), before, "{round:?}");
        }
    }
}
