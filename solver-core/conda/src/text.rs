//! What may stand in a name, a version, a build or a spec, and how other texts are shown.
//!
//! Texts of a channel end on terminals and in files that are read line by line. A character that moves the cursor, ends
//! a line or turns the direction of writing has no place in any of them.

use std::borrow::Cow;

/// Whether a character only shows itself: no control character (C0, C1), no other line end, none that is invisible or
/// changes the direction of what follows.
pub fn is_plain(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    !c.is_control() && !invisible
}

/// Whether all characters of a text are plain.
pub fn is_plain_text(text: &str) -> bool {
    // Nearly all texts are ASCII.
    let ascii = |byte: u8| (b' '..0x7f).contains(&byte);
    text.bytes().fold(true, |all, byte| all & ascii(byte)) || text.chars().all(is_plain)
}

/// A text in one line, with other characters than plain ones spelled out.
pub fn shown(text: &str) -> Cow<'_, str> {
    if is_plain_text(text) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_turns_the_text() {
        for c in [
            '\n', '\r', '\t', '\0', '\x1b', '\x7f', '\u{85}', '\u{9b}', '\u{202e}', '\u{2066}',
            '\u{2028}', '\u{200b}', '\u{feff}',
        ] {
            assert!(!is_plain(c), "{c:?}");
            let text = format!("a{c}b");
            assert!(is_plain_text(&shown(&text)), "{c:?}");
        }
        assert_eq!(shown("é 1.0"), "é 1.0");
        assert_eq!(shown("a\nb\u{202e}"), "a\\nb\\u{202e}");
    }
}
