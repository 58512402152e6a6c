//! Tables for people: without frames, as wide as the terminal at most. Texts from records are made visible.

use comfy_table::{Cell, ContentArrangement, Table, presets};
use console::Term;

use crate::cli::output::visible;

/// A table with those columns.
pub fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(columns.iter().copied());
    // In a pipe a row is one line, however long it is.
    table.set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width() {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table
}

/// A cell.
pub fn cell(text: Option<&str>) -> Cell {
    Cell::new(text.map(visible).unwrap_or_else(|| "-".to_owned()))
}

/// The width of the terminal that stdout is, in characters.
fn width() -> Option<u16> {
    let (_, width) = Term::stdout().size_checked()?;
    Some(width.max(40))
}

/// The lines of a table, without the spaces at their ends.
pub fn lines(table: &Table) -> impl Iterator<Item = String> + '_ {
    table.lines().map(|line| line.trim_end().to_owned())
}
