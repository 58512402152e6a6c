use clap::Parser;

use super::*;

const URL: &str = "http://localhost:8001";

fn written(kind: Kind) -> Written {
    Written {
        kind,
        topic: "order-events".to_owned(),
        order_id: "POISON-7".to_owned(),
        event_id: None,
        key: "POISON-7".to_owned(),
        partition: 3,
        offset: 17,
    }
}

#[test]
fn the_output_names_the_kind_as_the_flag_does() {
    assert_eq!(
        announcement(&written(Kind::UnknownSchemaId), "localhost:9092"),
        "Wrote an invalid record (unknown-schema-id) to topic order-events at localhost:9092: key POISON-7, partition 3, offset 17."
    );
    assert_eq!(
        announcement(&written(Kind::IllegalStep), "localhost:9092"),
        "Wrote a valid record and then an invalid one (illegal-step) to topic order-events at localhost:9092: key POISON-7, partition 3, offset 17."
    );
}

#[test]
fn the_address_of_order_service_needs_a_scheme() {
    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: PoisonArgs,
    }
    let parsed = |url: &str| Cli::try_parse_from(["poison", "--order-service-url", url]);
    for url in [
        "localhost:28001",
        "localhost",
        "",
        "ftp://localhost",
        "http://localhost/?a=b",
        "http://localhost/#top",
    ] {
        let error = parsed(url).expect_err(url).to_string();
        assert!(
            error.contains("--order-service-url") && error.contains("such as http://localhost:8001"),
            "{url}: {error}"
        );
    }
    for url in ["http://localhost:28001/", "https://user:secret@shop.example/orders"] {
        assert_eq!(parsed(url).expect(url).args.order_service_url.as_str(), url);
    }
}

#[test]
fn each_outcome_is_reported_with_a_command_to_run_next() {
    let dead_letters = "\n  curl -i 'http://localhost:8001/dlq/messages?orderId=POISON-7'\n";
    let outcomes = [
        (
            Outcome::DeadLettered {
                code: "not_framed".to_owned(),
                reason: "no magic byte".to_owned(),
            },
            "dead-lettered it as not_framed: no magic byte",
            dead_letters,
        ),
        (
            Outcome::Accepted,
            "has read it and applied it",
            "\n  curl -i 'http://localhost:8001/order-details?orderId=POISON-7'\n",
        ),
        (
            Outcome::NotRead {
                paused: Some("the registry is away".to_owned()),
            },
            "partition 3 is paused: the registry is away",
            dead_letters,
        ),
        (
            Outcome::NotRead { paused: None },
            "see http://localhost:8001/health",
            dead_letters,
        ),
        (
            Outcome::NotShown,
            "is past offset 17 of partition 3, but shows neither a dead letter nor an order with this event: it probably reads from another Kafka than the one at localhost:9092",
            dead_letters,
        ),
        (
            Outcome::NotThere,
            "does not see offset 17 of partition 3: it probably reads from another Kafka than the one at localhost:9092",
            "--kafka-bootstrap-servers / KAFKA_BOOTSTRAP_SERVERS",
        ),
        (
            Outcome::NoAnswer("cannot connect".to_owned()),
            "order-service at http://localhost:8001 could not be queried (cannot connect)",
            dead_letters,
        ),
        (
            Outcome::OtherTopic("orders".to_owned()),
            "reads another topic, orders",
            "--order-service-url",
        ),
    ];
    for (outcome, says, shows) in outcomes {
        let text = report(&written(Kind::NotAvro), &outcome, "localhost:9092", URL);
        assert!(text.contains(says) && text.contains(shows), "{outcome:?}: {text}");
    }
}
