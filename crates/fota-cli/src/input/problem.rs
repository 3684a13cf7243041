//! What is wrong with the input, and where. A problem keeps the value and no words: a million of them must fit
//! in memory, and the words are made when they are printed.

use std::fmt;

use super::diagnose::{Code, Diagnosis, diagnose};

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The n-th IMEI of the command line.
    Argument(u32),
    /// A line of the n-th file.
    Line { file: u16, line: u32 },
    /// The n-th file as a whole.
    File(u16),
}

/// A value, a row or a file that cannot be used.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    /// As given, cut when it is long. Not escaped.
    pub(crate) value: Box<str>,
    cause: Cause,
}

/// Why it cannot be used, as far as the value alone does not tell.
#[derive(Debug, Clone)]
pub(super) enum Cause {
    /// The value tells.
    Value,
    /// It was there before.
    Duplicate(Place),
    /// This many characters.
    Long(u32),
    /// A row with another number of fields than the header.
    Ragged { found: u32, expected: u32 },
    /// A quote that swallows the next rows.
    OpenQuote,
    /// A row of this many bytes.
    LongLine(u32),
    /// JSON that is neither text, nor a number, nor an object.
    Shape(&'static str),
    /// An object without an IMEI; the value is the list of its keys.
    NoKey,
    /// An object that names this key twice; the value is the key.
    TwoKeys,
    /// In words of its own. `whole`: nothing of the file can be used.
    Words { words: Box<Diagnosis>, whole: bool },
}

/// The longest value that is kept whole.
const KEPT: usize = 256;
/// The longest value that is shown to people whole.
const SHOWN: usize = 60;

impl Problem {
    pub(super) fn new(place: Place, value: &str, cause: Cause) -> Self {
        let length = if value.len() > KEPT { value.chars().count() } else { 0 };
        if length <= KEPT {
            return Problem { place, value: value.into(), cause };
        }
        let cut: String = value.chars().take(KEPT).chain(['…']).collect();
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let cause = if matches!(cause, Cause::Value) { Cause::Long(length) } else { cause };
        Problem { place, value: cut.into(), cause }
    }

    /// A problem of the whole file.
    pub(super) fn of_file(place: Place, value: &str, words: Diagnosis) -> Self {
        Problem::new(place, value, Cause::Words { words: Box::new(words), whole: true })
    }

    /// Whether the rest of the file means nothing.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.cause, Cause::Words { whole: true, .. })
    }

    /// Whether the file holds no value at all, good or bad.
    pub(super) fn is_blank(&self) -> bool {
        matches!(&self.cause, Cause::Words { words, whole: true } if words.code == Code::Empty)
    }

    pub(super) fn is_no_key(&self) -> bool {
        matches!(self.cause, Cause::NoKey)
    }

    /// The value for people. Not escaped.
    pub(crate) fn shown(&self) -> String {
        let mut text: String = self.value.chars().take(SHOWN).collect();
        if text.len() < self.value.len() {
            text.push('…');
        }
        text
    }

    /// Reason and fix. `names` are those of the files.
    pub(crate) fn words(&self, names: &[String]) -> Diagnosis {
        match &self.cause {
            Cause::Value => diagnose(&self.value).unwrap_or_else(|| {
                Diagnosis::new(Code::Letters, "this is no IMEI", "put an IMEI of 15 digits here")
            }),
            Cause::Duplicate(first) => {
                let preposition = if matches!(first, Place::Argument(_)) { "in" } else { "on" };
                let first = first.named(self.place, names);
                Diagnosis::new(
                    Code::Duplicate,
                    format!("the same IMEI as {preposition} {first}"),
                    "remove one of the two",
                )
            }
            Cause::Long(length) => Diagnosis::new(
                Code::TooLong,
                format!("{length} characters are too many; an IMEI has 15 digits"),
                "look whether line breaks or separators were lost",
            ),
            Cause::Ragged { found, expected } => Diagnosis::new(
                Code::Ragged,
                format!("the row has {}, the header {expected}", fields(*found)),
                if found > expected {
                    "put the field that holds a separator in double quotes"
                } else {
                    "complete the row or remove it"
                },
            ),
            Cause::OpenQuote => Diagnosis::new(
                Code::Quote,
                "a quote opens here, and the lines after it became part of the field",
                "close the quote, or write it twice if it belongs to the text",
            ),
            Cause::LongLine(bytes) => Diagnosis::new(
                Code::LongLine,
                format!("the line has {bytes} bytes, too many for a row of a table"),
                "look whether line breaks were lost",
            ),
            Cause::Shape(what) => Diagnosis::new(
                Code::JsonShape,
                format!("{what} stands where an IMEI belongs"),
                "put a string or an object with the key imei here",
            ),
            Cause::NoKey => Diagnosis::new(
                Code::NoColumn,
                "the object has no key imei, deviceId, device or esn",
                "name the key that holds the IMEI with --column",
            ),
            Cause::TwoKeys => {
                Diagnosis::new(Code::TwoColumns, "the object has this key twice", "remove one of the two")
            }
            Cause::Words { words, .. } => (**words).clone(),
        }
    }
}

fn fields(count: u32) -> String {
    format!("{count} field{}", if count == 1 { "" } else { "s" })
}

impl Place {
    /// For people: the file is named when there is more than one.
    pub(crate) fn to_text(self, names: &[String]) -> String {
        let in_full = names.len() > 1 || matches!(self, Place::File(_));
        if in_full { self.full(names) } else { self.to_string() }
    }

    /// As seen from another place: its file is named when it is another one.
    fn named(self, from: Place, names: &[String]) -> String {
        if self.file().is_some() && self.file() != from.file() && from.file().is_some() {
            self.full(names)
        } else {
            self.to_string()
        }
    }

    fn full(self, names: &[String]) -> String {
        match (self.file_name(names), self) {
            (Some(name), Place::Line { line, .. }) => format!("{name} line {line}"),
            (Some(name), _) => name.to_owned(),
            (None, _) => self.to_string(),
        }
    }

    pub(crate) fn file_name(self, names: &[String]) -> Option<&str> {
        names.get(usize::from(self.file()?)).map(String::as_str)
    }

    fn file(self) -> Option<u16> {
        match self {
            Place::Line { file, .. } | Place::File(file) => Some(file),
            Place::Argument(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Argument(number) => write!(f, "argument {number}"),
            Place::Line { line, .. } => write!(f, "line {line}"),
            Place::File(_) => f.write_str("the file"),
        }
    }
}
