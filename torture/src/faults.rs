//! The faults, and their victims. Which come when is decided by [`crate::schedule`].

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The victim of a kill of order-service.
const ORDER_SERVICE: u8 = 2;
/// The victim of records that are written: the topic.
const RECORDS: u8 = 13;
/// The victim of network faults: the connection to the brokers. With three brokers, only one fails at a time: with two
/// down, there would be no progress anyway.
const BROKERS: u8 = 10;

/// How many brokers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Brokers {
    #[value(name = "1")]
    One,
    #[value(name = "3")]
    Three,
}

impl Brokers {
    /// As the words of a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "1 broker",
            Self::Three => "3 brokers",
        }
    }
}

/// A process that is a victim of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    CartA,
    CartB,
    Order,
    Broker,
    Registry,
    /// With three brokers, the leader of that partition when the fault begins.
    Leader(u8),
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// `kill -9`, and a restart on the same data at the end of the fault.
    Kill(Target),
    /// SIGSTOP, and SIGCONT at the end of the fault.
    Suspend(Target),
    /// SIGTERM, and a restart at the end of the fault.
    Terminate(Target),
    /// The broker's port, as the services see it, closes every connection.
    CutBroker,
    /// Everything between the services and the broker takes that many milliseconds longer each way.
    SlowBroker(u64),
    /// This percentage of the packets to and from three brokers is lost.
    LosePackets(u8),
    /// With three brokers, the leader of that partition is cut off from the others, and from all services except that
    /// cart-service: it is deposed without knowing it. The cart-service still reaches the other brokers, unless it is
    /// alone with the leader.
    CutOff { partition: u8, cart: Target, alone: bool },
    /// The registry closes every connection.
    CutRegistry,
    /// The registry accepts requests and does not answer.
    HangRegistry,
    /// The registry answers every request with 500.
    BreakRegistry,
    /// The disk that holds the stores of order-service and of the second cart-service is full.
    FillDisk,
    /// An invalid record of the kind with that name.
    Poison(String),
    /// A copy of a record that is in the topic.
    Duplicate,
    /// A record without a value.
    Tombstone,
    /// More invalid records in that partition than are tolerated; order-service is killed while the partition is paused.
    Flood(u8),
}

impl Fault {
    /// Its victim. No two faults of one round have the same.
    pub fn victim(&self) -> u8 {
        match self {
            Self::Kill(target) | Self::Suspend(target) | Self::Terminate(target) => match target {
                Target::CartA => 0,
                Target::CartB => 1,
                Target::Order => ORDER_SERVICE,
                Target::Broker => 3,
                Target::Registry => 4,
                Target::Leader(_) => BROKERS,
            },
            Self::Flood(_) => ORDER_SERVICE,
            Self::CutBroker | Self::SlowBroker(_) | Self::LosePackets(_) | Self::CutOff { .. } => BROKERS,
            Self::CutRegistry | Self::HangRegistry | Self::BreakRegistry => 11,
            Self::FillDisk => 12,
            Self::Poison(_) | Self::Duplicate | Self::Tombstone => RECORDS,
        }
    }

    /// Its kind, without parameters.
    pub fn kind(&self) -> String {
        match self {
            Self::Kill(target) => format!("kill -9 of {}", target.name()),
            Self::Suspend(target) => format!("SIGSTOP of {}", target.name()),
            Self::Terminate(target) => format!("SIGTERM of {}", target.name()),
            Self::CutBroker => "broker's port cut".to_owned(),
            Self::SlowBroker(_) => "broker's port slow".to_owned(),
            Self::LosePackets(_) => "brokers' packets lost".to_owned(),
            Self::CutOff { cart, alone: true, .. } => format!("leader cut off, alone with {}", cart.name()),
            Self::CutOff { cart, .. } => format!("leader cut off, but not from {}", cart.name()),
            Self::CutRegistry => "registry cut".to_owned(),
            Self::HangRegistry => "registry hangs".to_owned(),
            Self::BreakRegistry => "registry answers 500".to_owned(),
            Self::FillDisk => "disk full".to_owned(),
            Self::Poison(_) => "poisoned record".to_owned(),
            Self::Duplicate => "duplicated record".to_owned(),
            Self::Tombstone => "record without a value".to_owned(),
            Self::Flood(_) => "flood of invalid records".to_owned(),
        }
    }

    /// Whether it is a record written behind the services' backs.
    pub fn is_record(&self) -> bool {
        self.victim() == RECORDS
    }

    /// The partition whose leader is the victim.
    pub fn led_partition(&self) -> Option<u8> {
        match self {
            Self::Kill(Target::Leader(partition))
            | Self::Suspend(Target::Leader(partition))
            | Self::Terminate(Target::Leader(partition))
            | Self::CutOff { partition, .. } => Some(*partition),
            _ => None,
        }
    }

    /// Whether a broker may be silent for so long that a client library starts a new epoch.
    pub fn silences_a_broker(&self) -> bool {
        match self {
            Self::Kill(target) | Self::Suspend(target) | Self::Terminate(target) => {
                matches!(target, Target::Broker | Target::Leader(_))
            }
            Self::CutBroker | Self::LosePackets(_) | Self::CutOff { .. } => true,
            _ => false,
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
            Self::Leader(_) => "a leader",
        }
    }

    /// The name of a service's network namespace.
    pub fn node(self) -> &'static str {
        match self {
            Self::CartA => "cart-a",
            Self::CartB => "cart-b",
            Self::Order => "order",
            Self::Broker | Self::Leader(_) => "broker",
            Self::Registry => "registry",
        }
    }
}
