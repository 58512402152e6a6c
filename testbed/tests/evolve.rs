//! The worked example of docs/evolve.md, run exactly as printed in a copy of this workspace: another version of the schema
//! is written, proved, built and rolled out beside the old release. Only ports and addresses differ.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

use anyhow::Context;
use sandbox::testing::documents::{blocks_run_by, with_checks};
use testbed::ports;
use testbed::servers::Servers;

const DOCUMENT: &str = include_str!("../../docs/evolve.md");
/// The contents of a copy of the workspace.
const WORKSPACE: [&str; 12] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "cart-service",
    "common",
    "docs",
    "order-service",
    "sandbox",
    "schemas",
    "scripts",
    "testbed",
    "torture",
];

/// The example's blocks in one script, for one shell.
fn example() -> String {
    let blocks = blocks_run_by("testbed/tests/evolve.rs", DOCUMENT);
    let checked = blocks.iter().map(|block| with_checks(&block.text));
    let head = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n";
    head.to_owned() + &checked.collect::<String>()
}

/// The target directory, which contains this test.
fn target() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program
        .ancestors()
        .nth(3)
        .context("the test program is not in a target directory")?;
    Ok(target.to_path_buf())
}

/// Copies a directory, file by file with `file`.
fn copy(from: &Path, to: &Path, file: fn(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    if !from.is_dir() {
        return file(from, to);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()), file)?;
    }
    Ok(())
}

/// Whether a build artifact belongs to a package of this workspace.
fn is_ours(file: &str) -> bool {
    let file = file.strip_prefix("lib").unwrap_or(file).replace('_', "-");
    let members = [
        "cart-service",
        "orderlog",
        "order-service",
        "sandbox",
        "testbed",
        "torture",
    ];
    members.iter().any(|member| file.starts_with(&format!("{member}-")))
}

/// A target directory that has all dependencies built already, as links. Nothing of this workspace's own is there: the
/// copy's packages have the same names, and must not overwrite our files.
fn seeded_target(target: &Path) -> anyhow::Result<PathBuf> {
    let seeded = target.join("evolving");
    // Of an earlier run.
    let _ = fs::remove_dir_all(&seeded);
    for part in ["deps", ".fingerprint", "build"] {
        let (from, to) = (target.join("debug").join(part), seeded.join("debug").join(part));
        fs::create_dir_all(&to)?;
        for entry in fs::read_dir(&from).with_context(|| from.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // Dependencies are libraries; everything else there are our programs and tests.
            if is_ours(&name) || part == "deps" && !name.starts_with("lib") {
                continue;
            }
            copy(&entry.path(), &to.join(&name), |from, to| fs::hard_link(from, to))?;
        }
    }
    Ok(seeded)
}

/// `name` in place of everything that tests must not share.
fn adapted(script: &str, servers: &Servers, name: &str) -> anyhow::Result<String> {
    let mut script = script
        .replace("http://localhost:8081/apis/ccompat/v7", &servers.registry)
        .replace("localhost:9092", &servers.kafka)
        .replace("evolving", name);
    for port in ["8000", "8001", "8002"] {
        let free = ports::free()?;
        script = script
            .replace(&format!("localhost:{port}"), &format!("localhost:{free}"))
            .replace(&format!("--api-port {port}"), &format!("--api-port {free}"));
    }
    Ok(script)
}

#[test]
fn the_worked_example_works_as_printed() -> anyhow::Result<()> {
    let servers = Servers::from_env()?;
    let name = format!("evolving-{:08x}", fastrand::u32(..));
    let script = adapted(&example(), &servers, &name)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copied = tempfile::tempdir()?;
    for part in WORKSPACE {
        let from = root.join(part);
        if from.exists() {
            copy(&from, &copied.path().join(part), |from, to| {
                fs::copy(from, to).map(|_| ())
            })?;
        }
    }
    let target = seeded_target(&target()?)?;
    let python = Path::new(&servers.python).parent().context("the folder of Python")?;
    let path = format!("{}:{}", python.display(), env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(copied.path())
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", &target)
        // So that `stack.sh up` finds the running servers instead of starting others.
        .env("ORDERLOG_STACK_DIR", &servers.stack_dir)
        // Incremental builds write into existing files.
        .env("CARGO_INCREMENTAL", "0")
        .stdin(Stdio::null())
        .output()
        .context("running bash")?;
    let (said, erred) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    anyhow::ensure!(output.status.success(), "{script}\n---\n{said}\n---\n{erred}");
    for line in ["v1", "v2", "[1,2]"] {
        assert!(said.contains(line), "{line} in\n{said}");
    }
    let ids: Vec<(&str, &str)> = said
        .lines()
        .filter_map(|line| line.split_once(" has schema id "))
        .collect();
    let of = |order: &str| {
        ids.iter()
            .filter(|(key, _)| *key == order)
            .map(|(_, id)| *id)
            .collect::<Vec<_>>()
    };
    let (old, new) = (of("OLD-1"), of("NEW-1"));
    assert_eq!((old.len(), new.len()), (2, 2), "{said}");
    assert!(old[0] == old[1] && new[0] == new[1] && old[0] != new[0], "{said}");
    fs::remove_dir_all(target)?;
    Ok(())
}
