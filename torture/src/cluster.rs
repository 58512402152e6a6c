//! The system under test: the servers (one broker and the registry, each behind a proxy, or three brokers in their own
//! network), two cart-services and an order-service. This module carries faults out; which and when is decided by
//! [`crate::nemesis`].

mod brokers;

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use anyhow::Context;
use tokio::sync::Mutex;

use crate::faults::{Fault, Target};
use crate::history::{Clock, EndKind, Ending, Recorder};
use crate::management::ADMIN_KEY;
use crate::stack::{Layout, Server, Stack};
use testbed::disk::SmallDisk;
use testbed::proxy::Proxy;
use testbed::service::{Program, Service, Setup};

/// The topic of a run, which has the broker to itself.
pub const TOPIC: &str = "torture";
/// The directory of the stores that are not on the small disk.
pub const STORES: &str = "stores";
/// Where the small disk is mounted.
pub const DISK: &str = "disk";
/// Space for the journals of two stores, which grow to 64 MiB each, for the space that the services leave free, and for
/// half an hour of orders.
pub const DISK_MIB: u32 = 384;
const SERVICES: [(Target, Program); 3] = [
    (Target::CartA, Program::Cart),
    (Target::CartB, Program::Cart),
    (Target::Order, Program::Order),
];
/// The exit code of a service that failed.
const FAILED: i32 = 1;
/// The response of a broken registry.
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 6\r\nconnection: close\r\n\r\nbroken";

/// The system under test. Everything is stopped when this is dropped: the services first, because they use the rest.
pub struct Cluster {
    services: [Mutex<Service>; 3],
    urls: [String; 3],
    /// In front of the only broker.
    broker: Option<Proxy>,
    registry: Proxy,
    /// With three brokers, the one that this round's fault hits.
    leader: AtomicU8,
    disk: Option<SmallDisk>,
    pub stack: Arc<Stack>,
    pub endings: Recorder<Ending>,
    clock: Clock,
}

/// The stores of order-service and of one cart-service are on the small disk; the other cart-service continues without.
fn has_small_disk(target: Target) -> bool {
    matches!(target, Target::CartB | Target::Order)
}

impl Cluster {
    /// Starts everything, and waits until all services are ready. `dir` is removed at the end, `run` is kept.
    ///
    /// # Errors
    /// If something does not start.
    pub async fn start(
        dir: &Path,
        run: &Path,
        layout: Layout,
        disk: Option<SmallDisk>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let stack_dir = dir.join("stack");
        let stack = Arc::new(tokio::task::spawn_blocking(move || Stack::start(&stack_dir, layout)).await??);
        let broker = match stack.layout() {
            Layout::One(ports) => {
                let behind = format!("127.0.0.1:{}", ports.behind_proxy);
                Some(Proxy::start_at(("127.0.0.1", ports.proxy), &behind).await?)
            }
            Layout::Three(_) => None,
        };
        let kafka = broker
            .as_ref()
            .map_or(stack.kafka(), |proxy| proxy.address().to_string());
        let registry = Proxy::in_front_of_at(&stack.host(), &stack.registry()).await?;
        let setup = |n: usize| -> anyhow::Result<Setup> {
            let (target, program) = SERVICES[n];
            let is_small = disk.is_some() && has_small_disk(target);
            let stores = dir.join(if is_small { DISK } else { STORES });
            std::fs::create_dir_all(&stores).with_context(|| format!("creating {}", stores.display()))?;
            let log = run.join(format!("{}.log", target.name().replace(' ', "-")));
            let place = stack.place(target)?;
            let setup = Setup::new(program, place.port, log, Arc::new(tempfile::tempdir_in(&stores)?));
            let setup = match place.namespace {
                Some((namespace, address)) => setup.in_namespace(namespace, address),
                None => setup,
            };
            Ok(setup
                .with("KAFKA_BOOTSTRAP_SERVERS", &kafka)
                .with("SCHEMA_REGISTRY_URL", registry.url(&stack.registry())?)
                .with("KAFKA_TOPIC", TOPIC)
                .with("ADMIN_API_KEY", ADMIN_KEY)
                .with_short_grace())
        };
        // They start one after another and become ready together.
        let [mut a, mut b, mut order] = [setup(0)?.spawn()?, setup(1)?.spawn()?, setup(2)?.spawn()?];
        for service in [&mut a, &mut b, &mut order] {
            service.ready().await?;
        }
        let urls = [&a, &b, &order].map(|service| service.http.url().to_owned());
        let endings = Recorder::new(&run.join("endings.jsonl"))?;
        Ok(Self {
            services: [a, b, order].map(Mutex::new),
            urls,
            broker,
            registry,
            leader: AtomicU8::new(0),
            disk,
            stack,
            endings,
            clock,
        })
    }

    /// The URLs of the two cart-services and of order-service.
    pub fn urls(&self) -> &[String; 3] {
        &self.urls
    }

    /// Begins a fault.
    ///
    /// # Errors
    /// If it cannot be carried out.
    pub async fn begin(&self, fault: &Fault) -> anyhow::Result<()> {
        if let Some(partition) = fault.led_partition() {
            self.leader.store(self.leader_of(partition).await?, Ordering::SeqCst);
        }
        match fault {
            Fault::Kill(target) => self.end(*target, true).await?,
            Fault::Terminate(target) => self.end(*target, false).await?,
            Fault::Suspend(target) => self.signal(*target, "STOP").await?,
            Fault::CutBroker | Fault::SlowBroker(_) | Fault::LosePackets(_) | Fault::CutOff { .. } => {
                self.disturb_brokers(fault).await?
            }
            Fault::CutRegistry => self.registry.cut(),
            Fault::HangRegistry => self.registry.hang(),
            Fault::BreakRegistry => self.registry.answer(BROKEN),
            Fault::FillDisk => self.disk.as_ref().context("this run has no small disk")?.fill()?,
            Fault::Poison(_) | Fault::Duplicate | Fault::Tombstone | Fault::Flood(_) => {}
        }
        Ok(())
    }

    /// Ends a fault.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub async fn heal(&self, fault: &Fault) -> anyhow::Result<()> {
        match fault {
            Fault::Kill(target) | Fault::Terminate(target) => self.start_again(*target).await?,
            Fault::Suspend(target) => self.signal(*target, "CONT").await?,
            Fault::CutBroker | Fault::SlowBroker(_) | Fault::LosePackets(_) | Fault::CutOff { .. } => {
                self.heal_brokers().await?
            }
            Fault::CutRegistry | Fault::HangRegistry | Fault::BreakRegistry => self.registry.heal(),
            Fault::FillDisk => self.disk.as_ref().context("this run has no small disk")?.free()?,
            Fault::Poison(_) | Fault::Duplicate | Fault::Tombstone | Fault::Flood(_) => {}
        }
        Ok(())
    }

    /// Records every process that ended although it was not told to, and starts it again.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn restart_ended(&self) -> anyhow::Result<()> {
        self.restart_ended_services().await?;
        for server in self.stack.servers() {
            if !self.stack.is_running(server) {
                self.note(&name_of(server), EndKind::Wrongly("by itself".to_owned()))?;
                self.with_stack(move |stack| stack.start_again(server)).await?;
            }
        }
        Ok(())
    }

    /// Runs something on the servers, on a thread that may block.
    async fn with_stack<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Stack) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let stack = self.stack.clone();
        tokio::task::spawn_blocking(move || act(&stack)).await?
    }

    /// The same for the services only, which is cheap.
    ///
    /// # Errors
    /// If one cannot be started.
    pub async fn restart_ended_services(&self) -> anyhow::Result<()> {
        for (service, (target, _)) in self.services.iter().zip(SERVICES) {
            let mut service = service.lock().await;
            if let Some(status) = service.has_ended()? {
                self.note(target.name(), self.by_itself(target, status))?;
                service.spawn(&[])?;
            }
        }
        Ok(())
    }

    fn by_itself(&self, target: Target, status: ExitStatus) -> EndKind {
        if status.code() == Some(FAILED) && self.disk.is_some() && has_small_disk(target) {
            return EndKind::GaveUp;
        }
        EndKind::Wrongly(format!("by itself, {status}"))
    }

    async fn end(&self, target: Target, kill: bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        let name = match self.service(target) {
            Ok(_) => target.name().to_owned(),
            Err(server) => name_of(server),
        };
        let how = match self.service(target) {
            Ok(service) => {
                let mut service = service.lock().await;
                if let Some(status) = service.has_ended()? {
                    return self.note(&name, self.by_itself(target, status));
                }
                let ended = if kill {
                    service.kill()
                } else {
                    service.terminate().await
                };
                match ended {
                    Ok(()) if kill => EndKind::Killed,
                    Ok(()) => EndKind::Terminated(u64::try_from(begun.elapsed().as_millis())?),
                    Err(error) => {
                        // Whatever it did instead, it must be dead before the next start.
                        let _ = service.kill();
                        EndKind::Wrongly(format!("{error:#}"))
                    }
                }
            }
            Err(server) if kill => {
                self.stack.signal(server, "KILL")?;
                EndKind::Killed
            }
            Err(server) => {
                self.with_stack(move |stack| stack.terminate(server)).await?;
                EndKind::Terminated(u64::try_from(begun.elapsed().as_millis())?)
            }
        };
        self.note(&name, how)
    }

    async fn start_again(&self, target: Target) -> anyhow::Result<()> {
        match self.service(target) {
            Ok(service) => service.lock().await.spawn(&[]),
            Err(server) => self.with_stack(move |stack| stack.start_again(server)).await,
        }
    }

    async fn signal(&self, target: Target, signal: &str) -> anyhow::Result<()> {
        match self.service(target) {
            Ok(service) => service.lock().await.signal(signal),
            Err(server) => self.stack.signal(server, signal),
        }
    }

    fn service(&self, target: Target) -> Result<&Mutex<Service>, Server> {
        match target {
            Target::CartA => Ok(&self.services[0]),
            Target::CartB => Ok(&self.services[1]),
            Target::Order => Ok(&self.services[2]),
            Target::Broker => Err(Server::Kafka),
            Target::Leader(_) => Err(Server::Broker(self.leader.load(Ordering::SeqCst))),
            Target::Registry => Err(Server::Registry),
        }
    }

    fn note(&self, process: &str, how: EndKind) -> anyhow::Result<()> {
        self.endings.push(Ending {
            process: process.to_owned(),
            at: self.clock.now(),
            how,
        })
    }
}

/// A server's name in logs and findings.
fn name_of(server: Server) -> String {
    match server {
        Server::Kafka => Target::Broker.name().to_owned(),
        Server::Broker(n) => format!("broker {n}"),
        Server::Registry => Target::Registry.name().to_owned(),
    }
}
