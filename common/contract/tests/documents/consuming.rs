//! docs/consuming.md: what it shows of the programs in docs/examples is copied word for word. (That they do what they should is
//! tested against a real broker.)

use std::collections::BTreeSet;

use orderlog_contract::money::Currency;

const CONSUMING: &str = include_str!("../../../../docs/consuming.md");
const READ: &str = include_str!("../../../../docs/examples/read.py");
const FOLD_PY: &str = include_str!("../../../../docs/examples/fold.py");
const FOLD_JAVA: &str = include_str!("../../../../docs/examples/Fold.java");
const SKIP: &str = include_str!("../../../../docs/examples/skip.py");

/// The blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    let blocks = CONSUMING.split(&fence).skip(1);
    blocks
        .map(|rest| rest.split_once("```").expect("the block's end").0)
        .collect()
}

#[test]
fn the_document_shows_the_programs_word_for_word() {
    let python = blocks("python");
    assert_eq!(python.len(), 3);
    assert_eq!(python[0], READ);
    assert!(
        FOLD_PY.contains(python[1]) && python[1].starts_with("def fold("),
        "{}",
        python[1]
    );
    assert!(SKIP.contains(python[2]), "{}", python[2]);
    let java = blocks("java");
    assert_eq!(java.len(), 1);
    assert!(FOLD_JAVA.contains(java[0]) && java[0].contains(" fold("), "{}", java[0]);
}

#[test]
fn the_programs_accept_our_currencies() {
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    let codes = codes.map(|code| code.map(char::from).iter().collect::<String>());
    let ours: BTreeSet<String> = codes.filter(|code| Currency::parse(code).is_some()).collect();
    for program in [FOLD_PY, FOLD_JAVA] {
        let (_, list) = program.split_once("CURRENCIES =").expect("the list");
        let list = list.split("\"\"\"").nth(1).expect("its text");
        let theirs: BTreeSet<String> = list.split_whitespace().map(str::to_owned).collect();
        assert_eq!(theirs, ours);
    }
}
