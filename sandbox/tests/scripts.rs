//! `scripts/run.sh --help` prints its text without building the program, so this test keeps it in sync with the
//! program.

use clap::{CommandFactory, ValueEnum};
use sandbox::cli::Cli;
use sandbox::poison::Kind;

const RUN: &str = include_str!("../../scripts/run.sh");

#[test]
fn the_help_of_run_sh_names_every_flag_with_its_variable_and_default() {
    let (_, usage) = RUN.split_once("<<'END'\n").expect("a text");
    let (usage, _) = usage.split_once("\nEND\n").expect("its end");
    let command = Cli::command();
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
    for kind in Kind::value_variants() {
        let name = kind.to_possible_value().expect("a name").get_name().to_owned();
        assert!(usage.contains(&name), "{name}");
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
