//! The corpus of the fuzz targets, run on stable: whatever a fuzzer found stays found.

use std::path::Path;

use crate::targets::{read_datum, resolve_and_read};

fn run(target: &str, body: fn(&[u8])) {
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus")).join(target);
    let mut files = 0;
    for file in std::fs::read_dir(&corpus).expect("the corpus") {
        let path = file.expect("a file").path();
        println!("{}", path.display());
        body(&std::fs::read(&path).expect("its bytes"));
        files += 1;
    }
    assert!(files > 20, "{files} files in {}", corpus.display());
}

#[test]
fn every_datum_of_the_corpus_ends_as_an_event_or_an_error() {
    run("datum", read_datum);
}

#[test]
fn every_schema_of_the_corpus_ends_as_an_event_or_an_error() {
    run("schema", resolve_and_read);
}
