//! Conditions that are awaited. A test that waits says what it waits for and for how long, and reports what it saw
//! last.

use std::time::{Duration, Instant};

/// Long enough for everything, on a busy machine with debug builds.
pub const LONG: Duration = Duration::from_secs(60);

/// Pause between two checks: short compared with anything that is awaited.
const PAUSE: Duration = Duration::from_millis(20);

/// Retries until there is no error, and returns the result.
///
/// # Errors
/// If time runs out; the error says what was awaited, and has the last attempt's error.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(seen) => return Ok(seen),
            Err(seen) if begun.elapsed() >= limit => {
                anyhow::bail!("{what}: not within {} ms; last seen: {seen:#}", limit.as_millis())
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// The opposite, for something that must not happen: repeats for that long, and fails as soon as one attempt does.
///
/// # Errors
/// The first attempt's error, if any.
pub async fn throughout(
    what: &str,
    time: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < time {
        let seen = look().await;
        seen.map_err(|seen| anyhow::anyhow!("{what}: broken after {} ms: {seen:#}", begun.elapsed().as_millis()))?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_result_of_the_first_success_is_returned() {
        let mut looks = 0;
        let seen = until("three looks", LONG, async || {
            looks += 1;
            anyhow::ensure!(looks == 3, "{looks} looks");
            Ok(looks)
        });
        assert_eq!(seen.await.expect("it comes"), 3);
    }

    #[tokio::test]
    async fn a_timeout_names_what_was_awaited_and_what_was_seen_instead() {
        let never = until("rain", Duration::from_millis(1), async || {
            anyhow::Result::<()>::Err(anyhow::anyhow!("sun"))
        });
        let error = never.await.expect_err("it never comes").to_string();
        assert_eq!(error, "rain: not within 1 ms; last seen: sun");
    }

    #[tokio::test]
    async fn an_event_that_must_not_happen_is_reported_when_it_does() {
        let calm = throughout("calm", Duration::from_millis(30), async || Ok(()));
        calm.await.expect("nothing came");
        let storm = throughout("calm", LONG, async || anyhow::bail!("storm"));
        assert!(storm.await.expect_err("it came").to_string().ends_with("storm"));
    }
}
