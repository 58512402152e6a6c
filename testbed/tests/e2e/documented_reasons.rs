//! docs/dead-letters.md: every kind of poison is listed under the code that it leads to, with the reason that it gets.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::Context;
use sandbox::testing::documents::{only_block_run_by, with_checks};
use testbed::poison::{Kind, Poisoner, ValueEnum};
use testbed::world::World;

use crate::others;

const DEAD_LETTERS: &str = include_str!("../../../docs/dead-letters.md");
/// As the marker of the block names this test.
const THIS: &str = "testbed/tests/e2e/documented_reasons.rs";

/// A row of the document: the kind's name on the command line, the code and the reason.
struct Row {
    kind: &'static str,
    code: &'static str,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let mut code = "";
    let mut rows = Vec::new();
    for line in DEAD_LETTERS.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            code = heading.trim_matches('`');
        }
        let row = line
            .strip_prefix("| `--kind ")
            .and_then(|row| row.strip_suffix(" |")?.split_once("` | "));
        rows.extend(row.map(|(kind, reason)| Row { kind, code, reason }));
    }
    rows
}

/// Whether a reason is the documented one, in which `…` stands for anything.
fn is_as_documented(reason: &str, documented: &str) -> bool {
    let mut parts = documented.split('…').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let rest = reason.strip_prefix(first);
    let rest = parts.fold(rest, |rest, part| Some(rest?.split_once(part)?.1));
    rest.is_some_and(|rest| rest.is_empty() || documented.contains('…'))
}

#[tokio::test]
async fn every_kind_of_poison_gets_the_documented_code_and_reason() -> anyhow::Result<()> {
    let world = World::new("documented-reasons")?;
    let order = world.order()?.with_short_grace().start().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let rows = rows();
    let named: BTreeSet<_> = rows.iter().map(|row| row.kind).collect();
    let kinds = Kind::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let kinds: Vec<String> = kinds.map(|kind| kind.get_name().to_owned()).collect();
    assert_eq!(named, kinds.iter().map(String::as_str).collect(), "the kinds");
    for row in &rows {
        let kind = Kind::from_str(row.kind, false).map_err(anyhow::Error::msg)?;
        poisoner.write(kind, row.kind, &[]).await?;
    }
    world.await_dead_letters(&order, rows.len()).await?;
    let listed = order.http.dead_letters(100).await?;
    for row in &rows {
        let is_of_row = |key: &str| key == row.kind || key == format!("{}-not", row.kind);
        let letter = listed
            .iter()
            .find(|letter| letter.key.as_deref().is_some_and(is_of_row));
        let letter = letter.with_context(|| format!("no dead letter of {}", row.kind))?;
        assert_eq!(letter.code.as_deref(), Some(row.code), "{}", row.kind);
        let reason = letter.reason.as_deref().unwrap_or_default();
        assert!(is_as_documented(reason, row.reason), "{}: {reason}", row.kind);
    }

    let block = only_block_run_by(THIS, DEAD_LETTERS)?;
    let address = order.http.url().trim_start_matches("http://");
    let script = with_checks(&block.text.replace("localhost:8001", address));
    let mut bash = Command::new("bash");
    bash.args(["-e", "-o", "pipefail", "-c", &script]);
    others::run(bash, String::new()).await?;
    Ok(())
}
