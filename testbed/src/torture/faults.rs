//! The faults there are, and which of them come when. The schedule follows from the seed alone; how long processes take to
//! recover does not.

use clap::ValueEnum;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::poison::Kind;

/// What records are written to: as a victim, the topic.
const RECORDS: u8 = 13;

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
            Self::Poison(_) | Self::Duplicate | Self::Tombstone => RECORDS,
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

/// Which faults are done: those whose kind holds one of the one words, when there are any, and none of the others.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub only: Vec<String>,
    pub without: Vec<String>,
}

impl Choice {
    fn takes(&self, fault: &Fault) -> bool {
        let holds = |words: &[String]| words.iter().any(|word| fault.kind().contains(word));
        (self.only.is_empty() || holds(&self.only)) && !holds(&self.without)
    }
}

/// The rounds of faults: first those of every run, then those that follow from the seed, without end. A quarter of them is
/// calm: no fault at all. Leaving faults out changes nothing about the others.
pub fn rounds(seed: u64, choice: Choice) -> impl Iterator<Item = Vec<Planned>> {
    let mut rng = Rng::with_seed(seed);
    let drawn = std::iter::repeat_with(move || round(&mut rng));
    prelude().into_iter().chain(drawn).map(move |mut planned| {
        planned.retain(|planned| choice.takes(&planned.fault));
        planned
    })
}

/// What no run may leave to chance: a calm round, every kind of record while the disk is full, and a kill of each process.
fn prelude() -> [Vec<Planned>; 3] {
    let poison = Kind::value_variants()
        .iter()
        .map(|kind| Fault::Poison(format!("{kind:?}")));
    let records = poison.chain([Fault::Duplicate, Fault::Tombstone]).map(|fault| Planned {
        after: 1000,
        lasts: 0,
        fault,
    });
    let full = Planned {
        after: 0,
        lasts: 3000,
        fault: Fault::FillDisk,
    };
    use Target::{Broker, CartA, CartB, Order, Registry};
    let kill = |(after, target): (u64, Target)| Planned {
        after,
        lasts: 1500,
        fault: Fault::Kill(target),
    };
    // One after the other, as a broker that is gone hides what a kill of a service does.
    let kills = [
        (0, CartA),
        (1000, CartB),
        (2000, Order),
        (3000, Registry),
        (4000, Broker),
    ];
    [
        Vec::new(),
        std::iter::once(full).chain(records).collect(),
        kills.map(kill).to_vec(),
    ]
}

fn round(rng: &mut Rng) -> Vec<Planned> {
    if rng.u8(0..4) == 0 {
        return Vec::new();
    }
    let mut planned: Vec<Planned> = Vec::new();
    for _ in 0..rng.usize(2..=4) {
        let fault = fault(rng);
        let (after, lasts) = (rng.u64(0..1500), rng.u64(300..5000));
        if planned.iter().all(|other| other.fault.victim() != fault.victim()) {
            planned.push(Planned { after, lasts, fault });
        }
    }
    for _ in 0..rng.usize(0..=5) {
        let (fault, after) = (record(rng), rng.u64(0..4000));
        planned.push(Planned { after, lasts: 0, fault });
    }
    planned.sort_by_key(|planned| planned.after);
    planned
}

/// One fault; the services are killed most often, because that is where the code of this project can be wrong.
fn fault(rng: &mut Rng) -> Fault {
    use Target::{Broker, CartA, CartB, Order, Registry};
    let services = [CartA, CartB, Order, Order];
    let all = [CartA, CartB, Order, Broker, Registry];
    match rng.u8(0..16) {
        0..6 => Fault::Kill(services[rng.usize(..services.len())]),
        6 => Fault::Kill(Broker),
        7 => Fault::Kill(Registry),
        8..10 => Fault::Suspend(all[rng.usize(..all.len())]),
        10 => Fault::Terminate(services[rng.usize(..services.len())]),
        11 => Fault::Terminate(all[rng.usize(..all.len())]),
        12 => Fault::CutBroker,
        13 => Fault::SlowBroker(rng.u64(5..100)),
        14 => [Fault::CutRegistry, Fault::HangRegistry, Fault::BreakRegistry][rng.usize(..3)].clone(),
        _ => Fault::FillDisk,
    }
}

/// A record that is written past the services.
fn record(rng: &mut Rng) -> Fault {
    let kinds = Kind::value_variants();
    match rng.u8(0..10) {
        0..6 => Fault::Poison(format!("{:?}", kinds[rng.usize(..kinds.len())])),
        6..9 => Fault::Duplicate,
        _ => Fault::Tombstone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_one_others() {
        let plan = |seed| rounds(seed, Choice::default()).take(50).collect::<Vec<_>>();
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn every_run_begins_calm_then_meets_every_kind_of_record_and_a_full_disk_and_then_kills_everything() {
        for seed in 0..3 {
            let plan: Vec<_> = rounds(seed, Choice::default()).take(3).collect();
            let faults = |n: usize| plan[n].iter().map(|planned| planned.fault.clone()).collect::<Vec<_>>();
            assert_eq!(faults(0), []);
            for kind in Kind::value_variants() {
                assert!(faults(1).contains(&Fault::Poison(format!("{kind:?}"))), "{kind:?}");
            }
            assert!(faults(1).contains(&Fault::FillDisk));
            use Target::{Broker, CartA, CartB, Order, Registry};
            assert_eq!(faults(2), [CartA, CartB, Order, Registry, Broker].map(Fault::Kill));
        }
    }

    #[test]
    fn a_quarter_of_the_rounds_is_calm_and_every_fault_comes() {
        let plan: Vec<_> = rounds(1, Choice::default()).take(1000).collect();
        let calm = plan.iter().filter(|round| round.is_empty()).count();
        assert!((200..300).contains(&calm), "{calm}");
        let mut kinds: Vec<String> = plan.iter().flatten().map(|planned| planned.fault.kind()).collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), 5 * 3 + 9, "{kinds:?}");
    }

    #[test]
    fn a_fault_that_is_left_out_takes_no_other_with_it() {
        let choice = Choice {
            only: vec!["broker".to_owned()],
            without: vec!["cut".to_owned()],
        };
        let chosen: Vec<_> = rounds(1, choice.clone()).take(100).flatten().collect();
        let all = rounds(1, Choice::default()).take(100).flatten();
        let expected: Vec<_> = all.filter(|planned| choice.takes(&planned.fault)).collect();
        assert_eq!(chosen, expected);
        assert!(
            chosen
                .iter()
                .all(|planned| planned.fault.kind().contains("broker") && planned.fault != Fault::CutBroker)
        );
    }

    #[test]
    fn no_round_does_two_things_to_one_victim() {
        for round in rounds(3, Choice::default()).take(1000) {
            let mut victims: Vec<u8> = round.iter().map(|planned| planned.fault.victim()).collect();
            victims.retain(|victim| *victim != RECORDS);
            victims.sort_unstable();
            let before = victims.len();
            victims.dedup();
            assert_eq!(victims.len(), before, "{round:?}");
        }
    }
}
