//! The signals that stop a process, and the time limit for stopping. Only mains listen: what stopping means (stop HTTP,
//! drain, commit) is up to the application.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal as unix_signal};
use tokio::sync::oneshot;

/// Time limit for a shutdown. Whatever still hangs then (a disk, a server) is abandoned: what matters is in the log, and a
/// supervisor would kill the process anyway.
// why: Docker kills after 10 s
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(9_500);

/// A signal that asks the process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: what init systems, Docker and Kubernetes send.
    Terminate,
}

impl Signal {
    /// The exit code of a process killed by this signal: 128 + its number, as shells report it.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Starts listening; the future resolves at the first SIGTERM or SIGINT. A second one ends the process at once, with
/// [`Signal::exit_code`], whatever it is doing. A shutdown that takes longer than a supervisor waits ends with exit code 1.
/// Works inside and outside a Tokio runtime.
///
/// # Errors
/// The process cannot listen for signals.
pub fn signal() -> io::Result<impl Future<Output = Signal> + Send> {
    listen(SHUTDOWN_TIMEOUT)
}

/// Ends the process with exit code 1 if it is still running when the time limit for a shutdown has passed after `failure`
/// has resolved: for a shutdown that no signal has started.
///
/// # Errors
/// The system cannot start a thread.
pub fn exit_after(failure: impl Future + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let work = move || {
        runtime.block_on(failure);
        // A time limit, not a condition to wait for.
        std::thread::sleep(SHUTDOWN_TIMEOUT);
        tracing::error!("shutdown timed out; exiting");
        std::process::exit(1);
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with the process, or ends it")]
    std::thread::Builder::new()
        .name("shutdown-timeout".to_owned())
        .spawn(work)?;
    Ok(())
}

fn listen(limit: Duration) -> io::Result<impl Future<Output = Signal> + Send> {
    // A thread and runtime of its own: it receives the second signal even when every other thread is blocked.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (
            unix_signal(SignalKind::interrupt())?,
            unix_signal(SignalKind::terminate())?,
        )
    };
    let (tell, told) = oneshot::channel();
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        }
    };
    let work = move || {
        runtime.block_on(async {
            let first = next().await;
            // Nobody waits: the process is stopping anyway, or will at the next signal.
            let _ = tell.send(first);
            match tokio::time::timeout(limit, next()).await {
                Ok(second) => {
                    tracing::warn!(signal = ?second, "second signal; exiting now");
                    std::process::exit(second.exit_code());
                }
                Err(_) => {
                    tracing::error!("shutdown timed out; exiting");
                    std::process::exit(1);
                }
            }
        })
    };
    #[expect(clippy::disallowed_methods, reason = "if it panics, the process stops, see below")]
    std::thread::Builder::new().name("signals".to_owned()).spawn(work)?;
    // The sender is dropped without a signal only if its thread died: then nobody can stop the service any more, so it stops.
    Ok(async move { told.await.unwrap_or(Signal::Terminate) })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Lines};
    use std::process::{Child, ChildStdout, Command, Stdio};

    use super::*;

    /// Runs in a process of its own: prints when it listens and what it received, and then blocks.
    #[test]
    #[ignore = "run by the tests below, as a process that may be killed"]
    fn a_process_that_never_stops() {
        block(SHUTDOWN_TIMEOUT);
    }

    #[test]
    #[ignore = "run by the tests below, as a process that may be killed"]
    fn a_process_that_is_given_little_time() {
        block(Duration::from_millis(50));
    }

    fn block(limit: Duration) {
        let first = listen(limit).expect("listening");
        println!("\nlistening");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        println!("received {:?}", runtime.block_on(first));
        std::thread::sleep(std::time::Duration::from_secs(60));
        println!("not ended");
    }

    fn start(name: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                &format!("shutdown::tests::{name}"),
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert!(lines.any(|line| line.expect("text") == "listening"));
        (child, lines)
    }

    fn kill(child: &Child, signal: &str) {
        // The shell's own kill: not every image has one of its own.
        let command = format!("kill {signal} {}", child.id());
        let status = Command::new("sh").args(["-c", &command]).status().expect("a shell");
        assert!(status.success());
    }

    #[test]
    fn the_first_signal_is_reported_and_the_second_ends_a_blocked_process_at_once() {
        for (first, heard, second, code) in [
            ("-TERM", "received Terminate", "-TERM", 143),
            ("-INT", "received Interrupt", "-INT", 130),
        ] {
            let (mut child, mut lines) = start("a_process_that_never_stops");
            kill(&child, first);
            assert!(lines.any(|line| line.expect("text") == heard), "{first}");
            kill(&child, second);
            assert_eq!(child.wait().expect("its end").code(), Some(code), "{second}");
        }
    }

    #[test]
    fn a_shutdown_that_takes_too_long_exits() {
        let (mut child, mut lines) = start("a_process_that_is_given_little_time");
        kill(&child, "-TERM");
        assert!(lines.any(|line| line.expect("text") == "received Terminate"));
        assert_eq!(child.wait().expect("its end").code(), Some(1));
    }
}
