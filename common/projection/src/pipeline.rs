//! What both services build around the projection: the store, the registry and its audit, the registration of our schema,
//! and the check of our permissions in Kafka.
//!
//! A service opens the store ([`open_store`]), connects the pipeline to it, makes its own parts of that (a producer, a
//! [`RejectionHandler`]), and starts it.

use std::sync::Arc;

use orderlog_contract::lineage;
use orderlog_kafka::permission_watch::{self, TopicUse};
use orderlog_registry::Registry;
use orderlog_registry::config::SchemasMode;
use orderlog_runtime::supervisor::Supervisor;

use crate::config::PipelineConfig;
use crate::registration::Registration;
use crate::schema_id_audit::SchemaIdAudit;
use crate::store::{Store, StoreUrl};
use crate::{Projection, RejectionHandler, Settings, View};

/// Opens the service's store. What it holds is cleared by [`Pipeline::connect`], if it is to be rebuilt.
///
/// # Errors
/// The store is locked, damaged, or another service's.
pub async fn open_store(service: &str, url: &StoreUrl, config: &PipelineConfig) -> anyhow::Result<Store> {
    let store = Store::open(url, config.rebuild).await?;
    store.check_owner(service).await?;
    Ok(store)
}

/// A pipeline that does not read the topic yet.
pub struct Pipeline {
    /// The projection's settings.
    pub settings: Settings,
    /// The store.
    pub store: Store,
    /// The registry, as records of the topic are looked up in it.
    pub registry: Arc<Registry>,
    /// The registry, as far as it agrees with the store.
    pub audit: SchemaIdAudit,
    /// The registration of our schema, which has begun.
    pub registration: Registration,
    has_admin_api: bool,
    schemas: SchemasMode,
    supervisor: Supervisor,
}

impl Pipeline {
    /// Clears the store if it is to be rebuilt, and begins to register our schema. Waits for neither brokers nor registry.
    /// Call it within a tokio runtime.
    ///
    /// # Errors
    /// The store was filled from another topic or under another partitioner, or a setting is wrong.
    pub async fn connect(
        settings: Settings,
        store: Store,
        config: &PipelineConfig,
        supervisor: Supervisor,
    ) -> anyhow::Result<Self> {
        if config.rebuild {
            store.clear().await?;
        }
        // Before anything is looked for, registered or created under a name that may be mistyped.
        store.check_topic(config.kafka.topic.as_str()).await?;
        store.check_partitioner(config.kafka.partitioner).await?;
        let subject = lineage::subject(config.kafka.topic.as_str());
        let registry = Arc::new(Registry::new(&config.registry)?.for_subject(subject.clone()));
        // It ends with the last other handle.
        drop(supervisor.spawn("watching the schema registry", registry.clone().watch()));
        let audit = SchemaIdAudit::new(registry.clone(), store.clone(), config.accept_registry);
        let registration = Registration::spawn(audit.clone(), subject, store.clone(), config, &supervisor).await;
        Ok(Self {
            settings: Settings {
                registration: Some(registration.clone()),
                ..settings
            },
            store,
            registry,
            audit,
            registration,
            has_admin_api: config.kafka.has_admin_api,
            schemas: config.registry.schemas,
            supervisor,
        })
    }

    /// Watches whether Kafka lets us do what the service needs.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub fn watch_permissions(&self, uses: Vec<TopicUse>) -> anyhow::Result<()> {
        if self.has_admin_api {
            permission_watch::watch(&self.settings.cluster, uses, &self.supervisor)?;
        }
        Ok(())
    }

    /// Starts reading the topic.
    ///
    /// # Errors
    /// When a client cannot be made.
    pub fn start(self, rejections: impl RejectionHandler) -> anyhow::Result<RunningPipeline> {
        let Self {
            settings,
            store,
            audit,
            registration,
            schemas,
            supervisor,
            ..
        } = self;
        let projection = Projection::start(settings, store, audit, rejections, &supervisor)?;
        Ok(RunningPipeline {
            projection,
            registration,
            schemas,
        })
    }
}

/// A pipeline that reads the topic.
pub struct RunningPipeline {
    projection: Projection,
    registration: Registration,
    schemas: SchemasMode,
}

impl RunningPipeline {
    /// A handle for those who ask for orders.
    pub fn view(&self) -> View {
        self.projection.view()
    }

    /// Resolves when the registry rejects our schema, with the reason and what to do; otherwise never.
    pub fn schema_rejected(&self) -> impl Future<Output = String> + use<> {
        let (registration, schemas) = (self.registration.clone(), self.schemas);
        async move {
            let reason = registration.refused().await;
            match schemas {
                SchemasMode::Register => format!(
                    "{reason}\nMake the schema compatible with the subject (run check-schemas for details), or use another topic (--kafka-topic / KAFKA_TOPIC)"
                ),
                // It says already what to do.
                SchemasMode::Verify => reason,
            }
        }
    }

    /// Stops it, after those who wait for it. Then it no longer holds the store.
    pub async fn stop(self) {
        self.registration.end().await;
        self.projection.stop().await;
    }
}
