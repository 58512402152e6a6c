//! A namespace in which an ordinary user may mount the small disk.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set for the process that [`enter`] becomes.
const ENTERED: &str = "ORDERLOG_TORTURE_NAMESPACE";

/// Re-executes the program with the same arguments in a namespace in which an ordinary user may mount. Returns only if
/// that is not possible, or was done already.
pub fn enter() {
    let possible = std::env::var_os(ENTERED).is_none() && may_enter();
    if possible && let Ok(program) = std::env::current_exe() {
        let mut command = Command::new("unshare");
        command
            .arg("-rm")
            .arg(program)
            .args(std::env::args_os().skip(1))
            .env(ENTERED, "1");
        // Returns only on failure; then there is no small disk.
        let _ = command.exec();
    }
}

fn may_enter() -> bool {
    let tried = Command::new("unshare").args(["-rm", "true"]).output();
    tried.is_ok_and(|tried| tried.status.success())
}
