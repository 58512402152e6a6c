//! Invalid queries, for order-service.

use testbed::raw::{json, request};

use super::case::{CLOSED, Case, case};

/// Queries that order-service refuses.
pub fn queries(topic: &str) -> Vec<Case> {
    let details = |query: &str| format!("/order-details?{query}");
    let ids = |query: &str| format!("/getAllOrderIdsFromTopic?topic={topic}&{query}");
    let refused = [
        details(""),
        details("orderId="),
        details("orderId=1&orderId=2"),
        details("orderId=1&order_id=2"),
        details("orderId=1&minVersion=-1"),
        details("orderId=1&minVersion=0"),
        details("orderId=1&minVersion=1e400"),
        details("orderId=1&minVersion=1&waitMs=99999999999999999999"),
        details("orderId=1&minVersion=1&waitMs=-1"),
        details("orderId=1&minVersion=1&waitMs=30001"),
        details("orderId=a%00b"),
        details("orderId=a%0d%0aFORGED"),
        details("orderId=%1b%5b31m"),
        details("orderId=%ff%fe"),
        details("orderId=%c0%af"),
        details("orderId=%ed%a0%80"),
        details(&format!("orderId={}", "x".repeat(65))),
        details(&format!("orderId={}", "x".repeat(60_000))),
        ids("limit=-1"),
        ids("limit=0"),
        ids("limit=1000000000"),
        ids("limit=1e9"),
        ids("limit=10001"),
        ids("limit=1&limit=2"),
        ids("limit=%00"),
        ids("topic=other"),
        "/dlq/messages?limit=-1".into(),
        "/dlq/messages?limit=99999999999999999999".into(),
        "/dlq/messages?before=x".into(),
        "/dlq/messages?before=0--1".into(),
        "/dlq/messages?code=%27%20OR%201%3D1".into(),
        "/dlq/messages?partition=99999999999".into(),
    ];
    let mut cases: Vec<Case> = refused
        .iter()
        .flat_map(|path| {
            [path.clone(), format!("/api{path}")].map(|path| {
                case(
                    &path[..path.len().min(200)],
                    request("GET", &path, &[], ""),
                    &[400, 404],
                )
            })
        })
        .collect();
    for id in [
        "..%2f..%2fetc%2fpasswd",
        "%22%27%3e%3cscript%3e",
        "%e2%80%ae",
        "a%2fb",
        "%2500",
        "a+b",
    ] {
        cases.push(case(
            id,
            request("GET", &details(&format!("orderId={id}")), &[], ""),
            &[404],
        ));
    }
    let endless = details(&format!("orderId={}", "x".repeat(100_000)));
    cases.push(case(
        "a query of 100 kB",
        request("GET", &endless, &[], ""),
        &[400, CLOSED],
    ));
    for path in ["/stats", "/order-details", "/dlq/info", "/getAllOrderIdsFromTopic"] {
        cases.push(case(format!("POST {path}"), json("POST", path, "{}"), &[405]));
    }
    cases
}
