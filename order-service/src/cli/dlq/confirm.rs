//! Whether somebody means as many dead letters as they select. Where nobody can be asked, `--all` takes `--yes`.

use std::io::{self, IsTerminal, Write};

use anyhow::bail;

use super::Selection;
use super::client::Client;
use super::model::{Info, Messages};

/// As many dead letters are counted; a question about more says so.
const MAX_COUNTED: usize = 1000;

/// A change of dead letters.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// What is done to them, in a question.
    pub verb: &'static str,
    /// The states of those that a filter selects.
    pub states: &'static [&'static str],
}

/// Writes their records back: open ones only.
pub const REPLAY: Change = Change {
    verb: "Replay",
    states: &["open"],
};
/// Discards them.
pub const DISCARD: Change = Change {
    verb: "Discard",
    states: &["open", "parked"],
};

/// Asks a question; whether the answer is yes.
pub type Ask<'a> = &'a mut (dyn FnMut(&str) -> io::Result<bool> + Send);

/// Asks on the terminal, if there is one: both stdin and stderr have to be.
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on stderr, and reads the answer from stdin.
///
/// # Errors
/// Neither can be used.
pub fn on_terminal(question: &str) -> io::Result<bool> {
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Makes sure that those are meant which the selection has, if a filter selects more than one. `ask` is `None` where nobody can be
/// asked.
///
/// # Errors
/// They are not meant, nobody can be asked, or order-service does not answer.
pub async fn confirm(
    client: &Client,
    selection: &Selection,
    yes: bool,
    change: Change,
    ask: Option<Ask<'_>>,
) -> anyhow::Result<()> {
    if yes || !selection.ids.is_empty() {
        return Ok(());
    }
    let Some(ask) = ask else {
        if selection.all {
            bail!("nothing was done: --all needs --yes where there is no terminal to ask on");
        }
        return Ok(());
    };
    let counts = counts(client, selection, change).await?;
    let count: u64 = counts.iter().map(|(_, count)| count.number).sum();
    if count <= 1 && !selection.all || count == 0 {
        return Ok(());
    }
    if ask(&question(change, &counts))? {
        Ok(())
    } else {
        bail!("nothing was done; --yes answers the question beforehand")
    }
}

/// How many dead letters are selected, or that many at least.
#[derive(Clone, Copy, Debug)]
struct Count {
    number: u64,
    is_least: bool,
}

fn question(change: Change, counts: &[(&str, Count)]) -> String {
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, count)| count.number > 0)
        .map(|(state, count)| {
            let least = if count.is_least { "more than " } else { "" };
            format!("{least}{} {state}", count.number)
        })
        .collect();
    let is_one = counts.iter().map(|(_, count)| count.number).sum::<u64>() == 1;
    let noun = if is_one { "dead letter" } else { "dead letters" };
    format!("{} {} {noun}?", change.verb, parts.join(" and "))
}

async fn counts(client: &Client, selection: &Selection, change: Change) -> anyhow::Result<Vec<(&'static str, Count)>> {
    let mut counts = Vec::new();
    if selection.all {
        let by_state = client.get::<Info>("/dlq/info", &[]).await?.body.by_state;
        for &state in change.states {
            let number = by_state.get(state).copied().unwrap_or_default();
            counts.push((
                state,
                Count {
                    number,
                    is_least: false,
                },
            ));
        }
        return Ok(counts);
    }
    for &state in change.states {
        let mut query = vec![("limit", MAX_COUNTED.to_string()), ("state", state.to_owned())];
        let given = [
            ("code", selection.code.map(|code| code.as_str().to_owned())),
            ("since", selection.since.clone()),
            ("until", selection.until.clone()),
        ];
        query.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let page = client.get::<Messages>("/dlq/messages", &query).await?.body;
        let count = Count {
            number: page.messages.len() as u64,
            is_least: page.next.is_some(),
        };
        counts.push((state, count));
    }
    Ok(counts)
}
