//! The checker: see `testbed::torture`, and `--help`.

use std::process::ExitCode;

use clap::Parser;
use testbed::torture::{Options, run};
use tokio::signal::unix::{SignalKind, signal};

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
        done = run(&options) => done,
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
