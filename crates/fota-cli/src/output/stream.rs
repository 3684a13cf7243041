//! The standard streams, as a terminal may get them. Where the locale is not UTF-8, the bytes of a foreign
//! letter mean something else, up to a control character: such a terminal gets ASCII alone.

use std::io::{self, BufWriter, IsTerminal as _, Stderr, Stdout, Write};

/// Stdout, buffered.
pub(crate) fn stdout() -> BufWriter<Guarded<Stdout>> {
    let stream = io::stdout();
    let ascii = stream.is_terminal() && !locale_is_utf8(variable);
    BufWriter::new(Guarded::new(stream, ascii))
}

/// Stderr. Never buffered: what it tells matters most when the process ends badly.
pub(crate) fn stderr() -> Guarded<Stderr> {
    let stream = io::stderr();
    let ascii = stream.is_terminal() && !locale_is_utf8(variable);
    Guarded::new(stream, ascii)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether terminals read UTF-8, by the first of the variables that decide it. A console of Windows gets its
/// text in another way, and always can.
pub(crate) fn locale_is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8")
}

/// A stream that writes all but ASCII as `\uXXXX` where it must. JSON reads that as the same value.
#[derive(Debug)]
pub(crate) struct Guarded<W> {
    out: W,
    ascii: bool,
    /// The first bytes of a letter whose rest comes with the next call.
    begun: Vec<u8>,
}

impl<W: Write> Guarded<W> {
    fn new(out: W, ascii: bool) -> Self {
        Guarded { out, ascii, begun: Vec::new() }
    }
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if !self.ascii || (buffer.is_ascii() && self.begun.is_empty()) {
            return self.out.write(buffer);
        }
        self.begun.extend_from_slice(buffer);
        let whole = match std::str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.begun.len(),
        };
        let rest = self.begun.split_off(whole);
        let text = in_ascii(&String::from_utf8_lossy(&self.begun));
        self.begun = rest;
        self.out.write_all(text.as_bytes())?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn in_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            push_units(&mut out, c);
        }
    }
    out
}

fn push_units(out: &mut String, c: char) {
    use std::fmt::Write as _;

    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_locale_gets_ascii_and_json_stays_the_same() {
        let mut stream = Guarded::new(Vec::new(), true);
        stream.write_all("\"Zürich 東京 \u{1f4e1}\" ok".as_bytes()).unwrap();
        let text = String::from_utf8(stream.out).unwrap();
        assert_eq!(text, "\"Z\\u00fcrich \\u6771\\u4eac \\ud83d\\udce1\" ok");
        let json = text.trim_end_matches(" ok");
        assert_eq!(serde_json::from_str::<String>(json).unwrap(), "Zürich 東京 \u{1f4e1}");
        let mut stream = Guarded::new(Vec::new(), false);
        stream.write_all("Zürich".as_bytes()).unwrap();
        assert_eq!(stream.out, "Zürich".as_bytes());
    }

    #[test]
    fn letters_that_are_cut_by_a_buffer_stay_whole() {
        let mut stream = BufWriter::with_capacity(3, Guarded::new(Vec::new(), true));
        for byte in "aü東b".bytes() {
            stream.write_all(&[byte]).unwrap();
        }
        let text = String::from_utf8(stream.into_inner().unwrap().out).unwrap();
        assert_eq!(text, "a\\u00fc\\u6771b");
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let utf8 = |set: &[(&str, &str)]| {
            locale_is_utf8(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(utf8(&[("LANG", "de_CH.UTF-8")]));
        assert!(utf8(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        if !cfg!(windows) {
            assert!(!utf8(&[("LC_ALL", "C"), ("LANG", "de_CH.UTF-8")]));
            assert!(!utf8(&[("LANG", "de_DE.ISO-8859-1")]));
            assert!(!utf8(&[]));
        }
    }
}
