//! Which faults come when. This depends only on the seed; how long recovery takes does not.

use clap::ValueEnum;
use fastrand::Rng;

use crate::choice::Choice;
use crate::faults::{Brokers, Fault, Target};
use testbed::poison::Kind;

/// How many partitions the services give their topic.
const PARTITIONS: u8 = 6;

/// The partition that gets too many dead letters.
const FLOODED: u8 = 2;

/// A fault of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Milliseconds after the beginning of the round.
    pub after: u64,
    /// How many milliseconds it lasts.
    pub lasts: u64,
    pub fault: Fault,
}

/// The rounds of faults: first those of every run, then those that follow from the seed, without end. A quarter of them
/// is calm, without any fault. Leaving faults out does not change the others.
pub fn rounds(seed: u64, brokers: Brokers, choice: Choice) -> impl Iterator<Item = Vec<Planned>> {
    let mut rng = Rng::with_seed(seed);
    let drawn = std::iter::repeat_with(move || round(&mut rng, brokers));
    prelude(brokers).into_iter().chain(drawn).map(move |mut planned| {
        planned.retain(|planned| choice.takes(&planned.fault));
        planned
    })
}

/// What no run may leave to chance: a calm round, every kind of record while the disk is full, and a kill of each
/// process, with copies of events that are no longer the latest of their orders by then; with three brokers, also a
/// leader that is cut off in both ways; and a partition with too many dead letters, once, because that takes some seconds.
fn prelude(brokers: Brokers) -> Vec<Vec<Planned>> {
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
    use Target::{Broker, CartA, CartB, Leader, Order, Registry};
    let (broker, cut_off) = match brokers {
        Brokers::One => (Broker, Vec::new()),
        Brokers::Three => (Leader(0), vec![cut_off(0, CartA, true), cut_off(1, CartB, false)]),
    };
    let kill = |(after, target): (u64, Target)| Planned {
        after,
        lasts: 1500,
        fault: Fault::Kill(target),
    };
    // One after another, because a dead broker hides the effect of killing a service.
    let kills = [
        (0, CartA),
        (1000, CartB),
        (2000, Order),
        (3000, Registry),
        (4000, broker),
    ];
    let copy = || Planned {
        after: 0,
        lasts: 0,
        fault: Fault::Duplicate,
    };
    let mut rounds = vec![
        Vec::new(),
        std::iter::once(full).chain(records).collect(),
        [copy(), copy()].into_iter().chain(kills.map(kill)).collect(),
    ];
    rounds.extend(cut_off);
    rounds.push(vec![Planned {
        after: 0,
        lasts: 0,
        fault: Fault::Flood(FLOODED),
    }]);
    rounds
}

/// A round in which a leader is cut off for so long that it is deposed and its successor answers.
fn cut_off(partition: u8, cart: Target, alone: bool) -> Vec<Planned> {
    vec![Planned {
        after: 0,
        lasts: 10_000,
        fault: Fault::CutOff { partition, cart, alone },
    }]
}

fn round(rng: &mut Rng, brokers: Brokers) -> Vec<Planned> {
    if rng.u8(0..4) == 0 {
        return Vec::new();
    }
    let mut planned: Vec<Planned> = Vec::new();
    for _ in 0..rng.usize(2..=4) {
        let fault = match brokers {
            Brokers::One => fault(rng),
            Brokers::Three => fault_of_three(rng),
        };
        let lasts = if matches!(fault, Fault::CutOff { .. }) {
            7000..12_000
        } else {
            300..5000
        };
        let (after, lasts) = (rng.u64(0..1500), rng.u64(lasts));
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

/// One fault; the services are killed most often, because they are the code under test.
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

/// The same with three brokers: what would happen to the only one happens to a leader.
fn fault_of_three(rng: &mut Rng) -> Fault {
    use Target::{Broker, CartA, CartB, Leader};
    let partition = rng.u8(0..PARTITIONS);
    if rng.u8(0..8) == 0 {
        let cart = [CartA, CartB][rng.usize(..2)];
        let alone = rng.bool();
        return Fault::CutOff { partition, cart, alone };
    }
    match fault(rng) {
        Fault::Kill(Broker) => Fault::Kill(Leader(partition)),
        Fault::Suspend(Broker) => Fault::Suspend(Leader(partition)),
        Fault::Terminate(Broker) => Fault::Terminate(Leader(partition)),
        Fault::SlowBroker(_) => Fault::LosePackets(rng.u8(1..=15)),
        other => other,
    }
}

/// A record that is written behind the services' backs.
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::choice::all;

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_gives_others() {
        for brokers in Brokers::value_variants() {
            let plan = |seed| rounds(seed, *brokers, Choice::default()).take(50).collect::<Vec<_>>();
            assert_eq!(plan(7), plan(7));
            assert_ne!(plan(7), plan(8));
        }
    }

    #[test]
    fn every_run_begins_calm_then_meets_every_kind_of_record_and_a_full_disk_and_then_kills_everything() {
        use Target::{Broker, CartA, CartB, Leader, Order, Registry};
        for (seed, brokers, broker) in [
            (0, Brokers::One, Broker),
            (1, Brokers::One, Broker),
            (2, Brokers::Three, Leader(0)),
        ] {
            let plan: Vec<_> = rounds(seed, brokers, Choice::default()).take(3).collect();
            let faults = |n: usize| plan[n].iter().map(|planned| planned.fault.clone()).collect::<Vec<_>>();
            assert_eq!(faults(0), []);
            for kind in Kind::value_variants() {
                assert!(faults(1).contains(&Fault::Poison(format!("{kind:?}"))), "{kind:?}");
            }
            assert!(faults(1).contains(&Fault::FillDisk));
            let kills = [CartA, CartB, Order, Registry, broker].map(Fault::Kill);
            assert_eq!(faults(2), [&[Fault::Duplicate, Fault::Duplicate][..], &kills].concat());
        }
    }

    #[test]
    fn every_run_with_three_brokers_cuts_off_a_leader_in_both_ways() {
        let plan = rounds(9, Brokers::Three, Choice::default()).take(5).skip(3).flatten();
        let cut_off: Vec<_> = plan.map(|planned| planned.fault.kind()).collect();
        let expected = [
            "leader cut off, alone with cart-service a",
            "leader cut off, but not from cart-service b",
        ];
        assert_eq!(cut_off, expected);
    }

    #[test]
    fn a_quarter_of_the_rounds_is_calm_and_every_listed_fault_occurs() {
        for brokers in Brokers::value_variants() {
            let plan: Vec<_> = rounds(1, *brokers, Choice::default()).take(1000).collect();
            let calm = plan.iter().filter(|round| round.is_empty()).count();
            assert!((200..300).contains(&calm), "{calm}");
            let kinds: BTreeSet<String> = plan.iter().flatten().map(|planned| planned.fault.kind()).collect();
            assert_eq!(kinds, all(*brokers).iter().map(Fault::kind).collect());
        }
    }

    #[test]
    fn leaving_out_a_fault_does_not_change_the_others() {
        let choice = Choice {
            only: vec!["broker".to_owned()],
            without: vec!["cut".to_owned()],
        };
        let of = |choice| rounds(1, Brokers::One, choice).take(100).flatten();
        let chosen: Vec<_> = of(choice.clone()).collect();
        let all = of(Choice::default());
        let expected: Vec<_> = all.filter(|planned| choice.takes(&planned.fault)).collect();
        assert_eq!(chosen, expected);
        assert!(
            chosen
                .iter()
                .all(|planned| planned.fault.kind().contains("broker") && planned.fault != Fault::CutBroker)
        );
    }

    #[test]
    fn no_round_has_two_faults_with_the_same_victim() {
        let both = Brokers::value_variants().iter();
        for round in both.flat_map(|brokers| rounds(3, *brokers, Choice::default()).take(1000)) {
            let mut victims: Vec<u8> = round
                .iter()
                .filter(|planned| !planned.fault.is_record())
                .map(|planned| planned.fault.victim())
                .collect();
            victims.sort_unstable();
            let before = victims.len();
            victims.dedup();
            assert_eq!(victims.len(), before, "{round:?}");
        }
    }
}
