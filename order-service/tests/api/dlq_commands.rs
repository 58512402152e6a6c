//! The commands that docs/dead-letters.md shows, in order, as a shell runs them.

use std::path::Path;
use std::process::{Command, Stdio};

use sandbox::poison::Kind;
use sandbox::testing::documents::blocks_run_by;

use crate::helpers::World;

const DOCUMENT: &str = include_str!("../../../docs/dead-letters.md");
/// As the marker of the block names this test.
const THIS: &str = "order-service/tests/api/dlq_commands.rs";

/// Exit code, what was printed, and the errors.
async fn shell(script: &str, url: &str) -> (Option<i32>, String, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_order-service"));
    let programs = program.parent().expect("a directory").display();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut bash = Command::new("bash");
    bash.args(["-e", "-c", script])
        .env("PATH", format!("{programs}:{path}"))
        .env("ORDER_SERVICE_URL", url)
        .env_remove("ADMIN_API_KEY")
        .env_remove("ADMIN_API_KEY_FILE")
        .stdin(Stdio::null());
    // On a thread of its own: the service that it asks may run on this one.
    let ran = tokio::task::spawn_blocking(move || bash.output()).await;
    let ran = ran.expect("no panic").expect("bash starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

#[tokio::test]
async fn the_documented_commands_look_replay_and_discard() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    // A replay heals the first, which then goes to the right partition; nothing heals the second.
    world.write_poison(Kind::WrongPartition, "ORD-1");
    app.await_read(1, 1).await;
    world.write_poison(Kind::WrongTotal, "ORD-2");
    app.await_read(2, 2).await;
    let blocks = blocks_run_by(THIS, DOCUMENT);
    let [block] = &blocks[..] else {
        panic!("one block: {blocks:?}")
    };
    let (code, printed, errors) = shell(&block.text, &app.url).await;
    assert_eq!(code, Some(0), "{printed}\n{errors}");
    for shown in [
        "wrong_partition",
        "invalid_order",
        "1 would apply",
        "1 applied",
        "1 dead letter discarded.",
        "SUPERSEDED",
    ] {
        assert!(printed.contains(shown), "{shown}: {printed}");
    }
    assert_eq!(app.get("/dlq/messages/0/0").await.1["state"], "replayed");
    assert_eq!(app.get("/dlq/messages/0/1").await.1["state"], "discarded");
    assert_eq!(app.get("/order-details?orderId=ORD-1").await.1["version"], 1);
}

#[tokio::test]
async fn the_exit_codes_tell_scripts_what_happened() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    world.write_poison(Kind::WrongTotal, "ORD-1");
    app.await_read(1, 1).await;
    for (command, expected, says) in [
        ("order-service dlq replay 0-0 --dry-run", 3, ""),
        ("order-service dlq replay --all", 1, "--yes"),
        ("order-service dlq discard --all --reason r", 1, "--yes"),
        (
            "order-service dlq replays 019b7e30-5f5d-7cc0-a8b0-6ab3a7c7e1f2",
            1,
            "order-service dlq replays lists them",
        ),
        ("order-service dlq discard 0-0", 2, "--reason"),
        ("order-service dlq discard --all --yes --reason r", 0, ""),
    ] {
        let (code, printed, errors) = shell(command, &app.url).await;
        assert_eq!(code, Some(expected), "{command}: {printed}\n{errors}");
        assert!(errors.contains(says), "{command}: {errors}");
    }
}
