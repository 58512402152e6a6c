//! What runs: the servers with a proxy before each, two cart-services and an order-service. Here things are done to it;
//! which, and when, is [`super::nemesis`]'s business.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::Mutex;

use super::faults::{Fault, Target};
use super::history::{Clock, Ending, How, Recorder};
use super::stack::{Ports, Server, Stack};
use crate::disk::SmallDisk;
use crate::proxy::Proxy;
use crate::service::{Program, Service, Setup};

/// The topic of a run, which has the broker to itself.
pub const TOPIC: &str = "torture";
/// Where the stores lie that are not on the small disk.
pub const STORES: &str = "stores";
/// Where the small disk is mounted.
pub const DISK: &str = "disk";
/// Room for the journals of two stores, which grow to 64 MiB each, for the room that the services leave free, and for half
/// an hour's orders.
pub const DISK_MIB: u32 = 384;
const SERVICES: [(Target, Program); 3] = [
    (Target::CartA, Program::Cart),
    (Target::CartB, Program::Cart),
    (Target::Order, Program::Order),
];
/// How a service ends that failed.
const FAILED: i32 = 1;
/// What a request gets that meets a broken registry.
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 6\r\nconnection: close\r\n\r\nbroken";

/// All that runs. Everything is ended when this is dropped: the services first, as they use the rest.
pub struct Cluster {
    services: [Mutex<Service>; 3],
    urls: [String; 3],
    broker: Proxy,
    registry: Proxy,
    disk: Option<SmallDisk>,
    pub stack: Arc<Stack>,
    pub endings: Recorder<Ending>,
    clock: Clock,
}

/// On the small disk lie the stores of order-service and of one cart-service; the other cart goes on without.
fn has_small_disk(target: Target) -> bool {
    matches!(target, Target::CartB | Target::Order)
}

impl Cluster {
    /// Starts everything, and waits until all services are ready. `dir` holds what is removed at the end, `run` what is kept.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(
        dir: &Path,
        run: &Path,
        ports: Ports,
        disk: Option<SmallDisk>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let stack_dir = dir.join("stack");
        let stack = Arc::new(tokio::task::spawn_blocking(move || Stack::start(&stack_dir, ports)).await??);
        let broker = Proxy::start_at(ports.broker_proxy(), &format!("127.0.0.1:{}", ports.behind_proxy())).await?;
        let registry = Proxy::before(&stack.registry()).await?;
        let setup = |n: u16| -> anyhow::Result<Setup> {
            let (target, program) = SERVICES[usize::from(n)];
            let is_small = disk.is_some() && has_small_disk(target);
            let stores = dir.join(if is_small { DISK } else { STORES });
            std::fs::create_dir_all(&stores).with_context(|| format!("making {}", stores.display()))?;
            let log = run.join(format!("{}.log", target.name().replace(' ', "-")));
            let setup = Setup::new(program, ports.service(n), log, Arc::new(tempfile::tempdir_in(&stores)?));
            Ok(setup
                .with("KAFKA_BOOTSTRAP_SERVERS", format!("127.0.0.1:{}", ports.broker_proxy()))
                .with("SCHEMA_REGISTRY_URL", registry.url(&stack.registry())?)
                .with("KAFKA_TOPIC", TOPIC)
                .impatient())
        };
        // They start one after the other and become ready together.
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
    /// When it cannot be done.
    pub async fn begin(&self, fault: &Fault) -> anyhow::Result<()> {
        match fault {
            Fault::Kill(target) => self.end(*target, true).await?,
            Fault::Terminate(target) => self.end(*target, false).await?,
            Fault::Suspend(target) => self.signal(*target, "STOP").await?,
            Fault::CutBroker => self.broker.cut(),
            Fault::SlowBroker(ms) => self.broker.slow(Duration::from_millis(*ms)),
            Fault::CutRegistry => self.registry.cut(),
            Fault::HangRegistry => self.registry.hang(),
            Fault::BreakRegistry => self.registry.answer(BROKEN),
            Fault::FillDisk => self.disk.as_ref().context("there is no small disk")?.fill()?,
            Fault::Poison(_) | Fault::Duplicate | Fault::Tombstone => {}
        }
        Ok(())
    }

    /// Ends a fault.
    ///
    /// # Errors
    /// When it cannot be done.
    pub async fn heal(&self, fault: &Fault) -> anyhow::Result<()> {
        match fault {
            Fault::Kill(target) | Fault::Terminate(target) => self.start_again(*target).await?,
            Fault::Suspend(target) => self.signal(*target, "CONT").await?,
            Fault::CutBroker | Fault::SlowBroker(_) => self.broker.heal(),
            Fault::CutRegistry | Fault::HangRegistry | Fault::BreakRegistry => self.registry.heal(),
            Fault::FillDisk => self.disk.as_ref().context("there is no small disk")?.free()?,
            Fault::Poison(_) | Fault::Duplicate | Fault::Tombstone => {}
        }
        Ok(())
    }

    /// Notes every process that has ended although nobody ended it, and starts it again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn look_after(&self) -> anyhow::Result<()> {
        self.look_after_services().await?;
        for (server, target) in [(Server::Kafka, Target::Broker), (Server::Registry, Target::Registry)] {
            if !self.stack.is_running(server) {
                self.note(target, How::Wrongly("by itself".to_owned()))?;
                self.start_again(target).await?;
            }
        }
        Ok(())
    }

    /// The same for the services alone, which costs nothing.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn look_after_services(&self) -> anyhow::Result<()> {
        for (service, (target, _)) in self.services.iter().zip(SERVICES) {
            let mut service = service.lock().await;
            if let Some(status) = service.has_ended()? {
                self.note(target, self.by_itself(target, status))?;
                service.spawn(&[])?;
            }
        }
        Ok(())
    }

    fn by_itself(&self, target: Target, status: ExitStatus) -> How {
        if status.code() == Some(FAILED) && self.disk.is_some() && has_small_disk(target) {
            return How::GaveUp;
        }
        How::Wrongly(format!("by itself, {status}"))
    }

    async fn end(&self, target: Target, kill: bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        let how = match self.service(target) {
            Ok(service) => {
                let mut service = service.lock().await;
                if let Some(status) = service.has_ended()? {
                    return self.note(target, self.by_itself(target, status));
                }
                let ended = if kill {
                    service.kill9()
                } else {
                    service.terminate().await
                };
                match ended {
                    Ok(()) if kill => How::Killed,
                    Ok(()) => How::Terminated(u64::try_from(begun.elapsed().as_millis())?),
                    Err(error) => {
                        // Whatever it did instead, it has to be gone for the next start.
                        let _ = service.kill9();
                        How::Wrongly(format!("{error:#}"))
                    }
                }
            }
            Err(server) if kill => {
                self.stack.signal(server, "KILL")?;
                How::Killed
            }
            Err(server) => {
                let stack = self.stack.clone();
                tokio::task::spawn_blocking(move || stack.terminate(server)).await??;
                How::Terminated(u64::try_from(begun.elapsed().as_millis())?)
            }
        };
        self.note(target, how)
    }

    async fn start_again(&self, target: Target) -> anyhow::Result<()> {
        match self.service(target) {
            Ok(service) => service.lock().await.spawn(&[]),
            Err(server) => {
                let stack = self.stack.clone();
                tokio::task::spawn_blocking(move || stack.start_again(server)).await?
            }
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
            Target::Registry => Err(Server::Registry),
        }
    }

    fn note(&self, target: Target, how: How) -> anyhow::Result<()> {
        let process = target.name().to_owned();
        self.endings.push(Ending {
            process,
            at: self.clock.now(),
            how,
        })
    }
}
