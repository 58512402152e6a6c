//! What the program prints at startup, pasted into a shell as a block.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The running program. Dropping it kills it.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start() -> (Sandbox, BufReader<ChildStdout>) {
    let ports = ["--cart-port", "--order-port", "--registry-port", "--kafka-port"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(ports.iter().flat_map(|flag| [flag, "0"]));
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    (Sandbox(child), output)
}

/// Runs a script as if it were pasted into a shell, in another directory, and returns its output.
fn paste(script: &str) -> String {
    let mut command = Command::new("timeout");
    command.args(["60", "sh", "-e", "-c", script]).current_dir("/");
    // A broker elsewhere, as after `scripts/stack.sh up`: the printed lines must not use it.
    command.env("KAFKA_BOOTSTRAP_SERVERS", "localhost:1");
    let ran = command.stdin(Stdio::null()).output().expect("it runs");
    let output = String::from_utf8_lossy(&ran.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{}: {output}\n{errors}", ran.status);
    output
}

#[test]
fn every_printed_command_ends_and_succeeds_when_pasted_with_the_others() {
    let (mut sandbox, output) = start();
    let mut lines = output.lines().map(|line| line.expect("text"));
    let addresses: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("This is")).collect();
    assert!(addresses[0].contains("Ctrl-C stops it"), "{addresses:?}");
    let mut script = String::new();
    for line in lines.by_ref() {
        // From here on, programs that are not on every machine; that clients reach the broker is tested in `ports.rs`.
        if line.trim_start().starts_with("kcat ") {
            break;
        }
        if let Some(command) = line.strip_prefix("  ") {
            script.push_str(command);
            script.push('\n');
        }
    }
    script.push_str("echo \"exported $KAFKA_BOOTSTRAP_SERVERS $SCHEMA_REGISTRY_URL $ORDER_SERVICE_URL\"\n");

    let output = paste(&script);
    let statuses: Vec<&str> = output.lines().filter_map(status).collect();
    assert_eq!(statuses, ["201", "200", "200", "200", "200", "200"], "{output}");
    assert!(output.contains(r#""orderId":"ORD-1001""#), "{output}");
    assert!(
        output.contains("order-service has dead-lettered it as not_framed"),
        "{output}"
    );
    assert!(output.contains("exported localhost:"), "{output}");
    assert!(!output.contains("exported localhost:1 "), "{output}");
    let order_service = addresses
        .iter()
        .find_map(|line| line.trim().strip_prefix("order-service"));
    let order_service = order_service
        .and_then(|line| line.split_whitespace().next())
        .expect("its address");
    assert!(output.contains(&format!(" {order_service}\n")), "{output}");

    let stop = format!("kill -TERM {}", sandbox.0.id());
    paste(&stop);
    assert_eq!(sandbox.0.wait().expect("its end").code(), Some(0));
    let rest: Vec<String> = lines.collect();
    for command in [" tail", " dlq list"] {
        assert!(
            rest.iter()
                .any(|line| line.starts_with("  ") && line.ends_with(command)),
            "{rest:?}"
        );
    }
    assert_eq!(rest.last().map(String::as_str), Some("Stopping; nothing is kept."));
}

/// The status code in the first line of a response, which may follow the body of the one before.
fn status(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("HTTP/1.1 ")?;
    rest.get(..3)
}
