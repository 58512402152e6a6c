//! A panic anywhere either costs one request or ends the service, which its supervisor restarts. It never continues
//! with a part missing.

use std::time::Duration;

use orderlog_runtime::crash_point::{PANIC_AT, Point};
use reqwest::Method;
use serde_json::json;
use testbed::poison::{Kind, Poisoner, ValueEnum};
use testbed::service::{Program, Service, Setup};
use testbed::wait::{LONG, until};
use testbed::world::World;

/// Maximum time until a panic has ended the service.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where each service panics, and at which visit of that point: every task and thread that lives as long as the
/// service, in everything that it does.
const PANICS: [(Program, Point, u32); 28] = [
    (Program::Cart, Point::StoreClearing, 1),
    (Program::Cart, Point::SchemaRegistered, 1),
    (Program::Cart, Point::SchemaLearned, 1),
    (Program::Cart, Point::UnresolvedOrdersStored, 1),
    (Program::Cart, Point::ProjectionTurn, 20),
    (Program::Cart, Point::BatchWritten, 2),
    (Program::Cart, Point::ProgressReported, 2),
    (Program::Cart, Point::SchemaIdAuditTurn, 1),
    (Program::Cart, Point::SyncTurn, 3),
    (Program::Cart, Point::RegistrationTurn, 1),
    (Program::Cart, Point::MetricsUpkeepTurn, 1),
    (Program::Cart, Point::EndOffsetsTurn, 1),
    (Program::Cart, Point::UnresolvedOrdersTurn, 1),
    (Program::Cart, Point::EventReported, 1),
    (Program::Order, Point::ProjectionTurn, 20),
    (Program::Order, Point::BatchFolded, 1),
    (Program::Order, Point::ProgressNotReported, 1),
    (Program::Order, Point::SchemaIdAuditTurn, 1),
    (Program::Order, Point::SyncTurn, 3),
    (Program::Order, Point::RegistrationTurn, 1),
    (Program::Order, Point::MetricsUpkeepTurn, 1),
    (Program::Order, Point::DeadLetterSent, 1),
    (Program::Order, Point::DeadLettersAcknowledged, 1),
    (Program::Order, Point::DeadLettersIndexed, 1),
    (Program::Order, Point::DeadLetterReported, 1),
    (Program::Order, Point::ReplayNotBegun, 1),
    (Program::Order, Point::ReplayProduced, 1),
    (Program::Order, Point::ReplayCommitted, 1),
];

/// Those that only a replay reaches.
const IN_REPLAYS: [Point; 3] = [Point::ReplayNotBegun, Point::ReplayProduced, Point::ReplayCommitted];

/// Where only a request panics.
const REQUESTS: [(Program, Point, u32); 4] = [
    (Program::Cart, Point::RequestReceived, 5),
    (Program::Cart, Point::EventSent, 1),
    (Program::Cart, Point::EventReadBack, 1),
    (Program::Order, Point::RequestReceived, 5),
];

#[test]
fn some_service_panics_at_every_crash_point() {
    let tried: Vec<Point> = PANICS.iter().chain(&REQUESTS).map(|(_, point, _)| *point).collect();
    for point in Point::value_variants() {
        assert!(tried.contains(point), "{point:?}");
    }
}

fn setup(world: &World, program: Program) -> anyhow::Result<Setup> {
    match program {
        Program::Cart => world.cart(),
        Program::Order => world.order(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_any_part_ends_the_service() -> anyhow::Result<()> {
    let world = World::new("endings-panics")?;
    let healthy = world.cart()?.start().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    for some in PANICS.chunks(5) {
        let all = some.iter().map(|(program, point, time)| {
            let setup = setup(&world, *program);
            let rebuild = if *point == Point::StoreClearing {
                "true"
            } else {
                "false"
            };
            let at = format!("{}:{time}", point.name());
            let (healthy, poisoner) = (&healthy, &poisoner);
            async move {
                let mut service = setup?
                    .with_short_grace()
                    .with("REBUILD", rebuild)
                    .with(PANIC_AT, &at)
                    .spawn()?;
                panics_and_ends(&mut service, healthy, poisoner, IN_REPLAYS.contains(point))
                    .await
                    .map_err(|error| error.context(format!("{} at {at}{}", program.name(), service.log_tail())))
            }
        });
        futures::future::try_join_all(all).await?;
    }
    Ok(())
}

async fn panics_and_ends(
    service: &mut Service,
    healthy: &Service,
    poisoner: &Poisoner,
    replays: bool,
) -> anyhow::Result<()> {
    until("it panics", LONG, async || {
        // Requests that make all of them work. It may exit in the middle of it.
        let id = format!("A-{:08x}", fastrand::u32(..));
        let _ = service.http.create_short(&id).await;
        let _ = service.http.update("nobody", "confirmed").await;
        healthy.http.created(&format!("B-{id}")).await?;
        for kind in [Kind::NotAvro, Kind::UnknownSchemaId] {
            poisoner.write(kind, &id, &[]).await?;
        }
        if replays {
            let all = ("application/json", json!({"all": true}).to_string());
            let _ = service.http.send(Method::POST, "/dlq/replay", Some(all)).await;
        }
        let panicked = service.log().contains("panicked at");
        anyhow::ensure!(panicked, "it continues");
        Ok(())
    })
    .await?;
    let code = tokio::time::timeout(EXIT_TIMEOUT, service.ended()).await??;
    anyhow::ensure!(code != Some(0), "it ended as if nothing had happened");
    Ok(())
}

#[tokio::test]
async fn a_request_that_panics_costs_only_itself() -> anyhow::Result<()> {
    let world = World::new("endings-request-panics")?;
    for (program, point, time) in REQUESTS {
        let at = format!("{}:{time}", point.name());
        let mut service = setup(&world, program)?.with(PANIC_AT, &at).spawn()?;
        until("a request panics", LONG, async || {
            // To order-service this is a normal request.
            let id = format!("A-{:08x}", fastrand::u32(..));
            let answer = service.http.create_short(&id).await;
            anyhow::ensure!(service.log().contains("panicked at"), "{at}: {answer:?}");
            Ok(())
        })
        .await?;
        service.ready().await?;
        for _ in 0..20 {
            assert_eq!(service.http.get("/health/ready").await?.status, 200);
        }
        if program == Program::Cart {
            service.http.created(&format!("AFTER-{at}")).await?;
        }
        service.terminate().await?;
    }
    Ok(())
}
