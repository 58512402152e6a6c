//! A Jepsen-style checker: clients write and read, a nemesis kills, suspends, cuts off and poisons, and at the end
//! everything is compared with what the clients were told. It shares no decoder, event, rule or fold with the services;
//! `docs/reliability.md` says what it demonstrates.
//!
//! - [`options`] and [`run`]: one run, from the command line to the verdict;
//! - [`cluster`]: the system under test: [`stack`] (servers), the services, what is between them (proxies, or a
//!   [`network`] of three brokers) and a small disk, which an ordinary user may mount in a [`namespace`];
//! - [`intent`], [`requests`] and [`clients`]: what clients intend and do; [`history`]: what they were told;
//!   [`conclusion`]: what they conclude from it;
//! - [`operator`]: replays and discards dead letters, and repairs what is wrong; [`management`]: what it was told;
//! - [`faults`]: the faults; [`choice`]: which of them a run injects; [`schedule`]: when each comes; [`nemesis`] and
//!   [`injector`] carry them out; [`flood`]: the one that pauses a partition;
//! - [`evidence`]: what is read at the end; [`decode`], [`fold`] and [`letters`]: what it means; [`order_view`]: how services must
//!   render it;
//! - [`checks`]: one pure function each; [`report`]: what they found.

mod checks;
mod choice;
mod clients;
mod cluster;
mod conclusion;
mod decode;
mod evidence;
mod faults;
mod flood;
mod fold;
mod history;
mod injector;
mod intent;
mod letters;
mod management;
mod namespace;
mod nemesis;
mod network;
mod operator;
mod options;
mod order_view;
mod report;
mod requests;
mod run;
mod schedule;
mod stack;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let stopped = async {
        let mut asked = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = asked.recv() => Ok(()),
        }
    };
    // Whichever future finishes first, the other is dropped, and with it everything that was started.
    let done = tokio::select! {
        done = run::run(&options) => done,
        stopped = stopped => Err(stopped.map_or_else(anyhow::Error::from, |()| anyhow::anyhow!("stopped by a signal"))),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("torture: {error:#}");
            ExitCode::from(2)
        }
    }
}
