//! `POST /sandbox/poison`: writes an invalid record, for the console page. Only the sandbox has this route.

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use clap::ValueEnum;
use order_service::admin::Admin;
use order_service::extension::Extension;
use orderlog_kafka::partition::Partitioner;
use orderlog_web::{Json, Problem, ProblemKind, Reply, routes};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::poison::{Kind, Poisoner};

/// Where the records are written.
pub struct Poison {
    bootstrap_servers: String,
    topic: &'static str,
    partitioner: Partitioner,
    registry_url: String,
    /// Connected by the first request.
    poisoner: OnceCell<Poisoner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    kind: String,
}

#[derive(Serialize)]
struct Answer {
    kind: String,
    key: String,
    partition: i32,
    offset: i64,
}

impl Poison {
    /// Writes to that topic of that broker.
    pub fn new(bootstrap_servers: String, topic: &'static str, partitioner: Partitioner, registry_url: String) -> Self {
        Self {
            bootstrap_servers,
            topic,
            partitioner,
            registry_url,
            poisoner: OnceCell::new(),
        }
    }

    /// The route, to be added to order-service.
    pub fn extension(self) -> Extension {
        let poison = web::Data::from(Arc::new(self));
        let kinds = Kind::value_variants().iter().map(ToString::to_string).collect();
        Extension::new(kinds, move |config: &mut ServiceConfig| {
            config
                .app_data(poison.clone())
                .service(routes::post("/sandbox/poison", write));
        })
    }

    async fn write(&self, kind: Kind) -> anyhow::Result<Answer> {
        let connect = || {
            Poisoner::connect(
                &self.bootstrap_servers,
                self.topic,
                self.partitioner,
                &self.registry_url,
            )
        };
        let poisoner = self.poisoner.get_or_try_init(connect).await?;
        let written = poisoner.write(kind, &Poisoner::an_order_id()).await?;
        Ok(Answer {
            kind: kind.to_string(),
            key: written.key,
            partition: written.partition,
            offset: written.offset,
        })
    }
}

async fn write(
    _: Admin,
    poison: web::Data<Poison>,
    Json { value, .. }: Json<Request>,
) -> Result<Reply<Answer>, Problem> {
    let kind = Kind::from_str(&value.kind, false).map_err(|_| {
        let kinds: Vec<_> = Kind::value_variants().iter().map(ToString::to_string).collect();
        Problem::invalid_field("kind", format!("must be one of {}", kinds.join(", ")))
    })?;
    let answer = poison.write(kind).await;
    let answer = answer.map_err(|error| Problem::new(ProblemKind::Unavailable, format!("{error:#}")))?;
    Ok(Reply::ok("Invalid record written", answer))
}
