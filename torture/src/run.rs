//! One run, from an empty directory to the verdict.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use fastrand::Rng;
use futures::future::try_join_all;
use serde_json::json;
use tokio::sync::{Mutex, watch};

use crate::checks::Run;
use crate::choice::Choice;
use crate::clients::{CLIENTS, Client};
use crate::cluster::{Cluster, DISK, DISK_MIB, STORES};
use crate::evidence::Evidence;
use crate::faults::{Brokers, Fault};
use crate::history::{Class, Clock, Op, Recorder, Round};
use crate::injector::Injector;
use crate::management::Job;
use crate::nemesis::Nemesis;
use crate::operator::Operator;
use crate::options::Options;
use crate::schedule::{self, Planned};
use crate::stack::{Layout, Stack};
use crate::{decode, namespace, report};
use testbed::disk::SmallDisk;
use testbed::service::Program;
use testbed::stack::Ports;

/// How many runs are kept; a half-hour run takes about 50 MB.
const KEPT_RUNS: usize = 10;
/// Pause between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Runs, and prints what the checks found. Returns whether all of them hold.
///
/// # Errors
/// If the run cannot be started or completed.
pub async fn run(options: &Options) -> anyhow::Result<bool> {
    decode::check_newest_schema()?;
    let _ = (Program::Cart.binary()?, Program::Order.binary()?);
    let seed = options.seed.unwrap_or_else(|| Rng::new().u64(..1_000_000));
    let dir = directory(options)?;
    // Held until the end: two runs in one directory would end each other's processes.
    let lock = std::fs::File::create(dir.join("lock")).with_context(|| format!("locking {}", dir.display()))?;
    lock.try_lock()
        .with_context(|| format!("another run uses {}; choose another --dir", dir.display()))?;
    // Leftovers of a killed run; usually none.
    let _ = std::fs::remove_dir_all(dir.join(STORES));
    let disk = small_disk(&dir)?;
    let brokers = brokers(options.brokers, &dir)?;
    let mut choice = Choice {
        only: options.only.clone(),
        without: options.without.clone(),
    };
    if disk.is_none() {
        choice.without.push(Fault::FillDisk.kind());
    }
    choice.check(brokers)?;
    let kept = directory_of_run(&dir, seed)?;
    let layout = match brokers {
        Brokers::One => Layout::One(Ports::in_a_row(options.port)),
        Brokers::Three => Layout::Three(options.net.clone()),
    };
    eprintln!(
        "torture: seed {seed}, {} minutes, {}; results go to {}",
        options.minutes,
        brokers.name(),
        kept.display()
    );
    describe(&kept, seed, options.minutes, brokers)?;

    let clock = Clock::start();
    let cluster = Cluster::start(&dir, &kept, layout, disk, clock).await?;
    eprintln!("torture: ready after {} s", clock.now() / 1_000_000);
    let schedule = schedule::rounds(seed, brokers, choice);
    let time = Duration::from_secs_f64(options.minutes * 60.0);
    let run = torture(&cluster, &kept, seed, schedule, time, clock).await?;
    drop(cluster);
    let Some(run) = run else { return Ok(false) };
    let acknowledged = run.history.iter().any(|op| op.is_write() && op.class == Class::Ok);
    anyhow::ensure!(acknowledged, "no write was acknowledged: this run proves nothing");
    let chosen = !options.only.is_empty() || !options.without.is_empty();
    let title = format!("Seed {seed}, {} minutes, {}.", options.minutes, brokers.name());
    Ok(report::print(&title, chosen, &run, &kept))
}

/// Injects the faults and reads the results; `None` if the system no longer even answers.
async fn torture(
    cluster: &Cluster,
    kept: &Path,
    seed: u64,
    schedule: impl Iterator<Item = Vec<Planned>>,
    time: Duration,
    clock: Clock,
) -> anyhow::Result<Option<Run>> {
    let history = Recorder::<Op>::new(&kept.join("history.jsonl"))?;
    let rounds = Recorder::new(&kept.join("rounds.jsonl"))?;
    let written = Recorder::new(&kept.join("injected.jsonl"))?;
    let (kafka, registry) = (cluster.stack.kafka(), cluster.stack.registry());
    let injector = Injector::new(&kafka, &registry, written, clock).await?;
    let (managed, floods) = (
        Recorder::new(&kept.join("managed.jsonl"))?,
        Recorder::new(&kept.join("floods.jsonl"))?,
    );
    let operator = Operator {
        seed,
        url: &cluster.urls()[2],
        registry: registry.clone(),
        kafka: kafka.clone(),
        injector: &injector,
        managed: &managed,
        turn: Mutex::new(()),
        jobs: Default::default(),
        late: Recorder::new(&kept.join("late-schemas.jsonl"))?,
        clock,
    };
    let nemesis = Nemesis {
        cluster,
        injector: &injector,
        history: &history,
        rounds: &rounds,
        operator: &operator,
        floods: &floods,
        clock,
    };
    let end = clock.now() + u64::try_from(time.as_micros())?;
    let (stop, stopped) = watch::channel(false);
    let faults = async {
        for planned in schedule {
            // After a round without recovery, further rounds would show nothing new.
            if clock.now() >= end || !nemesis.round(&planned).await? {
                break;
            }
        }
        stop.send_replace(true);
        anyhow::Ok(())
    };
    let clients = (0..CLIENTS).map(|n| Client {
        n,
        seed,
        urls: cluster.urls(),
        history: &history,
        copies: &injector.written,
        clock,
    });
    let clients: Vec<Client<'_>> = clients.collect();
    let clients = try_join_all(clients.iter().map(|client| client.run(&stopped)));
    tokio::try_join!(
        faults,
        clients,
        operator.run(&stopped),
        progress(&history, &rounds, clock, end, stopped.clone())
    )?;

    eprintln!("torture: the faults are over; reading everything");
    let last = rounds.ask(|rounds| rounds.last().map(|last: &Round| last.settled.is_ok()));
    // Waits until the last writes have been read too, unless reading is known to have stopped.
    let recovered = match last {
        Some(false) => false,
        _ => nemesis.conclude(Vec::new(), clock.now(), clock.now()).await?,
    };
    let late = operator.late.entries();
    let evidence = match Evidence::read_all(&cluster.stack.brokers(), &cluster.urls()[2], &injector, late).await {
        Ok(evidence) => evidence,
        Err(error) if recovered => return Err(error),
        Err(error) => {
            let seen = rounds.ask(|rounds| rounds.last().and_then(|last| last.settled.clone().err()));
            println!(
                "**FAILED**: no recovery, {}; reading everything: {error:#}",
                seen.unwrap_or_default()
            );
            return Ok(None);
        }
    };
    evidence.keep(kept)?;
    let jobs: Vec<Job> = operator.take_jobs();
    std::fs::write(kept.join("replays.json"), serde_json::to_vec_pretty(&jobs)?).context("writing the replays")?;
    Ok(Some(Run {
        history: history.entries(),
        injected: injector.written.entries(),
        rounds: rounds.entries(),
        endings: cluster.endings.entries(),
        managed: managed.entries(),
        jobs,
        floods: floods.entries(),
        evidence,
    }))
}

async fn progress(
    history: &Recorder<Op>,
    rounds: &Recorder<Round>,
    clock: Clock,
    end: u64,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    while tokio::time::timeout(PROGRESS_INTERVAL, stopped.wait_for(|stopped| *stopped))
        .await
        .is_err()
    {
        let left = end.saturating_sub(clock.now()) / 1_000_000;
        let faults = rounds.ask(|rounds| rounds.iter().map(|round| round.faults.len()).sum::<usize>());
        let writes = history.ask(|ops| ops.iter().filter(|op| op.is_write() && op.class == Class::Ok).count());
        eprintln!("torture: {left} s left, {faults} faults, {writes} writes acknowledged");
    }
    Ok(())
}

fn directory(options: &Options) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("locating this program")?;
    // Beside the directory of the profile that it was built with.
    let beside = || program.ancestors().nth(2).map(|target| target.join("torture"));
    let dir = options
        .dir
        .clone()
        .or_else(beside)
        .context("this program is not in a target directory: pass --dir")?;
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    dir.canonicalize()
        .with_context(|| format!("resolving {}", dir.display()))
}

/// The directory of this run; older runs are removed.
fn directory_of_run(dir: &Path, seed: u64) -> anyhow::Result<PathBuf> {
    let (runs, now) = (
        dir.join("runs"),
        SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    );
    let kept = runs.join(format!("{now}-seed-{seed}"));
    std::fs::create_dir_all(&kept).with_context(|| format!("creating {}", kept.display()))?;
    let mut all = std::fs::read_dir(&runs)?
        .map(|run| Ok(run?.path()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    // Their names begin with their time.
    all.sort();
    for old in all.iter().rev().skip(KEPT_RUNS) {
        std::fs::remove_dir_all(old).with_context(|| format!("removing {}", old.display()))?;
    }
    Ok(kept)
}

/// The small disk, if one can be mounted. CI must not skip this fault.
fn small_disk(dir: &Path) -> anyhow::Result<Option<SmallDisk>> {
    match SmallDisk::mount_at(&dir.join(DISK), DISK_MIB) {
        Ok(disk) => Ok(Some(disk)),
        Err(error) => {
            namespace::enter();
            let left_out = "cannot mount a small disk here, not even in a namespace";
            anyhow::ensure!(std::env::var("CI").as_deref() != Ok("true"), "{left_out}: {error:#}");
            eprintln!("torture: {left_out}; the fault \"disk full\" is skipped ({error:#})");
            Ok(None)
        }
    }
}

/// As many brokers as requested, if possible. CI must not skip their faults.
fn brokers(wanted: Brokers, dir: &Path) -> anyhow::Result<Brokers> {
    if wanted == Brokers::One {
        return Ok(wanted);
    }
    let Err(error) = Stack::check_three_brokers(&dir.join("stack")) else {
        return Ok(wanted);
    };
    let left_out = "cannot run three brokers here";
    anyhow::ensure!(std::env::var("CI").as_deref() != Ok("true"), "{left_out}: {error:#}");
    eprintln!("torture: {left_out}; using one; faults of leaders are skipped ({error:#})");
    Ok(Brokers::One)
}

/// Records the parameters of the run, and the version under test.
fn describe(kept: &Path, seed: u64, minutes: f64, brokers: Brokers) -> anyhow::Result<()> {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let commit = git
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let run = json!({
        "seed": seed,
        "minutes": minutes,
        "brokers": brokers.name(),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": commit.as_deref().map(str::trim),
        "debugBuild": cfg!(debug_assertions),
    });
    std::fs::write(kept.join("run.json"), run.to_string()).context("writing run.json")
}
