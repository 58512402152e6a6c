//! Checks that the code does what docs/ says about the contract.

mod consuming;
mod dead_letters;
mod orders;

/// The cells of the rows of the table in a document whose header begins with these words.
fn table<'a>(document: &'a str, header: &str) -> Vec<Vec<&'a str>> {
    let lines = document.lines().skip_while(|line| !line.starts_with(header));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &'a str| row.trim_matches('|').split('|').map(str::trim).collect();
    let rows: Vec<Vec<&str>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "no table {header}");
    rows
}
