//! The sandbox in this process.

use clap::Parser;

use crate::cli::Cli;
use crate::pipeline::Pipeline;

/// Starts the sandbox with these flags; ports that they do not name are free ones.
///
/// # Errors
/// As [`Pipeline::start`].
pub async fn start_sandbox(flags: &[&str]) -> anyhow::Result<Pipeline> {
    // Tests share the process's crypto provider; the first one installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let free = ["--cart-port=0", "--order-port=0", "--registry-port=0", "--kafka-port=0"];
    let is_named = |default: &&str| {
        let name = default.trim_end_matches('0');
        flags.iter().any(|flag| flag.starts_with(name))
    };
    let free = free.iter().copied().filter(|default| !is_named(default));
    let cli = Cli::parse_from(["sandbox"].into_iter().chain(free).chain(flags.iter().copied()));
    Pipeline::start(&cli).await
}
