//! The command line of a service, whose options and subcommands exclude each other.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Parser};

/// The arguments of this process. On a mistake, it exits with 2 and says what to write instead.
pub fn parse<T: Parser>() -> T {
    T::try_parse().unwrap_or_else(|error| explain(error, T::command()).exit())
}

/// clap says only that an option and a subcommand exclude each other: that reads as if the subcommand had no such option,
/// and it says the same of words that are no subcommands.
fn explain(error: clap::Error, mut command: Command) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let option = match error.get(ContextKind::PriorArg) {
        Some(ContextValue::String(option)) => option,
        Some(ContextValue::Strings(options)) if !options.is_empty() => &options[0],
        _ => return error,
    };
    // Without its value's name.
    let option = option.split(' ').next().unwrap_or(option);
    if command.find_subcommand(word).is_none() {
        let message = format!("unexpected argument '{word}'");
        return command.error(ErrorKind::UnknownArgument, message);
    }
    let message = format!(
        "the subcommand '{word}' cannot be used with options in front of it: write '{option}' after '{word}', if it has that option ('{word} --help' lists them)"
    );
    command.error(ErrorKind::ArgumentConflict, message)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Subcommand};

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "service", args_conflicts_with_subcommands = true)]
    struct Cli {
        #[command(subcommand)]
        command: Option<Action>,
        #[arg(long)]
        topic: Option<String>,
        #[arg(long)]
        port: Option<u16>,
    }

    #[derive(Debug, Subcommand)]
    enum Action {
        Check {
            #[arg(long)]
            topic: Option<String>,
        },
    }

    fn error(arguments: &[&str]) -> (ErrorKind, String) {
        let error = Cli::try_parse_from([&["service"], arguments].concat()).expect_err("rejected");
        let error = explain(error, Cli::command());
        assert_eq!(error.exit_code(), 2, "{error}");
        (error.kind(), error.to_string())
    }

    #[test]
    fn an_option_in_front_of_its_subcommand_is_sent_behind_it() {
        for arguments in [&["--topic=t", "check"][..], &["--topic", "t", "--port=1", "check"]] {
            let (kind, text) = error(arguments);
            assert_eq!(kind, ErrorKind::ArgumentConflict);
            assert!(text.contains("write '--topic' after 'check'"), "{text}");
            assert!(text.contains("Usage:"), "{text}");
        }
    }

    #[test]
    fn a_word_that_is_no_subcommand_is_not_called_one() {
        let (kind, text) = error(&["--port=1", "true"]);
        assert_eq!(kind, ErrorKind::UnknownArgument);
        assert!(
            text.contains("unexpected argument 'true'") && !text.contains("subcommand 'true'"),
            "{text}"
        );
    }

    #[test]
    fn other_mistakes_are_reported_as_clap_does() {
        let (kind, text) = error(&["--port=x"]);
        assert_eq!(kind, ErrorKind::ValueValidation);
        assert!(text.contains("'x'") && text.contains("--port"), "{text}");
    }
}
