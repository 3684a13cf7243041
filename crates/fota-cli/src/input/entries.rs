//! Finds the IMEIs in JSON: lists of strings or numbers, objects with a key that names the IMEI, lists of those
//! inside an object, and the same line by line.

use std::borrow::Cow;

use super::check::Check;
use super::code::Code;
use super::diagnose::Diagnosis;
use super::json::{Broken, Next, Scanner};
use super::layout::{self, COLUMNS};
use super::problem::{Cause, Place, Problem};

/// Keys of an object that hold a list of devices: the vendor's, and those of our own outputs.
const LISTS: [&str; 6] = ["devicelist", "devices", "deviceids", "imeis", "imei", "items"];

/// Whether a text is JSON by what it starts with.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{'])
}

/// Whether each line is a value of its own.
pub(super) fn is_by_line(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // The first line of a document that goes on ends in one of these.
    let is_one = |line: &str| line.starts_with('{') && !line.ends_with(['{', '[', ',', ':']);
    lines.next().is_some_and(is_one) && lines.next().is_some_and(|line| line.starts_with('{'))
}

/// Hands every value with its line to `check`. With `wanted`, objects have a key of this name.
pub(super) fn split(text: &str, file: u16, wanted: Option<&str>, check: &mut Check) {
    let mark = check.mark();
    let mut walk = Walk { file, wanted, check };
    if is_by_line(text) {
        for (line, value) in (1..).zip(text.lines()).filter(|(_, value)| !value.trim().is_empty()) {
            if let Err(broken) = walk.document(Scanner::new(value, line)) {
                walk.broken(&broken, value, false);
            }
        }
    } else if let Err(broken) = walk.document(Scanner::new(text, 1)) {
        let line = usize::try_from(broken.line.saturating_sub(1)).unwrap_or_default();
        let value = text.lines().nth(line).unwrap_or_default().trim();
        walk.broken(&broken, value, true);
    }
    // Objects of the wrong kind are wrong in one way.
    let good = check.mark().good > mark.good;
    if let [first, _, ..] = check.since(mark)
        && !good
        && check.since(mark).iter().all(Problem::is_no_key)
    {
        let words = Diagnosis { reason: "no object has the key of an IMEI".to_owned(), ..first.words(&[]) };
        let words = match wanted {
            Some(wanted) => Diagnosis {
                reason: format!("no object has the key {}", layout::named_column(wanted)),
                fix: "name one of its keys with --column, as the file spells it".to_owned(),
                ..words
            },
            None => words,
        };
        let first = Problem::of_file(first.place, &first.value, words);
        check.replace_since(mark, first);
    }
}

struct Walk<'a> {
    file: u16,
    wanted: Option<&'a str>,
    check: &'a mut Check,
}

/// What an object told about its device.
#[derive(Default)]
struct Found<'t> {
    /// How well the key fits, less is better; the line; the value.
    best: Option<(usize, u32, Cow<'t, str>)>,
    /// `{"id": …, "kind": …}`
    id: Option<(u32, Cow<'t, str>)>,
    kind: Option<Cow<'t, str>>,
    /// There was a list of devices in it.
    listed: bool,
    twice: Option<(u32, String)>,
    keys: String,
}

impl Walk<'_> {
    fn document(&mut self, mut scanner: Scanner<'_>) -> Result<(), Broken> {
        while !scanner.is_done() {
            match scanner.next()? {
                Next::List => self.list(&mut scanner)?,
                _ => self.entry(&mut scanner).map(drop)?,
            }
        }
        Ok(())
    }

    fn broken(&mut self, broken: &Broken, value: &str, whole: bool) {
        let words =
            Diagnosis::new(Code::JsonSyntax, format!("this is no JSON: {}", broken.reason), broken.fix);
        let cause = Cause::Words { words: Box::new(words), whole };
        self.check.problem(Problem::new(self.place(broken.line), value, cause));
    }

    fn list(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Broken> {
        let line = scanner.line();
        let (mut items, mut foreign) = (0_u32, None);
        scanner.list(|scanner| {
            items += 1;
            if let Some(kind) = self.entry(scanner)? {
                items -= 1;
                foreign.get_or_insert(kind);
            }
            Ok(())
        })?;
        if let Some(kind) = foreign.filter(|_| items == 0) {
            let words = Diagnosis::new(
                Code::JsonShape,
                "none of these ids has the kind imei",
                "add the IMEI of the device",
            );
            let cause = Cause::Words { words: Box::new(words), whole: false };
            self.check.problem(Problem::new(self.place(line), &kind, cause));
        }
        Ok(())
    }

    /// One value of a list. Gives the kind back of an id that is no IMEI by its own word.
    fn entry(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<String>, Broken> {
        let place = self.place(scanner.line());
        match scanner.next()? {
            Next::Text | Next::Number => {
                let value = scanner.scalar()?;
                self.check.value(place, &value);
            }
            Next::Word => {
                let value = scanner.scalar()?;
                self.check.problem(Problem::new(place, &value, Cause::Shape("no string and no number")));
            }
            Next::List => {
                scanner.skip()?;
                self.check.problem(Problem::new(place, "[…]", Cause::Shape("a list inside the list")));
            }
            Next::Object => return self.object(scanner, place),
        }
        Ok(None)
    }

    fn object(&mut self, scanner: &mut Scanner<'_>, place: Place) -> Result<Option<String>, Broken> {
        let mut found = Found::default();
        scanner.object(|scanner, key| self.field(scanner, &key, &mut found))?;
        if found.listed {
            return Ok(None);
        }
        if let Some((line, key)) = found.twice {
            self.check.problem(Problem::new(self.place(line), &key, Cause::TwoKeys));
        } else if let Some((_, line, value)) = found.best {
            self.check.value(self.place(line), &value);
        } else {
            match (found.id, found.kind) {
                (Some((line, id)), Some(kind)) if kind.eq_ignore_ascii_case("imei") => {
                    self.check.value(self.place(line), &id);
                }
                (Some(_), Some(kind)) => return Ok(Some(kind.into_owned())),
                _ => self.check.problem(Problem::new(place, &found.keys, Cause::NoKey)),
            }
        }
        Ok(None)
    }

    fn field<'t>(
        &mut self,
        scanner: &mut Scanner<'t>,
        key: &str,
        found: &mut Found<'t>,
    ) -> Result<(), Broken> {
        const ENOUGH: usize = 60;
        if found.keys.len() < ENOUGH {
            found.keys.push_str(if found.keys.is_empty() { "" } else { ", " });
            found.keys.push_str(key);
        }
        let (next, line) = (scanner.next()?, scanner.line());
        let name = layout::plain(key);
        match next {
            Next::List if self.is_list(key, &name) => {
                found.listed = true;
                self.list(scanner)
            }
            Next::List | Next::Object => scanner.skip(),
            Next::Text | Next::Number | Next::Word => {
                let value = scanner.scalar()?;
                // null is the same as nothing.
                let value = if next == Next::Word && value == "null" { Cow::Borrowed("") } else { value };
                if let Some(rank) = self.rank(key, &name) {
                    match &found.best {
                        Some((best, ..)) if *best == rank => found.twice = Some((line, key.to_owned())),
                        Some((best, ..)) if *best < rank => {}
                        _ => found.best = Some((rank, line, value)),
                    }
                } else if self.wanted.is_none() && name == "id" {
                    found.id = Some((line, value));
                } else if self.wanted.is_none() && name == "kind" {
                    found.kind = Some(value);
                }
                Ok(())
            }
        }
    }

    fn is_list(&self, key: &str, name: &str) -> bool {
        LISTS.contains(&name) || self.wanted.is_some_and(|wanted| layout::is_alike(key, wanted))
    }

    /// How well a key fits; the exact name that was asked for fits best.
    fn rank(&self, key: &str, name: &str) -> Option<usize> {
        match self.wanted {
            Some(wanted) if key.trim() == wanted.trim() => Some(0),
            Some(wanted) => layout::is_alike(key, wanted).then_some(1),
            None => COLUMNS.iter().position(|known| *known == name),
        }
    }

    fn place(&self, line: u32) -> Place {
        Place::Line { file: self.file, line }
    }
}
