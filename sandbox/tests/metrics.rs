//! `docs/metrics.md` against `/metrics` of both services, as they serve it: what is documented is there, what is there is
//! documented, with the same type, labels and words.

use std::collections::{BTreeMap, BTreeSet};

use orderlog_runtime::metrics::ALL;
use sandbox::testing::{eventually, start_sandbox};
use serde_json::json;

const DOCUMENT: &str = include_str!("../../docs/metrics.md");
const SERVICES: [&str; 2] = ["cart-service", "order-service"];

/// A row of the document.
struct Row<'a> {
    name: &'a str,
    kind: &'a str,
    services: &'a str,
    /// The values of each label; none if they are not a closed set.
    labels: BTreeMap<&'a str, BTreeSet<&'a str>>,
    unit: &'a str,
    meaning: &'a str,
}

/// A metric of a page.
#[derive(Default)]
struct Shown {
    kind: String,
    help: String,
    /// The values of each label.
    labels: BTreeMap<String, BTreeSet<String>>,
}

fn documented() -> Vec<Row<'static>> {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, services, labels, unit, meaning] = cells[..] else {
            panic!("{line} has not six cells");
        };
        let names = |text: &'static str| text.split('`').skip(1).step_by(2);
        let labels = labels.split(';').filter(|label| !label.is_empty()).map(|label| {
            let (name, values) = label.split_once(':').unwrap_or((label, ""));
            let name = names(name).next().expect("a label has a name");
            (name, names(values).collect())
        });
        Row {
            name: name.trim_matches('`'),
            kind,
            services,
            labels: labels.collect(),
            unit,
            meaning,
        }
    })
    .collect()
}

fn parse(page: &str) -> BTreeMap<String, Shown> {
    let mut metrics: BTreeMap<String, Shown> = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            metrics.entry(name.to_owned()).or_default().help = help.to_owned();
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            metrics.entry(name.to_owned()).or_default().kind = kind.to_owned();
        } else {
            let (sample, _) = line.rsplit_once(' ').expect("a sample has a value");
            let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix).filter(|base| metrics.contains_key(*base)));
            let metric = metrics.get_mut(base.unwrap_or(name)).expect("its type is above it");
            for label in labels
                .trim_end_matches('}')
                .split(',')
                .filter(|label| !label.is_empty())
            {
                let (label, value) = label.split_once('=').expect("a label has a value");
                if label != "le" {
                    let values = metric.labels.entry(label.to_owned()).or_default();
                    values.insert(value.trim_matches('"').to_owned());
                }
            }
        }
    }
    metrics
}

fn check(service: &str, shown: &BTreeMap<String, Shown>) {
    let rows = documented();
    let expected = rows
        .iter()
        .filter(|row| row.services == "both" || row.services == service);
    let names: BTreeSet<&str> = expected.clone().map(|row| row.name).collect();
    let shown_names: BTreeSet<&str> = shown.keys().map(String::as_str).collect();
    assert_eq!(
        names, shown_names,
        "{service}: documented on the left, shown on the right"
    );
    for row in expected {
        let Row { name, kind, labels, .. } = row;
        let metric = &shown[*name];
        assert_eq!(&metric.kind, kind, "{service}: {name}");
        assert!(!metric.help.is_empty(), "{service}: {name}");
        let is_ours = !name.starts_with("process_");
        let own = metric
            .labels
            .get("service")
            .map(|values| values.iter().map(String::as_str).collect());
        assert_eq!(own, is_ours.then(|| vec![service]), "{service}: {name}");
        let keys = metric.labels.keys().map(String::as_str);
        let keys: BTreeSet<&str> = keys.filter(|label| *label != "service").collect();
        assert_eq!(keys, labels.keys().copied().collect(), "{service}: {name}");
        for (label, values) in labels.iter().filter(|(_, values)| !values.is_empty()) {
            let shown: BTreeSet<&str> = metric.labels[*label].iter().map(String::as_str).collect();
            if name.starts_with("orderlog_") {
                assert_eq!(&shown, values, "{service}: {name} shows every {label} from the start");
            } else {
                assert!(shown.is_subset(values), "{service}: {name}: {label} is {shown:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_what_each_service_serves() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let client = reqwest::Client::new();
    let created = client
        .post(format!("{}/create-order", pipeline.cart_url))
        .json(&json!({"orderId": "A", "itemsCount": 1}))
        .send()
        .await
        .expect("an answer");
    assert_eq!(created.status(), 201);
    for (service, url) in SERVICES.into_iter().zip([&pipeline.cart_url, &pipeline.order_url]) {
        let page = async || {
            let page = client.get(format!("{url}/metrics")).send().await.expect("an answer");
            page.text().await.expect("text")
        };
        // The age is shown once a record was read, and requests once one was answered: order-service may have done neither yet.
        let complete = || async {
            let page = page().await;
            let is_there = |name: &str| page.contains(&format!("{name}{{service=\"{service}\""));
            is_there("orderlog_last_record_age_seconds") && is_there("http_requests_total")
        };
        assert!(eventually(complete).await, "{}", page().await);
        check(service, &parse(&page().await));
    }
    pipeline.stop().await.expect("a clean end");
}

#[test]
fn the_document_matches_the_list_in_the_code() {
    let rows = documented();
    let ours: Vec<_> = rows.iter().filter(|row| !row.name.starts_with("process_")).collect();
    let documented: BTreeMap<_, _> = ours.iter().map(|row| (row.name, (row.unit, row.meaning))).collect();
    let listed: BTreeMap<_, _> = ALL
        .iter()
        .map(|metric| (metric.name, (metric.unit, metric.help)))
        .collect();
    assert_eq!(documented, listed);
    assert_eq!(ours.len(), ALL.len(), "each once");
}

#[test]
fn alerts_and_notes_name_only_existing_metrics() {
    let rows = documented();
    let known: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    let words =
        DOCUMENT.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_' && !letter.is_ascii_digit());
    let prefixes = ["orderlog_", "http_", "process_"];
    let names = words.filter(|word| {
        prefixes
            .iter()
            .any(|prefix| word.len() > prefix.len() && word.starts_with(prefix))
    });
    let mut count = 0;
    for name in names {
        let base = name.strip_suffix("_bucket").unwrap_or(name);
        assert!(known.contains(base), "{name} is not in the list");
        count += 1;
    }
    assert!(count > rows.len() + 15, "the alerts were checked");
}
