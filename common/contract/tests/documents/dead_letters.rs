//! docs/dead-letters.md: the codes.

use orderlog_contract::rejection::Code;

use crate::table;

const DEAD_LETTERS: &str = include_str!("../../../../docs/dead-letters.md");
const CONTRACT: &str = include_str!("../../../../docs/contract.md");

/// A section for each code: its name, and its text up to the next heading.
fn sections() -> Vec<(&'static str, &'static str)> {
    let (_, codes) = DEAD_LETTERS.split_once("\n## The codes\n").expect("the section");
    let (codes, _) = codes.split_once("\n## ").expect("another one after it");
    let sections = codes.split("\n### `").skip(1);
    sections
        .map(|section| section.split_once("`\n").expect("a heading"))
        .collect()
}

#[test]
fn every_code_is_explained_in_its_order_with_an_example_a_cause_and_what_to_do() {
    let sections = sections();
    let named: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, Code::ALL.map(Code::as_str));
    for (name, text) in sections {
        let text = text.split("\n### ").next().unwrap_or_default();
        for part in ["| `--kind ", "**Usual cause:** ", "**What to do:** "] {
            assert!(text.contains(part), "{name} has no {part}");
        }
    }
}

#[test]
fn the_header_with_the_code_lists_them_all() {
    let rows = table(DEAD_LETTERS, "| header | value |");
    let row = rows.iter().find(|row| row[0] == "`orderlog.code`").expect("the header");
    let named: Vec<&str> = row[1].split('`').skip(1).step_by(2).collect();
    assert_eq!(named, Code::ALL.map(Code::as_str));
}

#[test]
fn the_contract_says_which_rule_leads_to_which_code() {
    let rows = table(CONTRACT, "| rule | otherwise rejected as |");
    let named: Vec<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    let rules = [Code::InvalidOrder, Code::KeyMismatch, Code::WrongPartition];
    assert_eq!(named, rules.map(Code::as_str));
}
