//! The third exercise of README.md, a registry outage, run exactly as printed, on a broker and a registry of its own. Only
//! ports and addresses differ, and nothing is built: the programs are those that were built with this test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use sandbox::testing::documents::{blocks_run_by, with_checks};
use testbed::ports;
use testbed::service::Program;
use testbed::stack::{Ports, StackScript};

const README: &str = include_str!("../../README.md");
/// Enough for two servers' starts, the 20 s for which `poison` waits, and 10 s until an unknown schema id is believed.
const LIMIT: &str = "300";

/// What the printed lines find in place of Cargo: a built program takes its place, so that `$!` is its process id.
const PRELUDE: &str = r#"
set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
cargo() {
  case "$1 ${5:-}" in
    "build "*) ;;
    "run cart-service") API_PORT=$CART_PORT exec "$PROGRAMS/cart-service" ;;
    "run order-service") API_PORT=$ORDER_PORT exec "$PROGRAMS/order-service" ;;
    *) echo "what is cargo $*?" >&2; exit 1 ;;
  esac
}
"#;

/// The exercise's servers, which end with the test.
struct Stack(StackScript);

impl Drop for Stack {
    fn drop(&mut self) {
        if let Err(error) = self.0.run(&["down", "--wipe"]) {
            eprintln!("{error:#}");
        }
    }
}

/// The exercise's blocks as one script, with these ports.
fn exercise(servers: Ports, cart: u16, order: u16) -> String {
    let blocks = blocks_run_by("testbed/tests/tour.rs", README);
    let scripts = blocks.iter().filter(|block| block.language == "sh");
    let checked = scripts.map(|block| with_checks(&block.text)).collect::<String>();
    let script = PRELUDE.to_owned() + &checked;
    script
        .replace("localhost:9092", &format!("localhost:{}", servers.kafka))
        .replace("localhost:8081", &format!("localhost:{}", servers.registry))
        .replace("localhost:8000", &format!("localhost:{cart}"))
        .replace("localhost:8001", &format!("localhost:{order}"))
        .replace("scripts/run.sh", "$PROGRAMS/sandbox")
}

/// The lines that the exercise shows as printed.
fn shown() -> Vec<String> {
    let mut blocks = blocks_run_by("testbed/tests/tour.rs", README);
    blocks.retain(|block| block.language != "sh");
    blocks
        .iter()
        .flat_map(|block| block.text.lines().map(str::to_owned))
        .collect()
}

/// Whether a line is printed as it is shown, in which … stands for whatever differs in each run.
fn is_printed(said: &str, shown: &str) -> bool {
    said.lines().any(|line| {
        let mut rest = line;
        shown.split('…').all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    })
}

fn programs() -> anyhow::Result<PathBuf> {
    let cart_service = Program::Cart.binary()?;
    Ok(cart_service.parent().context("the folder of the programs")?.to_owned())
}

#[test]
fn the_exercise_with_a_registry_outage_works_as_printed() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let directory = tempfile::tempdir()?;
    let here = directory.path();
    std::os::unix::fs::symlink(root.join("scripts"), here.join("scripts"))?;
    let servers = Ports {
        kafka: ports::free()?,
        controller: ports::free()?,
        registry: ports::free()?,
        behind_proxy: ports::free()?,
        proxy: ports::free()?,
    };
    let stack = Stack(StackScript::new(here.join("stack"), servers.environment()));
    let (cart, order) = (ports::free()?, ports::free()?);
    let output = Command::new("timeout")
        .args(["--kill-after=20", LIMIT, "bash", "-c", &exercise(servers, cart, order)])
        .current_dir(here)
        .envs(servers.environment())
        .env("ORDERLOG_STACK_DIR", here.join("stack"))
        .env("PROGRAMS", programs()?)
        .env("CART_PORT", cart.to_string())
        .env("ORDER_PORT", order.to_string())
        .env("ORDER_SERVICE_URL", format!("http://localhost:{order}"))
        .stdin(Stdio::null())
        .output()
        .context("running bash")?;
    drop(stack);
    let (said, erred) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    anyhow::ensure!(output.status.success(), "{said}\n---\n{erred}");
    let shown = shown();
    assert!(shown.len() > 3, "{shown:?}");
    for line in shown {
        assert!(is_printed(&said, &line), "{line} is not in\n{said}\n---\n{erred}");
    }
    Ok(())
}

#[test]
fn a_shown_line_is_printed_if_all_its_parts_are_in_one_line_in_order() {
    let said = "first: a 1, b 2.\nsecond";
    assert!(
        ["first: a …, b ….", "second", "…rst: a 1…"]
            .iter()
            .all(|line| is_printed(said, line))
    );
    assert!(
        ["third", "b …, a …", "first…second"]
            .iter()
            .all(|line| !is_printed(said, line))
    );
}
