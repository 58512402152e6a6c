//! Starting the projection's thread and tasks, and stopping them.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::end_offsets::EndOffsets;
use orderlog_kafka::log_reader::LogReader;
use orderlog_runtime::metrics::UNUSABLE_RECORDS;
use orderlog_runtime::supervisor::Supervisor;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::batch::BatchProcessor;
use crate::code_counters::CodeCounters;
use crate::consumer_loop::ConsumerLoop;
use crate::control_message::ControlMessage;
use crate::phase::PhaseOwner;
use crate::progress::Progress;
use crate::rejections::RejectionHandler;
use crate::schema_audit_task;
use crate::schema_id_audit::SchemaIdAudit;
use crate::schema_lookup::SchemaLookup;
use crate::settings::Settings;
use crate::store::Store;
use crate::store_sync::StoreSync;
use crate::topic_reader::TopicReader;
use crate::view::View;
use crate::waiters::Waiters;

/// How long the thread may take to stop. Only a hanging broker makes it take longer, and then there is nothing left to
/// finish.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// A running projection.
pub struct Projection {
    view: View,
    control: mpsc::Sender<ControlMessage>,
    thread: oneshot::Receiver<()>,
    store_sync: StoreSync,
    audit_task: tokio::task::JoinHandle<()>,
}

impl Projection {
    /// Starts the thread, which waits on its own for a missing broker or topic. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When a client cannot be created.
    pub fn start(
        settings: Settings,
        store: Store,
        audit: SchemaIdAudit,
        handler: impl RejectionHandler,
        supervisor: &Supervisor,
    ) -> anyhow::Result<Self> {
        let connection = ConnectionState::default();
        let reader = LogReader::new(&settings.cluster, &settings.topic.name, connection.clone())?;
        let ends = EndOffsets::new(&settings.cluster, &settings.topic.name, supervisor)?;
        let waiters = Waiters::default();
        let (progress, seen) = watch::channel(Progress::default());
        let (control, inbox) = mpsc::channel();
        let runtime = Handle::current();
        let audits = schema_audit_task::run(audit.clone(), settings.schema_audit_interval, control.clone());
        let lookup = SchemaLookup::new(audit, store.clone(), runtime.clone(), supervisor.clone());
        let store_sync = StoreSync::start(
            store.clone(),
            progress.clone(),
            waiters.clone(),
            control.clone(),
            supervisor,
        );
        let view = View::new(
            store.clone(),
            waiters.clone(),
            seen,
            connection.clone(),
            ends,
            control.clone(),
            &settings,
        );
        let processor = BatchProcessor {
            rejections: CodeCounters::new(UNUSABLE_RECORDS, settings.service),
            store: store.clone(),
            runtime: runtime.clone(),
            waiters: waiters.clone(),
            handler,
            max_keys: settings.max_idempotency_keys,
            has_breaker: settings.has_breaker,
        };
        let consumer = ConsumerLoop {
            phase: PhaseOwner::starting(settings.topic.name.clone(), progress.clone(), waiters),
            topic: TopicReader::new(&settings, processor, lookup, progress.clone(), connection),
            settings,
            runtime,
            store,
            progress,
            created: Instant::now(),
        };
        let thread = supervisor
            .spawn_thread("projection", move || consumer.run(&reader, &inbox))
            .context("spawning the projection thread")?;
        let audit_task = supervisor.spawn("auditing schema ids", audits);
        Ok(Self {
            view,
            control,
            thread,
            store_sync,
            audit_task,
        })
    }

    /// A handle for the rest of the service.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Finishes the current batch, waits for the thread to end, and syncs the store. Nothing is lost if the sync fails:
    /// it is read from the topic again.
    pub async fn stop(mut self) {
        // If the thread has already ended, nobody receives this.
        let _ = self.control.send(ControlMessage::Stop);
        self.audit_task.abort();
        let _ = (&mut self.audit_task).await;
        // An error means that it has ended.
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.thread).await.is_err() {
            tracing::warn!(
                "projection thread did not stop in time; exiting without it. Nothing is lost: what it has not stored is read again at the next start"
            );
        }
        self.store_sync.stop().await;
    }
}

impl Drop for Projection {
    /// A projection that is dropped without being stopped ends too.
    fn drop(&mut self) {
        self.audit_task.abort();
        let _ = self.control.send(ControlMessage::Stop);
    }
}
