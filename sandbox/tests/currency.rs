//! docs/http.md: the fields that say how current an answer is are in the answers that it names.

use sandbox::testing::start_sandbox;
use serde_json::Value;

const HTTP: &str = include_str!("../../docs/http.md");

/// The path and the field of each row.
fn documented() -> Vec<(&'static str, &'static str)> {
    let (_, section) = HTTP.split_once("\n## How current an answer is\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next one");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let mut cell = || cells.next().expect("a cell");
        let (paths, field) = (cell(), cell().trim_matches('`'));
        paths.split(", ").map(move |path| (path.trim_matches('`'), field))
    })
    .collect()
}

/// Whether a name says how current an answer is.
fn is_of_currency(name: &str) -> bool {
    ["lag", "complete", "asOf"].iter().any(|start| name.starts_with(start))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_the_documented_fields_and_no_others_of_that_kind() {
    let pipeline = start_sandbox(&[]).await.expect("starts");
    let documented = documented();
    for path in ["/stats", "/dlq/info", "/dlq/messages"] {
        let answer = reqwest::get(format!("{}{path}", pipeline.order_url)).await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        let names = answer.as_object().expect("an object").keys().map(String::as_str);
        let mut shown: Vec<&str> = names.filter(|name| is_of_currency(name)).collect();
        let of_path = documented.iter().filter(|(of, _)| *of == path);
        let mut fields: Vec<&str> = of_path.map(|(_, field)| *field).collect();
        shown.sort_unstable();
        fields.sort_unstable();
        assert_eq!(fields, shown, "{path}: documented, shown");
        assert!(!shown.is_empty(), "{path}");
    }
    pipeline.stop().await.expect("a clean end");
}
