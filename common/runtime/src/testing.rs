//! What tests of settings have in common: arguments are parsed whatever the environment of the test says, and every flag has
//! a variable and a help text.

use clap::{Args, Command};

/// What those arguments mean, or the error that a user would see.
///
/// # Errors
/// They are not valid.
pub fn parse<T: Args>(arguments: &[&str]) -> Result<T, clap::Error> {
    let command = command::<T>().mut_args(|argument| argument.env(None::<&'static str>));
    let matches = command.try_get_matches_from([&["service"], arguments].concat())?;
    T::from_arg_matches(&matches)
}

/// Asserts that an invalid value is named with its variable and what to do: for each (argument, variable, value, hint).
///
/// # Panics
/// One is not.
pub fn assert_rejected<T: Args>(arguments: &[(&str, &str, &str, &str)]) {
    for (argument, variable, value, hint) in arguments {
        let Err(error) = parse::<T>(&[argument]) else {
            panic!("{argument} is accepted");
        };
        let error = error.to_string();
        for part in [variable, value, hint] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
}

/// The variables of all flags; asserts that each flag has one, and a help text.
///
/// # Panics
/// One has none.
pub fn variables<T: Args>() -> Vec<String> {
    let command = command::<T>();
    let flags = command.get_arguments().filter(|argument| {
        let id = argument.get_id();
        id != "help" && id != "version"
    });
    flags
        .map(|argument| {
            let id = argument.get_id();
            let variable = argument.get_env().and_then(|name| name.to_str());
            let variable = variable.unwrap_or_else(|| panic!("{id} has no variable"));
            let is_variable = |c: char| c.is_ascii_uppercase() || c == '_';
            assert!(variable.chars().all(is_variable), "{variable}");
            assert!(argument.get_help().is_some(), "{variable} has no help text");
            variable.to_owned()
        })
        .collect()
}

fn command<T: Args>() -> Command {
    T::augment_args(Command::new("service"))
}
