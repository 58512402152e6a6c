//! The directions between the crates, as `docs/architecture.md` has them. Only normal dependencies count: tests may use any
//! crate.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// The crates under `common/`, which both services are made of.
const COMMON: [&str; 7] = [
    "orderlog-avro",
    "orderlog-contract",
    "orderlog-kafka",
    "orderlog-projection",
    "orderlog-registry",
    "orderlog-runtime",
    "orderlog-web",
];

/// Each crate of the workspace, and the others that it may use.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let common_and = |more: &[&'static str]| COMMON.iter().chain(more).copied().collect();
    let services = ["cart-service", "order-service"];
    BTreeMap::from([
        ("orderlog-avro", BTreeSet::new()),
        ("orderlog-contract", BTreeSet::from(["orderlog-avro"])),
        ("orderlog-runtime", BTreeSet::new()),
        (
            "orderlog-registry",
            BTreeSet::from(["orderlog-avro", "orderlog-runtime"]),
        ),
        ("orderlog-kafka", BTreeSet::from(["orderlog-runtime"])),
        (
            "orderlog-projection",
            BTreeSet::from([
                "orderlog-avro",
                "orderlog-contract",
                "orderlog-registry",
                "orderlog-kafka",
                "orderlog-runtime",
            ]),
        ),
        (
            "orderlog-web",
            BTreeSet::from(["orderlog-contract", "orderlog-runtime"]),
        ),
        ("cart-service", common_and(&[])),
        ("order-service", common_and(&[])),
        ("sandbox", common_and(&services)),
        ("testbed", common_and(&["sandbox"])),
        ("torture", common_and(&["sandbox", "testbed"])),
    ])
}

/// Third-party crates that a test of the Avro engine must not have to build.
const HEAVY: [&str; 6] = ["actix-web", "fjall", "openssl-sys", "rdkafka", "rdkafka-sys", "reqwest"];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// The normal dependencies of each crate of the workspace.
fn normal_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let normal = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|it| it["kind"].is_null())
            .map(|it| text(&it["name"]))
            .collect()
    };
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| (text(&package["name"]), normal(package)))
        .collect()
}

/// The names of all crates that are built for a crate and, where the edges include them, its tests.
fn tree(package: &str, edges: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree", "-p", package, "--edges", edges, "--prefix", "none", "--format", "{p}",
    ]);
    let name = |line: &str| line.split(' ').next().map(str::to_owned);
    tree.lines().filter_map(name).collect()
}

#[test]
fn a_crate_depends_only_on_allowed_crates() {
    let allowed = allowed();
    let ours = normal_dependencies();
    let names: BTreeSet<&str> = ours.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        allowed.keys().copied().collect(),
        "a new crate needs a rule here"
    );
    for (package, dependencies) in &ours {
        for used in dependencies.iter().filter(|it| ours.contains_key(*it)) {
            assert!(
                allowed[package.as_str()].contains(used.as_str()),
                "{package} must not depend on {used}"
            );
        }
    }
}

#[test]
fn the_avro_engine_needs_only_serde() {
    let ours = normal_dependencies();
    let expected = ["serde", "serde_json"].map(str::to_owned);
    assert_eq!(ours["orderlog-avro"], BTreeSet::from(expected));
    let with_tests = tree("orderlog-avro", "all");
    for heavy in HEAVY {
        assert!(!with_tests.contains(heavy), "orderlog-avro or its tests need {heavy}");
    }
}

#[test]
fn the_contract_does_no_io() {
    let all = tree("orderlog-contract", "normal");
    for heavy in HEAVY.into_iter().chain(["tokio"]) {
        assert!(!all.contains(heavy), "orderlog-contract needs {heavy}");
    }
}
