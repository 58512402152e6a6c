//! The same journey on a real broker and a real registry, with services that ask for the administrator's key.

use orderlog_kafka::partition::Partitioner;
use sandbox::poison::{Kind, Poisoner};
use sandbox::third_party;
use serde_json::json;
use testbed::world::World;

use crate::letters;
use crate::page::named;
use crate::scene::in_browser;

const KEY: &str = "correct-horse-battery-staple";

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_schema_is_repaired_and_replayed_on_real_servers_with_the_administrators_key() -> anyhow::Result<()> {
    in_browser("real-servers", async |page| {
        let world = World::new("browser")?;
        let cart = world.cart()?;
        let order = world
            .order()?
            .with("ADMIN_API_KEY", KEY)
            .with("CART_SERVICE_URL", cart.url());
        let order = order.with_short_grace().start().await?;
        let cart = cart.with("CORS_ORIGINS", order.http.url()).start().await?;
        let servers = &world.servers;
        let poisoner =
            Poisoner::connect(&servers.kafka, &world.topic, Partitioner::default(), &servers.registry).await?;
        // Apicurio skips an id when a schema is registered under one more subject, as ours is by each test: a new schema has the
        // highest id again.
        let schema = format!(
            r#"{{"type":"record","name":"Filler{:08x}","fields":[]}}"#,
            fastrand::u32(..)
        );
        third_party::register(
            &servers.registry,
            &format!("{}-filler", world.topic),
            &schema,
            &json!([]),
        )
        .await?;
        let poisoned = poisoner
            .write(Kind::UnregisteredSchema, &Poisoner::an_order_id())
            .await?;
        page.open(&format!("{}/#/overview", order.http.url())).await?;
        page.see("connection", "live").await?;
        letters::open(&page, &poisoned.key).await?;
        page.click("dry-run").await?;
        for key in ["wrong", KEY] {
            page.fill(&named("admin-key"), &format!("{key}\u{e007}")).await?;
        }
        page.at("dry-run-result").await?;
        letters::repair_and_replay(&page, &poisoned.key).await?;
        drop(cart);
        Ok(())
    })
    .await
}
