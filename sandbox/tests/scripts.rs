//! The scripts: `scripts/run.sh --help` prints its text without building the program, so a test keeps it in sync with the
//! program; `scripts/stack.sh` checks its ports.

use std::process::Command;

use clap::{Arg, CommandFactory, ValueEnum};
use sandbox::cli::Cli;
use sandbox::poison::Kind;

const RUN: &str = include_str!("../../scripts/run.sh");
const README: &str = include_str!("../../README.md");

fn help(flag: &Arg) -> String {
    as_printed(flag.get_help().expect("a help text").to_string())
}

/// A help text as the script prints it: with a small letter at the beginning.
fn as_printed(help: impl Into<String>) -> String {
    let help = help.into();
    let mut letters = help.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[test]
fn run_sh_says_the_same_of_the_first_build_as_the_readme() {
    let (_, said) = RUN.split_once("say \"The first build").expect("a line about it");
    let (said, _) = said.split_once('"').expect("its end");
    let readme: Vec<&str> = README.split_whitespace().collect();
    assert!(readme.join(" ").contains(&format!("The first build{said}")), "{said}");
}

/// Exit code and text of the script with those arguments, with a cargo that builds nothing.
#[cfg(unix)]
fn run_sh(arguments: &[&str]) -> (Option<i32>, String) {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().expect("a directory");
    let cargo = dir.path().join("cargo");
    let text = format!(
        "#!/bin/sh\ncase $1 in\n  run) echo cargo \"$@\" ;;\n  *) exec '{}' \"$@\" ;;\nesac\n",
        env!("CARGO")
    );
    std::fs::write(&cargo, text).expect("written");
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let path = std::env::var("PATH").expect("a path");
    let output = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/run.sh"))
        .args(arguments)
        .env("PATH", format!("{}:{path}", dir.path().display()))
        .output()
        .expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[cfg(unix)]
#[test]
fn run_sh_reports_a_mistyped_argument_without_building() {
    for (arguments, named) in [
        (&["--dmeo"][..], "--dmeo"),
        (&["--dem"], "--dem"),
        (&["--demo", "--cart-prot=8000"], "--cart-prot"),
        (&["--cart-port", "8000", "--kind=empty"], "--kind"),
        (&["poison", "--demo"], "--demo"),
        (&["poision"], "poision"),
        (&["--cart-port"], "--cart-port"),
        (&["--cart-port", "abc"], "abc"),
        (&["--kafka-port", "--demo"], "--kafka-port"),
        (&["--demo=yes"], "--demo"),
        (&["poison", "--kind"], "--kind"),
        (&["poison", "--kind=foo"], "foo"),
    ] {
        let (code, said) = run_sh(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains(named) && said.contains("scripts/run.sh --help") && !said.contains("cargo"),
            "{arguments:?}: {said}"
        );
    }
    let flags = Cli::command();
    let run_flags = flags.get_arguments().map(|flag| (None, flag));
    let of_subcommands = flags.get_subcommands().flat_map(|subcommand| {
        let name = Some(subcommand.get_name());
        subcommand.get_arguments().map(move |flag| (name, flag))
    });
    for (subcommand, flag) in run_flags.chain(of_subcommands) {
        let long = format!("--{}", flag.get_long().expect("a long name"));
        let takes_value = flag.get_action().takes_values();
        let mut arguments: Vec<&str> = subcommand.into_iter().collect();
        arguments.push(&long);
        // Most values are none of the script's business.
        let default = flag.get_default_values().first().and_then(|value| value.to_str());
        arguments.extend(takes_value.then_some(default.unwrap_or("--dmeo")));
        let (code, said) = run_sh(&arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        let run = format!("cargo run --release -- {}", arguments.join(" "));
        assert!(said.contains(&run), "{run} in {said}");
    }
}

#[test]
fn the_help_of_run_sh_has_every_flag_with_its_help_variable_and_default() {
    let (_, usage) = RUN.split_once("<<'END'\n").expect("a text");
    let (usage, _) = usage.split_once("\nEND\n").expect("its end");
    let words: Vec<&str> = usage.split_whitespace().collect();
    let in_one_line = words.join(" ");
    let command = Cli::command();
    let about = command.get_about().expect("a text").to_string();
    assert!(
        in_one_line.contains(about.split(": ").nth(1).expect("a list")),
        "{about}"
    );
    let long_about = command.get_long_about().expect("a longer text").to_string();
    let (_, more) = long_about.split_once("\n\n").expect("a second paragraph");
    assert!(in_one_line.contains(more.trim_end_matches('.')), "{more}");
    for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
        let long = format!("--{} ", flag.get_long().expect("a long name"));
        let (_, line) = usage
            .split_once(&long)
            .unwrap_or_else(|| panic!("{long}is not in the text"));
        let line = line.split("\n      --").next().unwrap_or_default();
        if let Some(variable) = flag.get_env() {
            assert!(
                line.contains(&format!("[env: {}]", variable.to_string_lossy())),
                "{line}"
            );
        }
        if flag.get_action().takes_values() && !flag.is_hide_default_value_set() {
            for default in flag.get_default_values() {
                assert!(
                    line.contains(&format!("[default: {}]", default.to_string_lossy())),
                    "{line}"
                );
            }
        }
    }
    let flags = command
        .get_subcommands()
        .flat_map(|subcommand| subcommand.get_arguments());
    for flag in flags.chain(command.get_arguments()) {
        assert!(in_one_line.contains(&help(flag)), "{}", help(flag));
    }
    for kind in Kind::value_variants() {
        let value = kind.to_possible_value().expect("a name");
        let help = as_printed(value.get_help().expect("a help text").to_string());
        let line = format!("{} {help}", value.get_name());
        assert!(in_one_line.contains(&line), "{line}");
    }
    for subcommand in command.get_subcommands() {
        for flag in subcommand.get_arguments() {
            let long = format!("--{} ", flag.get_long().expect("a long name"));
            assert!(usage.contains(&long), "{long}");
        }
        assert!(
            usage.contains(&format!("scripts/run.sh {}", subcommand.get_name())),
            "{}",
            subcommand.get_name()
        );
    }
}

/// What `stack.sh up` says about ports before it starts servers, on a system that gives 30000 to 40000 to outgoing connections.
fn warning_of(ports: &[(&str, &str)]) -> String {
    let script = "source lib/common.sh; source lib/stack/processes.sh
        ephemeral_ports() { echo 30000 40000; }
        warn_of_ephemeral_ports kafka registry";
    let mut command = Command::new("bash");
    command.args(["-euc", script]).envs(ports.iter().copied());
    // No server runs there.
    command.env("STACK", env!("CARGO_TARGET_TMPDIR"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts"));
    let ran = command.output().expect("it runs");
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stderr).expect("text")
}

#[test]
fn stack_sh_warns_of_a_port_that_an_outgoing_connection_may_occupy() {
    let ports = [
        ("KAFKA_PORT", "29999"),
        ("KAFKA_CONTROLLER_PORT", "30000"),
        ("REGISTRY_PORT", "40001"),
    ];
    let warning = warning_of(&ports);
    assert!(
        warning.starts_with("warning: KAFKA_CONTROLLER_PORT=30000 ") && warning.contains("below 30000"),
        "{warning}"
    );
    assert_eq!(warning.lines().count(), 1, "{warning}");
    let registry = warning_of(&[ports[0], ("KAFKA_CONTROLLER_PORT", "9093"), ("REGISTRY_PORT", "40000")]);
    assert!(registry.starts_with("warning: REGISTRY_PORT=40000 "), "{registry}");
}
