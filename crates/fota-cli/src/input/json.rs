//! Reads JSON piece by piece, with the line of each piece: a million objects must not be in memory at once, and
//! every problem names its line.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// Where and why the text is no JSON.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: u32,
    pub(super) reason: String,
    pub(super) fix: &'static str,
}

type Read<T> = Result<T, Broken>;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Text,
    Number,
    /// true, false or null
    Word,
    List,
    Object,
}

/// A text that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    rest: &'a str,
    line: u32,
    depth: u32,
}

const DEEPEST: u32 = 64;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, line: u32) -> Self {
        Scanner { rest: text, line, depth: 0 }
    }

    /// The line of what comes next.
    pub(super) fn line(&mut self) -> u32 {
        self.space();
        self.line
    }

    /// Whether nothing comes any more.
    pub(super) fn is_done(&mut self) -> bool {
        self.space();
        self.rest.is_empty()
    }

    /// What kind of value comes next.
    pub(super) fn next(&mut self) -> Read<Next> {
        self.space();
        match self.rest.chars().next() {
            Some('"') => Ok(Next::Text),
            Some('[') => Ok(Next::List),
            Some('{') => Ok(Next::Object),
            Some('-' | '0'..='9') => Ok(Next::Number),
            Some(_) if ["true", "false", "null"].iter().any(|word| self.rest.starts_with(word)) => {
                Ok(Next::Word)
            }
            Some('\'' | '\u{2018}' | '\u{201c}' | '\u{201d}') => {
                Err(self.broken("a string is not in double quotes", "write \"…\" around strings and keys"))
            }
            Some('/' | '#') => Err(self.broken("JSON has no comments", "remove the comment")),
            Some(_) => Err(self.unexpected("a value")),
            None => Err(self.cut()),
        }
    }

    /// A string, number or word: strings without their quotes, the others as they stand.
    pub(super) fn scalar(&mut self) -> Read<Cow<'a, str>> {
        if self.next()? == Next::Text { self.string() } else { self.bare().map(Cow::Borrowed) }
    }

    /// Walks a list. `item` reads one value.
    pub(super) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.members('[', ']', |scanner| item(scanner))
    }

    /// Walks an object. `field` gets the key and reads the value.
    pub(super) fn object(&mut self, mut field: impl FnMut(&mut Self, Cow<'a, str>) -> Read<()>) -> Read<()> {
        self.members('{', '}', |scanner| {
            if scanner.next()? != Next::Text {
                return Err(scanner.broken("a key is not in double quotes", "write \"…\" around keys"));
            }
            let key = scanner.string()?;
            if !scanner.eat(':') {
                return Err(scanner.unexpected("a colon after the key"));
            }
            field(scanner, key)
        })
    }

    /// Steps over any value.
    pub(super) fn skip(&mut self) -> Read<()> {
        match self.next()? {
            Next::List => self.list(Self::skip),
            Next::Object => self.object(|scanner, _| scanner.skip()),
            _ => self.scalar().map(drop),
        }
    }

    fn members(
        &mut self,
        open: char,
        close: char,
        mut member: impl FnMut(&mut Self) -> Read<()>,
    ) -> Read<()> {
        let opened = self.line();
        self.eat(open);
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(
                self.broken("lists and objects are nested too deep", "put the IMEIs in one flat list")
            );
        }
        let what = if open == '[' { "list" } else { "object" };
        let cut = format!("the text ends inside the {what} that opens on line {opened}");
        let mut ended = self.eat(close);
        while !ended {
            if self.is_done() {
                return Err(self.broken(cut, "the file was cut; get it again"));
            }
            member(self)?;
            ended = self.eat(close);
            if ended || self.is_done() {
                continue;
            }
            if !self.eat(',') {
                return Err(self.unexpected(&format!("a comma or {close}")));
            }
            self.space();
            if self.rest.starts_with(close) {
                return Err(self.broken(format!("a comma before {close}"), "remove the comma"));
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn string(&mut self) -> Read<Cow<'a, str>> {
        let bytes = self.rest.as_bytes();
        let mut at = 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(0..=0x1F) | None => {
                    return Err(
                        self.broken("a string opens here and does not close on its line", "close the quote")
                    );
                }
                Some(_) => at += 1,
            }
        }
        let (whole, rest) = self.rest.split_at_checked(at + 1).ok_or_else(|| self.cut())?;
        let inner = whole.get(1..at).unwrap_or_default();
        let text = if inner.contains('\\') {
            let text = serde_json::from_str(whole).map_err(|_| {
                self.broken("a backslash in a string that means nothing", "write \\\\ for a backslash")
            })?;
            Cow::Owned(text)
        } else {
            Cow::Borrowed(inner)
        };
        self.rest = rest;
        Ok(text)
    }

    /// A number or word.
    fn bare(&mut self) -> Read<&'a str> {
        let end = self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        // Leading zeros are no JSON, but they are what an IMEI looks like.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits && serde_json::from_str::<&RawValue>(text).is_err() {
            return Err(self.unexpected("a value"));
        }
        self.rest = rest;
        Ok(text)
    }

    fn eat(&mut self, c: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn space(&mut self) {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            // A text that is cut ends on its last line, not behind it.
            self.rest = rest;
            return;
        }
        let space = self.rest.len() - rest.len();
        let lines = self.rest.bytes().take(space).filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = rest;
    }

    fn unexpected(&mut self, wanted: &str) -> Broken {
        if self.is_done() {
            return self.cut();
        }
        let found: String = self.rest.chars().take_while(|c| !c.is_whitespace()).take(12).collect();
        self.broken(
            format!("{wanted} is expected where {found} stands"),
            "correct the JSON, or export it again",
        )
    }

    fn cut(&self) -> Broken {
        self.broken("the text ends too early", "the file was cut; get it again")
    }

    fn broken(&self, reason: impl Into<String>, fix: &'static str) -> Broken {
        Broken { line: self.line, reason: reason.into(), fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> bool {
        let mut scanner = Scanner::new(text, 1);
        scanner.skip().is_ok() && scanner.is_done()
    }

    /// What `serde_json` takes is read, and nothing else, whatever character is lost, doubled or changed.
    #[test]
    fn agrees_with_serde_json_about_damaged_documents() {
        let document = r#"{"a":[1,-2.5e+3,"x\"\u00e9\n",{}, [], true],"b":{"c":null , "d":false},"":0}"#;
        assert!(reads(document));
        let changes = ["", "\"", "\\", ",", ":", "[", "]", "{", "}", "0", "x", "-", " ", "\n", "\u{1}"];
        let mut broken = 0;
        for at in 0..document.len() {
            for change in changes {
                for length in [0, 1] {
                    let text = format!("{}{change}{}", &document[..at], &document[at + length..]);
                    let valid = serde_json::from_str::<serde_json::Value>(&text).is_ok();
                    broken += usize::from(!valid);
                    // An IMEI may start with zeros, which JSON does not know.
                    let zeros = ["01", "00", "-0"].iter().any(|zeros| text.contains(zeros));
                    assert!(reads(&text) == valid || zeros && !valid, "{text}");
                }
            }
        }
        assert!(broken > 1000, "{broken}");
    }

    #[test]
    fn every_piece_has_its_line() {
        let mut scanner = Scanner::new("[\n\n1,\n\"a\"\n,{\"b\":\n2}]", 5);
        let mut seen = Vec::new();
        let read = scanner.list(|scanner| {
            let line = scanner.line();
            if scanner.next()? == Next::Object {
                return scanner.object(|scanner, key| {
                    let line = scanner.line();
                    seen.push((line, format!("{key}={}", scanner.scalar()?)));
                    Ok(())
                });
            }
            seen.push((line, scanner.scalar()?.into_owned()));
            Ok(())
        });
        assert!(read.is_ok());
        assert_eq!(seen, [(7, "1".to_owned()), (8, "a".to_owned()), (10, "b=2".to_owned())]);
    }
}
