//! JSON in one line, safe to look at: characters that would move a terminal's cursor or turn text around are
//! written as `\uXXXX`, which is the same value to every reader.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::escape;

/// Writes `value` without a line end.
pub(crate) fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Safe)).map_err(io::Error::from)
}

struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hazard)) = rest.char_indices().find(|(_, c)| escape::is_hazard(*c)) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            for unit in hazard.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = after.get(hazard.len_utf8()..).unwrap_or_default();
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hazard_is_written_and_the_value_stays() {
        let every = (0..=0x10_FFFF).filter_map(char::from_u32).collect::<String>();
        let mut out = Vec::new();
        write(&mut out, &every).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(escape::is_hazard));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), every);
    }
}
