//! A checker in the manner of Jepsen: clients write and read, a nemesis kills, suspends, cuts off and poisons, and at
//! the end everything is compared with what the clients were told. It shares no decoder, no event, no rule and no fold
//! with the services; `docs/reliability.md` says what it shows.
//!
//! - [`cluster`]: the system under test: [`stack`] (servers), the services, what is between them (proxies, or a
//! [`network`] of three
//!   brokers) and a small disk, which an ordinary user may mount in a [`namespace`];
//! - [`intent`], [`requests`] and [`clients`]: what clients intend and do; [`history`]: what they were told;
//! [`conclusion`]: what they
//!   conclude from it;
//! - [`faults`]: the faults; [`schedule`]: which comes when; [`nemesis`] and [`foreign`]: carry them out;
//! - [`evidence`]: what is read at the end; [`decode`] and [`fold`]: what it means; [`show`]: how services must render
//! it;
//! - [`checks`]: one pure function each; [`report`]: what they found.

mod checks;
mod clients;
mod cluster;
mod conclusion;
mod decode;
mod evidence;
mod faults;
mod fold;
mod foreign;
mod history;
mod intent;
mod namespace;
mod nemesis;
mod network;
mod options;
mod report;
mod requests;
mod run;
mod schedule;
mod show;
mod stack;
#[cfg(test)]
mod tests;

pub use options::Options;
pub use run::run;
