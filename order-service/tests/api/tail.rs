//! `order-service tail` and `order-service dlq`, as programs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{DLQ, World, created, partition_of};

/// Its exit code, what it printed to stdout, and to stderr.
type Ran = (Option<i32>, String, String);

fn program(world: &World, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_order-service"));
    program
        .args(arguments)
        .env_clear()
        .env("KAFKA_BOOTSTRAP_SERVERS", world.broker.bootstrap_servers())
        .env("SCHEMA_REGISTRY_URL", &world.registry_url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    program
}

async fn run(mut program: Command) -> Ran {
    // On a thread of its own: the registry that it asks runs on this one.
    let output = tokio::task::spawn_blocking(move || program.output()).await;
    let output = output.expect("it ran").expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn tail(world: &World, arguments: &[&str]) -> Vec<Value> {
    let (code, printed, errors) = run(program(world, &[&["tail"], arguments].concat())).await;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{printed}");
    printed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn every_record_is_a_line_whatever_is_in_it() {
    let world = World::new().await;
    let order = created("ORD-1");
    world.write_event(&order);
    for kind in <Kind as clap::ValueEnum>::value_variants() {
        world.write_poison(*kind, "ORD-2");
    }
    let lines = tail(&world, &[]).await;
    // An illegal step is two records.
    assert_eq!(lines.len(), 2 + <Kind as clap::ValueEnum>::value_variants().len());
    let mut codes: Vec<_> = lines.iter().filter(|line| line["event"].is_null()).collect();
    codes.sort_by_key(|line| line["code"].as_str());
    let codes: Vec<_> = codes
        .iter()
        .map(|line| line["code"].as_str().expect("a code"))
        .collect();
    assert_eq!(
        codes,
        [
            "not_framed",
            "not_framed",
            "not_framed",
            "undecodable",
            "undecodable",
            "unknown_schema_id",
            "unknown_schema_id"
        ]
    );
    let first = lines.iter().find(|line| line["key"] == "ORD-1").expect("the order");
    assert_eq!(first["event"]["order"]["orderId"], "ORD-1");
    assert_eq!(
        [
            &first["partition"],
            &first["offset"],
            &first["schemaVersion"],
            &first["timestamp"]
        ],
        [
            &json!(partition_of("ORD-1")),
            &json!(0),
            &json!(1),
            &json!("2023-11-14T22:13:20.123Z")
        ]
    );
    // An event of another schema is shown as well, in its own fields.
    assert!(
        lines.iter().any(|line| line["event"].get("text").is_some()),
        "{lines:?}"
    );
}

#[tokio::test]
async fn it_says_so_if_there_is_nothing_to_print() {
    let world = World::new().await;
    world.write_event(&created("ORD-1"));
    for (arguments, says) in [
        (&["--from=end"][..], "has no records from where --from says"),
        (
            &["--from=2023-11-14T22:13:21Z"],
            "has no records from where --from says",
        ),
        (&["--from=1000"], "has no records from where --from says"),
        (&["--order=nobody"], "has no records with the key nobody"),
        (&["--topic", DLQ], "has no records;"),
    ] {
        let (code, printed, errors) = run(program(&world, &[&["tail"], arguments].concat())).await;
        assert_eq!((code, printed.as_str()), (Some(0), ""), "{arguments:?}: {errors}");
        assert!(
            errors.contains(says) && errors.lines().count() == 1,
            "{arguments:?}: {errors}"
        );
    }
}

#[tokio::test]
async fn it_says_what_it_waits_for_while_no_broker_answers() {
    let world = World::new().await;
    let mut program = program(&world, &["tail"]);
    program.env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1");
    let mut running = program.spawn().expect("it starts");
    let errors = BufReader::new(running.stderr.take().expect("its errors"));
    let first = errors.lines().next().expect("a line").expect("text");
    assert!(
        first.contains("connecting to 127.0.0.1:1") && first.contains("KAFKA_BOOTSTRAP_SERVERS"),
        "{first}"
    );
    running.kill().expect("it still tries");
    running.wait().expect("its end");
}

#[tokio::test]
async fn it_begins_and_ends_where_it_was_told() {
    let world = World::new().await;
    for n in 0..3 {
        world.write_event(&created(&format!("ORD-{n}")));
    }
    let here = partition_of("ORD-1");
    let only_one = tail(&world, &["--order", "1"]).await;
    assert_eq!(only_one.len(), 1);
    assert_eq!(only_one[0]["key"], "ORD-1");
    assert_eq!(tail(&world, &["--limit=2"]).await.len(), 2);
    assert_eq!(tail(&world, &["--from=2023-11-14T22:13:20Z"]).await.len(), 3);
    let there = tail(&world, &[&format!("--from={here}:0"), "--headers"]).await;
    assert!(
        !there.is_empty()
            && there
                .iter()
                .all(|line| line["partition"] == here && line["headers"] == json!([]))
    );
}

#[tokio::test]
async fn it_follows_and_ends_quietly_when_nobody_reads() {
    let world = World::new().await;
    world.write_event(&created("ORD-1"));
    let mut following = program(&world, &["tail", "--follow"]).spawn().expect("it starts");
    let mut stdout = BufReader::new(following.stdout.take().expect("a pipe"));
    let first = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        (line, stdout)
    });
    let (line, stdout) = first.await.expect("it ran");
    assert!(line.contains("ORD-1"), "{line}");
    drop(stdout);
    // The next line has nowhere to go.
    world.write_event(&created("ORD-2"));
    let ended = tokio::task::spawn_blocking(move || {
        let status = following.wait().expect("it ends");
        let mut errors = String::new();
        following
            .stderr
            .take()
            .expect("a pipe")
            .read_to_string(&mut errors)
            .expect("text");
        (status.code(), errors)
    });
    assert_eq!(ended.await.expect("it ran"), (Some(0), String::new()));
}

#[tokio::test]
async fn a_dead_letter_is_shown_with_its_reason_by_both_commands() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (_, before) = world.write_poison(Kind::WrongTotal, "ORD-1");
    app.await_read(before + 1, 1).await;
    let lines = tail(&world, &["--topic", DLQ]).await;
    assert_eq!(lines[0]["deadLetter"]["code"], "invalid_order");
    assert_eq!(lines[0]["event"]["order"]["orderId"], "ORD-1", "{}", lines[0]);

    let url = format!("--order-service-url={}", app.url);
    let (code, printed, errors) = run(program(&world, &["dlq", "list", &url])).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        printed.contains("0-0") && printed.contains("invalid_order"),
        "{printed}"
    );
    let (code, _, errors) = run(program(&world, &["dlq", "list"])).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("--order-service-url / ORDER_SERVICE_URL"), "{errors}");
}

#[tokio::test]
async fn a_mistake_says_what_to_write_instead() {
    let world = World::new().await;
    for (arguments, code, says) in [
        (&["tail", "--topic=nope"][..], 1, "there is no topic nope"),
        (&["tail", "--from=99:0"], 1, "has the partitions 0 to 5"),
        (&["tail", "--from=yesterday"], 2, "2026-01-02T03:04:05Z"),
        (&["dlq", "replay"], 2, "required"),
        (&["dlq", "show", "17"], 2, "such as 0-17"),
    ] {
        let (status, printed, errors) = run(program(&world, arguments)).await;
        assert_eq!((status, printed.as_str()), (Some(code), ""), "{arguments:?}: {errors}");
        assert!(errors.contains(says), "{arguments:?}: {errors}");
    }
}
