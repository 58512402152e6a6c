//! Wall clocks that are wrong and jump, thanks to libfaketime: no decision depends on them, so nothing changes.

use std::path::PathBuf;

use anyhow::Context;
use testbed::service::Setup;
use testbed::world::World;

const DAY: i64 = 24 * 60 * 60;

/// A clock for the services that jumps.
struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    fn new(dir: &tempfile::TempDir) -> anyhow::Result<Self> {
        let mut folders = std::fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
        let library = folders
            .find_map(|folder| Some(folder.join("faketime/libfaketimeMT.so.1")).filter(|library| library.is_file()))
            .context("this test needs libfaketime: apt-get install faketime")?;
        let clock = Self {
            library,
            file: dir.path().join("clock"),
        };
        clock.jump(0)?;
        Ok(clock)
    }

    /// Makes the clock wrong by that many seconds from now on.
    fn jump(&self, seconds: i64) -> anyhow::Result<()> {
        // Atomically: a half-written time would be a different one.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}\n"))?;
        Ok(std::fs::rename(&new, &self.file)?)
    }

    fn given_to(&self, setup: Setup) -> Setup {
        setup
            .with("LD_PRELOAD", self.library.display().to_string())
            .with("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string())
            .with("FAKETIME_NO_CACHE", "1")
            // The machine's monotonic clock does not jump.
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .with("DONT_FAKE_MONOTONIC", "1")
    }
}

#[tokio::test]
async fn a_clock_that_jumps_changes_nothing_but_the_times_that_are_shown() -> anyhow::Result<()> {
    let world = World::new("endings-clock")?;
    let dir = tempfile::tempdir()?;
    let clock = Clock::new(&dir)?;
    let mut cart = clock.given_to(world.cart()?).spawn()?;
    let mut order = clock.given_to(world.order()?).start().await?;
    cart.ready().await?;
    for (n, days) in [0, -4_000, 4_000, -1, 1, 0].into_iter().enumerate() {
        clock.jump(days * DAY)?;
        let id = format!("A-{n}");
        let created = cart.http.created(&id).await?;
        cart.http.updated(&id, "confirmed").await?;
        let shown = order.http.order(&id, 2).await?;
        assert_eq!(
            (shown.status.as_str(), &shown.order_date),
            ("confirmed", &created.order.order_date)
        );
        for service in [&cart, &order] {
            let health = service.http.health().await?;
            assert_eq!((health.status.as_str(), health.ready), ("healthy", true), "{health:?}");
        }
    }
    let applied: Vec<_> = world
        .caught_up(&order)
        .await?
        .partitions
        .iter()
        .map(|p| p.outcomes.applied)
        .collect();
    assert_eq!(applied.iter().sum::<u64>(), 12);

    // A time that no event may have.
    clock.jump(-100 * 366 * DAY)?;
    let refused = cart.http.create_short("B-1").await?;
    assert_eq!(
        (refused.status, refused.text.contains("clock")),
        (503, true),
        "{}",
        refused.text
    );
    clock.jump(0)?;
    cart.http.created("B-1").await?;

    // A restart of a process that has seen all of it.
    tokio::try_join!(cart.terminate(), order.terminate())?;
    cart.start_again(&[]).await?;
    order.start_again(&[]).await?;
    cart.http.updated("A-0", "shipped").await?;
    assert_eq!(order.http.order("A-0", 3).await?.status, "shipped");
    assert_eq!(world.caught_up(&order).await?.totals.applied, 14);
    tokio::try_join!(cart.terminate(), order.terminate())?;
    Ok(())
}
