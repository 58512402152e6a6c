//! Signals to processes. The shell's own `kill` sends them, which avoids unsafe code and another crate.

use std::process::Command;

use anyhow::Context;

/// Sends a signal, such as `TERM`, to one process.
///
/// # Errors
/// If there is no such process, or it is not ours.
pub(crate) fn send(name: &str, pid: u32) -> anyhow::Result<()> {
    let output = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid.to_string()])
        .output()
        .context("running sh")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "sending {name} to process {pid}: {}",
        said.trim()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_process_gets_the_signal_and_one_that_has_ended_is_an_error() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("starts");
        send("TERM", child.id()).expect("sent");
        assert_eq!(child.wait().expect("ends").signal(), Some(15));
        let error = send("TERM", child.id()).expect_err("it has ended").to_string();
        assert!(error.contains("TERM"), "{error}");
    }
}
