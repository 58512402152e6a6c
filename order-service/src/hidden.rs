//! Characters that do not show or that reorder others. Text from records and clients must not deceive whoever reads it: one rule
//! for what is printed on a terminal and for what people may write into the log and the marks on the dead-letter topic. Pure.

/// Whether the character does not show, or reorders others: delete, the C1 controls, format characters, tags, and fillers, which
/// look like nothing. The C0 controls, which JSON escapes itself, are not among them.
pub(crate) fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether it shows: it is neither a control character nor hidden.
pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control() && !is_hidden(character)
}
