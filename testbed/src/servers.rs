//! Where the real servers are. All tests of a run share them: suspending the registry here disturbs other tests, and
//! ends when the guard is dropped. To cut off one service only, use [`crate::proxy`].

use std::path::PathBuf;

use anyhow::Context;

use crate::signal;
use crate::stack::StackScript;

/// The variables in which `scripts/test.sh` passes the locations.
const KAFKA: &str = "ORDERLOG_TEST_KAFKA";
const REGISTRY: &str = "ORDERLOG_TEST_REGISTRY";
const STACK_DIR: &str = "ORDERLOG_TEST_STACK_DIR";
const PYTHON: &str = "ORDERLOG_TEST_PYTHON";
const JAVA_TOOLS: &str = "ORDERLOG_TEST_JAVA_TOOLS";

/// Where the real servers are.
#[derive(Clone, Debug)]
pub struct Servers {
    /// The broker, `host:port`.
    pub kafka: String,
    /// The registry's URL.
    pub registry: String,
    /// Where `scripts/stack.sh` keeps the servers' pid files.
    pub stack_dir: PathBuf,
    /// A Python that has confluent-kafka.
    pub python: PathBuf,
    /// The directory of the jars that the Java programs need.
    pub java_tools: PathBuf,
}

impl Servers {
    /// The servers that `scripts/test.sh` has started.
    ///
    /// # Errors
    /// If a variable is missing; the error says what to do.
    pub fn from_env() -> anyhow::Result<Self> {
        let variable = |name: &str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty());
            value.with_context(|| {
                format!("{name} is not set: these tests need a real broker and a real registry. Run scripts/test.sh, which starts them")
            })
        };
        Ok(Self {
            kafka: variable(KAFKA)?,
            registry: variable(REGISTRY)?,
            stack_dir: variable(STACK_DIR)?.into(),
            python: variable(PYTHON)?.into(),
            java_tools: variable(JAVA_TOOLS)?.into(),
        })
    }

    /// Suspends the registry until the guard is dropped: it accepts connections and never answers.
    ///
    /// # Errors
    /// If its process is not found.
    pub fn suspend_registry(&self) -> anyhow::Result<Suspended> {
        Suspended::new(self.script().pid("registry")?)
    }

    /// Runs one of Kafka's own command-line tools against the broker, and returns its output.
    ///
    /// # Errors
    /// If it fails, with its output.
    pub fn kafka_tool(&self, class: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let mut all = vec!["kafka-tool", class, "--bootstrap-server", &self.kafka];
        all.extend(arguments);
        self.script().run(&all)
    }

    fn script(&self) -> StackScript {
        StackScript::new(&self.stack_dir, Vec::new())
    }
}

/// A process that is suspended until this is dropped.
#[derive(Debug)]
pub struct Suspended(u32);

impl Suspended {
    pub(crate) fn new(pid: u32) -> anyhow::Result<Self> {
        signal::send("STOP", pid)?;
        Ok(Self(pid))
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        // It may have ended meanwhile.
        let _ = signal::send("CONT", self.0);
    }
}
