//! The documents name files and link to each other; every one of those files must exist.

use std::fs;
use std::path::PathBuf;

use crate::root;

/// A word in backticks that contains a slash and ends like this is a path from the repository's root.
const FILES: [&str; 6] = [".rs", ".avsc", ".sh", ".md", ".py", ".toml"];

/// All documents, those in folders of `docs/` included.
pub fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .into();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let found = if path.is_dir() { &mut folders } else { &mut documents };
            found.push(path);
        }
    }
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.sort();
    documents
}

/// A document without its fenced blocks, which hold commands and drawings.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let kept = text.lines().filter(|line| {
        let fence = line.starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// The paths that a text has in backticks.
fn paths(text: &str) -> Vec<&str> {
    let is_path = |code: &&str| {
        let placeholder = code.contains(['<', '*', ' ', '…']);
        code.contains('/') && !placeholder && FILES.iter().any(|ending| code.ends_with(ending))
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// The files that a text links to, and the headings in them; a link without a file is to the text itself.
fn links(text: &str) -> Vec<(&str, Option<&str>)> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let within = targets.filter(|target| !target.contains("://"));
    let split = |target| match str::split_once(target, '#') {
        Some((file, heading)) => (file, Some(heading)),
        None => (target, None),
    };
    within.map(split).collect()
}

/// The names under which GitHub links to the headings of a text.
fn headings(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let words: String = heading.trim_start_matches('#').trim().chars().filter(kept).collect();
        words.to_lowercase().replace(' ', "-")
    };
    headings.map(name).collect()
}

#[test]
fn every_file_and_heading_that_a_document_names_exists() {
    let mut named = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = prose(&fs::read_to_string(&document).expect("UTF-8"));
        let beside = document.parent().expect("a directory");
        let mut check = |exists: bool, name: String| {
            named += 1;
            if !exists {
                missing.push(format!("{}: {name}", document.display()));
            }
        };
        for path in paths(&text) {
            check(root().join(path).exists(), path.to_owned());
        }
        for (file, heading) in links(&text) {
            let target = if file.is_empty() {
                document.clone()
            } else {
                beside.join(file)
            };
            check(target.exists(), file.to_owned());
            if let (Some(heading), Ok(linked)) = (heading, fs::read_to_string(&target)) {
                check(
                    headings(&prose(&linked)).iter().any(|it| it == heading),
                    format!("{file}#{heading}"),
                );
            }
        }
    }
    assert!(
        named > 50,
        "only {named} files are named: this test misreads the documents"
    );
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn paths_are_distinguished_from_commands_and_placeholders() {
    let text = "`a/b.rs`, `cargo test a/b.rs`, `v<N>/x.avsc`, `b.rs`, [c](d/e.md#f), [h](#i) and [g](https://h/i.md)\n```\n`j/k.rs`\n```";
    assert_eq!(paths(&prose(text)), ["a/b.rs"]);
    assert_eq!(links(&prose(text)), [("d/e.md", Some("f")), ("", Some("i"))]);
}

#[test]
fn a_heading_has_the_name_that_github_gives_it() {
    let names = headings("# A b\ntext\n### 3. The `c_d` goes, and e-f\n");
    assert_eq!(names, ["a-b", "3-the-c_d-goes-and-e-f"]);
}
