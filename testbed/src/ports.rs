//! Ports for services that restart on the same port. They are below the range of ephemeral ports, so that no other
//! process is given one while its service is down.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// Each process starts at a different port, and hands out no port twice.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(fastrand::u16(0..COUNT)));

/// A port that nothing listens on.
///
/// # Errors
/// If a thousand in a row are in use.
pub fn free() -> anyhow::Result<u16> {
    let next = || FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
    std::iter::repeat_with(next)
        .take(1000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no free port on 127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_or_while_it_is_in_use() {
        let first = free().expect("a port");
        let listener = TcpListener::bind(("127.0.0.1", first)).expect("it is free");
        let more: Vec<u16> = (0..50).map(|_| free().expect("a port")).collect();
        assert!(!more.contains(&first), "{first} in {more:?}");
        drop(listener);
    }
}
