//! The documents name files and link to each other; every one of those files must exist.

use std::fs;
use std::path::PathBuf;

use crate::root;

/// A word in backticks that contains a slash and ends like this is a path from the repository's root.
const FILES: [&str; 6] = [".rs", ".avsc", ".sh", ".md", ".py", ".toml"];

fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("the documents");
    let mut documents: Vec<PathBuf> = docs.map(|entry| entry.expect("an entry").path()).collect();
    documents.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
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

/// The files that a text links to.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter_map(|target| target.split('#').next());
    files.filter(|file| !file.is_empty() && !file.contains("://")).collect()
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut named = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = prose(&fs::read_to_string(&document).expect("UTF-8"));
        let beside = document.parent().expect("a directory").to_path_buf();
        let files = paths(&text).into_iter().map(|path| (root(), path));
        for (from, path) in files.chain(links(&text).into_iter().map(|link| (beside.clone(), link))) {
            named += 1;
            if !from.join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(
        named > 50,
        "only {named} files are named: the documents are not understood"
    );
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn paths_are_distinguished_from_commands_and_placeholders() {
    let text = "`a/b.rs`, `cargo test a/b.rs`, `v<N>/x.avsc`, `b.rs`, [c](d/e.md#f) and [g](https://h/i.md)\n```\n`j/k.rs`\n```";
    assert_eq!(paths(&prose(text)), ["a/b.rs"]);
    assert_eq!(links(&prose(text)), ["d/e.md"]);
}
