//! The signals that end a process, and the longest that ending may take. Only mains listen: what ending means (stop HTTP,
//! drain, commit) is the application's own matter.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal as unix_signal};
use tokio::sync::oneshot;

/// Longest that ending may take. Whatever still hangs then (a disk, a server) is cut off: nobody loses by it what the log
/// has not got, and a supervisor would kill the process anyhow.
// why: Docker kills after 10 s
const LONGEST: Duration = Duration::from_millis(9_500);

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: what init systems, Docker and Kubernetes send.
    Terminate,
}

impl Signal {
    /// What a process that such a signal killed exits with: 128 + its number, as shells report it.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Listens from now on; the future resolves at the first SIGTERM or SIGINT. A second one then ends the process at once,
/// with [`Signal::exit_code`], whatever the process is busy with: so a stop that hangs can be cut short. One that takes
/// longer than any supervisor waits is cut off with exit code 1. Works inside and outside a Tokio runtime.
///
/// # Errors
/// The system does not let the process listen.
pub fn signal() -> io::Result<impl Future<Output = Signal> + Send> {
    listen(LONGEST)
}

/// Cuts the process off, with exit code 1, when it is still there so long after that future has resolved as it may take
/// to end: for an end that no signal has begun.
///
/// # Errors
/// The system gives no thread.
pub fn cut_off_after(failure: impl Future + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let work = move || {
        runtime.block_on(failure);
        // The time is what it is about.
        std::thread::sleep(LONGEST);
        tracing::error!("ending takes too long: cut off");
        std::process::exit(1);
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with the process, or ends it")]
    std::thread::Builder::new().name("cut-off".to_owned()).spawn(work)?;
    Ok(())
}

fn listen(longest: Duration) -> io::Result<impl Future<Output = Signal> + Send> {
    // A thread and runtime of its own: it hears the second signal even when every other thread is blocked.
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
            // Nobody waits any more: the process is ending anyway, or will at the next signal.
            let _ = tell.send(first);
            match tokio::time::timeout(longest, next()).await {
                Ok(second) => {
                    tracing::warn!(signal = ?second, "second signal: ending at once");
                    std::process::exit(second.exit_code());
                }
                Err(_) => {
                    tracing::error!("ending takes too long: cut off");
                    std::process::exit(1);
                }
            }
        })
    };
    #[expect(clippy::disallowed_methods, reason = "its panic ends the process, see below")]
    std::thread::Builder::new().name("signals".to_owned()).spawn(work)?;
    // A service that nobody can tell to end any more had better end: the thread tells before it can end.
    Ok(async move { told.await.unwrap_or(Signal::Terminate) })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Lines};
    use std::process::{Child, ChildStdout, Command, Stdio};

    use super::*;

    /// Runs in a process of its own: says when it listens and what it heard, and then blocks for ever.
    #[test]
    #[ignore = "run by the tests below, as a process that may be killed"]
    fn a_process_that_never_ends_by_itself() {
        block_for_ever(LONGEST);
    }

    #[test]
    #[ignore = "run by the tests below, as a process that may be killed"]
    fn a_process_that_is_given_little_time() {
        block_for_ever(Duration::from_millis(50));
    }

    fn block_for_ever(longest: Duration) {
        let first = listen(longest).expect("listening");
        println!("\nlistening");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        println!("heard {:?}", runtime.block_on(first));
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
    fn the_first_signal_is_told_and_the_second_ends_a_blocked_process_at_once() {
        for (first, heard, second, code) in [
            ("-TERM", "heard Terminate", "-TERM", 143),
            ("-INT", "heard Interrupt", "-INT", 130),
        ] {
            let (mut child, mut lines) = start("a_process_that_never_ends_by_itself");
            kill(&child, first);
            assert!(lines.any(|line| line.expect("text") == heard), "{first}");
            kill(&child, second);
            assert_eq!(child.wait().expect("its end").code(), Some(code), "{second}");
        }
    }

    #[test]
    fn an_end_that_takes_too_long_is_cut_off() {
        let (mut child, mut lines) = start("a_process_that_is_given_little_time");
        kill(&child, "-TERM");
        assert!(lines.any(|line| line.expect("text") == "heard Terminate"));
        assert_eq!(child.wait().expect("its end").code(), Some(1));
    }
}
