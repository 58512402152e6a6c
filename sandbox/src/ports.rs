//! The sandbox's ports: all different and all free, or nothing is started.

use orderlog_web::server;
use tokio::net::TcpListener;

use crate::cli::Cli;
use crate::relay;

/// The address that everything listens on.
pub const HOST: &str = "127.0.0.1";

/// Checks the ports of the services and the registry, which are bound for good a moment later, and binds the broker's: the
/// next free one if the wanted one is in use.
///
/// # Errors
/// If two are the same or some are in use; the error names the flags of all of these.
pub async fn reserve(cli: &Cli) -> anyhow::Result<TcpListener> {
    let services = [
        (cli.cart_port, "--cart-port", "SANDBOX_CART_PORT"),
        (cli.order_port, "--order-port", "SANDBOX_ORDER_PORT"),
        (cli.registry_port, "--registry-port", "SANDBOX_REGISTRY_PORT"),
    ];
    let kafka = (cli.kafka_port, "--kafka-port", "SANDBOX_KAFKA_PORT");
    let all = [services.as_slice(), &[kafka]].concat();
    for (n, (port, flag, variable)) in all.iter().enumerate() {
        let same = all[..n].iter().find(|(other, ..)| other == port && *port != 0);
        if let Some((_, other, _)) = same {
            anyhow::bail!("{other} and {flag} are both {port}; change one of them ({flag} / {variable})");
        }
    }
    // Held until the broker has its port, which therefore is none of these.
    let (mut held, mut refused) = (Vec::new(), Vec::new());
    for (port, flag, variable) in services {
        match server::bind(HOST, port, &format!("{flag} / {variable}")).await {
            Ok(listener) => held.push(listener),
            Err(error) => refused.push(format!("{error:#}")),
        }
    }
    // All at once: when another sandbox runs, every one of them is in use.
    anyhow::ensure!(refused.is_empty(), "{}", refused.join("\n"));
    relay::bind(cli.kafka_port).await
}
