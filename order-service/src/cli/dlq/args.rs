//! What `order-service dlq` takes on its command line.

use clap::{ArgGroup, Args, Subcommand};
use orderlog_contract::rejection::Code;

use super::connection::Connection;
use super::values::{Id, code, time};

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  not done, for the reason that is printed
  2  an option is invalid
  3  done, but some dead letters were dead-lettered again, parked or failed (with --dry-run: would be), or not discarded";

const OF_LIST: &str = "Examples:
  order-service dlq list                                     the newest open dead letters
  order-service dlq list --code unknown_schema_id --limit 20
  order-service dlq list --order ORD-1001 --state any        one order's, whatever became of them
  order-service dlq list --json | jq -r '.messages[].id'     ids, for dlq replay";
const OF_SHOW: &str = "Examples:
  order-service dlq show 0-17
  order-service dlq show 0-17 --json | jq .decoding";
const OF_REPLAY: &str = "The cause must be gone first: --dry-run says what would become of each dead letter. A dead letter is replayed at most once; if it
is rejected again, it becomes a new one, and after three replays it is parked.

Examples:
  order-service dlq replay --code unknown_schema_id --dry-run
  order-service dlq replay --code unknown_schema_id
  order-service dlq replay 0-17 0-18
  order-service dlq replay --since 2026-01-02T03:00:00Z --until 2026-01-02T04:00:00Z --rate 100
  order-service dlq replay --all --yes --no-wait --json | jq -r .id";
const OF_DISCARD: &str =
    "A discarded dead letter stays on the topic, but is no longer listed or counted as open, and cannot be replayed.

Examples:
  order-service dlq discard 0-17 --reason 'test data'
  order-service dlq discard --code wrong_schema --reason 'events of another team'";
const OF_RESUME: &str =
    "A partition pauses when more than 1,000 of its last 2,000 records became dead letters. Repair the cause first.

Examples:
  order-service dlq resume                                   every paused partition; counting begins anew
  order-service dlq resume --partition 2 --max-dead-letters 1500
  order-service dlq resume --partition 2 --max-dead-letters 1000   the limit that it had at first";
const OF_REPLAYS: &str = "Examples:
  order-service dlq replays
  order-service dlq replays 019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11
  order-service dlq replays 019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11 --stop";

/// The command.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct DlqArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with dead letters.
#[derive(Clone, Debug, Subcommand)]
pub enum Action {
    /// List dead letters, newest first
    #[command(after_help = OF_LIST)]
    List(ListArgs),
    /// Show one dead letter: its bytes, its headers, what is wrong with it, and what to do
    #[command(after_help = OF_SHOW)]
    Show(ShowArgs),
    /// Write dead letters back to the event topic, and see what becomes of them
    #[command(after_help = OF_REPLAY)]
    Replay(ReplayArgs),
    /// Take dead letters out of the list, with a reason
    #[command(
        after_help = OF_DISCARD,
        mut_arg("code", |arg| arg.help("Every open or parked one with this code")),
        mut_arg("since", |arg| arg.help("Every open or parked one that was written then or later, such as 2026-01-02T03:04:05Z")),
        mut_arg("until", |arg| arg.help("Every open or parked one that was written before then")),
        mut_arg("all", |arg| arg.help("Every open or parked one"))
    )]
    Discard(DiscardArgs),
    /// Resume partitions that pause because of their dead letters
    #[command(after_help = OF_RESUME)]
    Resume(ResumeArgs),
    /// List the replays, show one, or stop it
    #[command(after_help = OF_REPLAYS)]
    Replays(ReplaysArgs),
}

impl Action {
    /// Which order-service is asked.
    pub fn connection(&self) -> &Connection {
        match self {
            Self::List(args) => &args.connection,
            Self::Show(args) => &args.connection,
            Self::Replay(args) => &args.connection,
            Self::Discard(args) => &args.connection,
            Self::Resume(args) => &args.connection,
            Self::Replays(args) => &args.connection,
        }
    }
}

/// Which dead letters to list.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only those with this code
    #[arg(long, value_parser = code)]
    pub code: Option<Code>,
    /// Only those whose record was in this partition of the event topic
    #[arg(long, value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
    /// Only those whose record had exactly this key
    #[arg(long = "order", value_name = "KEY")]
    pub order: Option<String>,
    /// Only those written then or later, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<String>,
    /// Only those written before then
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<String>,
    /// Only those in this state
    #[arg(long, default_value = "open", value_parser = ["open", "parked", "replayed", "discarded", "any"])]
    pub state: String,
    /// How many at most
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Only those after this one in the list: the next page
    #[arg(long, value_name = "ID")]
    pub after: Option<Id>,
    /// Which order-service is asked.
    #[command(flatten)]
    pub connection: Connection,
}

impl ListArgs {
    /// The parameters of the request.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = vec![("limit", self.limit.to_string()), ("state", self.state.clone())];
        let given = [
            ("code", self.code.map(|code| code.as_str().to_owned())),
            ("partition", self.partition.map(|partition| partition.to_string())),
            ("orderId", self.order.clone()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
            ("after", self.after.map(|id| id.to_string())),
        ];
        query.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
        query
    }
}

/// Which dead letter to show.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Its id, as dlq list shows it
    #[arg(value_name = "ID")]
    pub id: Id,
    /// Which order-service is asked.
    #[command(flatten)]
    pub connection: Connection,
}

/// Which dead letters to replay or discard.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("selection").args(["ids", "code", "since", "until", "all"]).required(true).multiple(true))]
pub struct Selection {
    /// Ids of dead letters, as dlq list shows them
    #[arg(value_name = "ID", num_args = 0..=1000, conflicts_with_all = ["code", "since", "until", "all"])]
    pub ids: Vec<Id>,
    /// Every open one with this code
    #[arg(long, value_parser = code, conflicts_with_all = ["since", "until", "all"])]
    pub code: Option<Code>,
    /// Every open one that was written then or later, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "all")]
    pub since: Option<String>,
    /// Every open one that was written before then
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "all")]
    pub until: Option<String>,
    /// Every open one
    #[arg(long)]
    pub all: bool,
}

/// What to replay.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// Which dead letters.
    #[command(flatten)]
    pub selection: Selection,
    /// Only say what would become of them
    #[arg(long, conflicts_with_all = ["rate", "no_wait"])]
    pub dry_run: bool,
    /// Records per second at most; by default as order-service's REPLAY_RATE says
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Exit once the replay has started
    #[arg(long)]
    pub no_wait: bool,
    /// Do not ask first; needed for --all where there is no terminal to ask on
    #[arg(long, short)]
    pub yes: bool,
    /// Which order-service is asked.
    #[command(flatten)]
    pub connection: Connection,
}

/// What to discard.
#[derive(Args, Clone, Debug)]
pub struct DiscardArgs {
    /// Which dead letters.
    #[command(flatten)]
    pub selection: Selection,
    /// Why, in up to 500 characters; kept with the dead letters
    #[arg(long)]
    pub reason: String,
    /// Do not ask first; needed for --all where there is no terminal to ask on
    #[arg(long, short)]
    pub yes: bool,
    /// Which order-service is asked.
    #[command(flatten)]
    pub connection: Connection,
}

/// What to resume.
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// Only this partition
    #[arg(long, value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
    /// How many of its last 2,000 records may be dead letters from now on, before the partition pauses: 1000, as at first, to 2000,
    /// with which it never does
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1000..=2000))]
    pub max_dead_letters: Option<u32>,
    /// Which order-service is asked.
    #[command(flatten)]
    pub connection: Connection,
}

/// Which replays to show.
#[derive(Args, Clone, Debug)]
pub struct ReplaysArgs {
    /// Only this replay, in detail
    #[arg(value_name = "REPLAY")]
    pub job: Option<uuid::Uuid>,
    /// Stop it
    #[arg(long, requires = "job")]
    pub stop: bool,
    /// Which order-service is asked.
    #[command(flatten)]
    pub connection: Connection,
}
