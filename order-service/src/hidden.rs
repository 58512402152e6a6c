//! Characters that do not show or that reorder others. One rule for what is printed on a terminal and for what people may
//! write into the log and the marks on the dead-letter topic. Pure.

/// Whether it is delete, a C1 control, or what Unicode has to hide or to reorder text. The other control characters are none:
/// JSON escapes them.
pub(crate) fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether it shows: it is neither a control character nor hidden.
pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control() && !is_hidden(character)
}
