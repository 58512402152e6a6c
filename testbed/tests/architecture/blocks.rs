//! Every fenced block of a document is run by a test, which the comment above it names, or says why none can run it.

use std::fs;
use std::path::Path;

use sandbox::testing::documents::{Block, Marker, blocks};

use crate::documents::documents;
use crate::root;

/// What is wrong with a block's marker, if anything. `document` is the document's path from the root.
fn fault(document: &str, block: &Block<'_>, root: &Path) -> Option<String> {
    match block.marker {
        None => {
            Some("has neither `<!-- run by: TEST -->` nor `<!-- not run: REASON -->` in the line above it".to_owned())
        }
        Some(Marker::NotRun(reason)) => reason.is_empty().then(|| "gives no reason".to_owned()),
        Some(Marker::RunBy(test)) => match fs::read_to_string(root.join(test)) {
            Err(error) => Some(format!("{test}: {error}")),
            Ok(text) if !text.contains(document) => Some(format!("{test} does not read {document}")),
            // It then has all of them, and checks itself that it uses each.
            Ok(text) if !(text.contains("_run_by(") && text.contains(test)) => Some(format!(
                "{test} does not take its blocks by `blocks_run_by` or `only_block_run_by`"
            )),
            Ok(_) => None,
        },
    }
}

#[test]
fn every_fenced_block_is_run_by_a_test_or_says_why_not() {
    let (mut run, mut faults) = (0, Vec::new());
    let root = root().canonicalize().expect("the root");
    for path in documents() {
        let path = path.canonicalize().expect("a document");
        let document = path.strip_prefix(&root).expect("in the workspace").to_string_lossy();
        let text = fs::read_to_string(&path).expect("UTF-8");
        for block in blocks(&text) {
            run += usize::from(matches!(block.marker, Some(Marker::RunBy(_))));
            let fault = fault(&document, &block, &root);
            faults.extend(fault.map(|fault| format!("{document}:{}: the block {fault}", block.line)));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(run > 10, "only {run} blocks are run: this test misreads the documents");
}

#[test]
fn a_marker_must_name_a_test_that_takes_the_blocks_of_the_document_or_give_a_reason() {
    let root = root();
    let faulty_in = |document: &str, marker: &str| {
        let text = format!("{marker}\n```sh\na\n```\n");
        fault(document, &blocks(&text)[0], &root).is_some()
    };
    let faulty = |marker: &str| faulty_in("docs/evolve.md", marker);
    assert!(!faulty("<!-- run by: testbed/tests/evolve.rs -->"));
    assert!(!faulty("<!-- not run: it never ends -->"));
    for marker in [
        "",
        "<!-- not run: -->",
        "<!-- run by: testbed/tests/nothing.rs -->",
        "<!-- run by: testbed/tests/flood.rs -->",
    ] {
        assert!(faulty(marker), "{marker}");
    }
    let only_reads_it = "<!-- run by: common/contract/tests/documents/consuming.rs -->";
    assert!(faulty_in("docs/consuming.md", only_reads_it));
}
