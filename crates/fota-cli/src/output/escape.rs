//! Makes foreign text harmless: for terminals, which obey control characters, and for spreadsheets, which
//! run cells that look like formulas.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal would do something else with `c` than show it: control characters (C0, C1), what turns
/// text around, what breaks lines, and what cannot be seen at all, so that two texts look alike that are not.
pub(crate) fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// `text` on one line, with every hazard written as `\u{…}`.
pub(crate) fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hazard) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hazard(c) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", terminal(text))
}

/// One CSV cell: harmless for a terminal, never a formula, quoted where the format asks for it.
pub(crate) fn csv_cell(text: &str) -> Cow<'_, str> {
    let text = terminal(text);
    csv_quoted(if is_formula(&text) { Cow::Owned(format!("'{text}")) } else { text })
}

/// One CSV cell with the text as it is.
pub(crate) fn csv_cell_raw(text: &str) -> Cow<'_, str> {
    csv_quoted(Cow::Borrowed(text))
}

/// Whether a spreadsheet could take the cell for a formula. Some drop blanks and quotes at the start first.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

fn csv_quoted(text: Cow<'_, str>) -> Cow<'_, str> {
    let edge = |c: char| c.is_whitespace();
    if text.contains([',', '"', ';', '\n', '\r', '\t']) || text.starts_with(edge) || text.ends_with(edge) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hazard_survives() {
        let every = (0..=0x10_FFFF).filter_map(char::from_u32).collect::<String>();
        assert!(!terminal(&every).contains(is_hazard));
        assert!(!csv_cell(&every).contains(is_hazard));
        assert_eq!(terminal("Zürich 東京"), "Zürich 東京");
        assert_eq!(quoted("a\u{1b}[31m\u{202e}b\nc\u{9b}"), "\"a\\u{1b}[31m\\u{202e}b\\u{a}c\\u{9b}\"");
    }

    fn raw(text: &str) -> csv::StringRecord {
        let cell = csv_cell_raw(text);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(cell.as_bytes());
        reader.records().next().unwrap().unwrap()
    }

    #[test]
    fn no_cell_is_a_formula_and_every_cell_reads_back() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            " =1",
            "\t=1",
            "\u{ff1d}1",
            "=\"a\",b",
            "\"=1",
            "' =1",
            "-",
            "\u{a0}@x",
        ] {
            let cell = csv_cell(text);
            let read: csv::StringRecord = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(cell.as_bytes())
                .records()
                .next()
                .unwrap()
                .unwrap();
            assert_eq!(read.len(), 1, "{text}");
            let first = read[0].chars().next();
            assert!(matches!(first, Some('\'' | '\\')), "{text}: {cell}");
            assert_eq!(csv::StringRecord::from(vec![text]), raw(text), "{text}");
        }
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
