//! Which packets no longer pass, for each fault of the network between three brokers and the services, in the syntax of
//! `scripts/stack.sh cut`.

use crate::faults::{Fault, Target};
use crate::stack::BROKERS;

const SERVICES: [Target; 3] = [Target::CartA, Target::CartB, Target::Order];

/// What that fault cuts; `leader` is the broker it is about. Empty for other faults.
pub fn rules(fault: &Fault, leader: u8) -> Vec<String> {
    let others = || BROKERS.into_iter().filter(|n| *n != leader);
    let everyone = || {
        SERVICES
            .into_iter()
            .flat_map(|service| BROKERS.map(|n| (service.node(), n)))
    };
    match fault {
        Fault::CutBroker => everyone()
            .map(|(service, n)| format!("{service}:broker-{n}:refuse"))
            .collect(),
        Fault::LosePackets(percent) => {
            let replication = [(1, 2), (1, 3), (2, 3)].map(|(a, b)| format!("broker-{a}:broker-{b}:{percent}%"));
            let clients = everyone().map(|(service, n)| format!("broker-{n}:{service}:{percent}%"));
            replication.into_iter().chain(clients).collect()
        }
        Fault::CutOff { cart, alone, .. } => {
            let mut rules: Vec<String> = others().map(|n| format!("broker-{leader}:broker-{n}")).collect();
            // Refused, so that they notice quickly and look for another leader.
            let side = SERVICES.iter().filter(|service| *service != cart);
            rules.extend(side.map(|service| format!("{}:broker-{leader}:refuse", service.node())));
            if *alone {
                rules.extend(others().map(|n| format!("{}:broker-{n}", cart.node())));
            }
            rules
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_is_cut_off_from_everything_but_one_cart_service_which_may_be_alone_with_it() {
        let cut_off = |alone| Fault::CutOff {
            partition: 0,
            cart: Target::CartB,
            alone,
        };
        let leader = [
            "broker-2:broker-1",
            "broker-2:broker-3",
            "cart-a:broker-2:refuse",
            "order:broker-2:refuse",
        ];
        assert_eq!(rules(&cut_off(false), 2), leader);
        let cart = ["cart-b:broker-1", "cart-b:broker-3"];
        assert_eq!(rules(&cut_off(true), 2), [&leader[..], &cart].concat());
    }

    #[test]
    fn every_service_is_cut_off_from_every_broker_and_packets_are_lost_on_every_path() {
        assert_eq!(rules(&Fault::CutBroker, 1).len(), 9);
        let lossy = rules(&Fault::LosePackets(7), 1);
        assert_eq!(lossy.len(), 12);
        assert!(lossy.iter().all(|rule| rule.ends_with(":7%")), "{lossy:?}");
        assert!(rules(&Fault::FillDisk, 1).is_empty());
    }
}
