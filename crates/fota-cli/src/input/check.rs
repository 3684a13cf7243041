//! Judges values: is it an IMEI, is it there twice, and if not usable, what went wrong with it?

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use fota_models::{Imei, InvalidImei};

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The n-th IMEI of the command line.
    Argument(u64),
    /// The n-th line of the file.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Argument(number) => write!(f, "argument {number}"),
            Place::Line(number) => write!(f, "line {number}"),
        }
    }
}

/// A value that cannot be used.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    /// The value as given, cut when it is long. Not escaped.
    pub(crate) value: String,
    pub(crate) reason: String,
    pub(crate) fix: String,
}

impl Problem {
    pub(super) fn new(place: Place, value: &str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        const LONGEST: usize = 60;
        let mut text: String = value.chars().take(LONGEST).collect();
        if text.len() < value.len() {
            text.push('…');
        }
        Problem { place, value: text, reason: reason.into(), fix: fix.into() }
    }
}

/// Collects good values and problems.
#[derive(Debug, Default)]
pub(super) struct Check {
    imeis: Vec<Imei>,
    seen: HashMap<Imei, Place>,
    problems: Vec<Problem>,
}

impl Check {
    /// Takes one value. Space and quotes around it do not matter.
    pub(super) fn value(&mut self, place: Place, value: &str) {
        let text = bare(value);
        let (reason, fix) = match Imei::with_luhn(text) {
            Ok(imei) => match self.seen.entry(imei) {
                Entry::Vacant(entry) => {
                    entry.insert(place);
                    self.imeis.push(imei);
                    return;
                }
                Entry::Occupied(first) => {
                    let preposition = if matches!(first.get(), Place::Line(_)) { "on" } else { "in" };
                    let reason = format!("the same IMEI as {preposition} {}", first.get());
                    (reason, "remove one of the two".to_owned())
                }
            },
            Err(error) => explain(text, error),
        };
        self.problem(Problem::new(place, value, reason, fix));
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The good values and the others.
    pub(super) fn finish(self) -> (Vec<Imei>, Vec<Problem>) {
        (self.imeis, self.problems)
    }
}

fn bare(value: &str) -> &str {
    let text = value.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(text, str::trim)
}

fn explain(text: &str, error: InvalidImei) -> (String, String) {
    let reason = error.to_string();
    match error {
        _ if text.is_empty() => {
            ("there is no value".to_owned(), "add the IMEI or remove the line".to_owned())
        }
        _ if is_exponent(text) => (
            "a spreadsheet shortened the number, and digits are lost".to_owned(),
            "format the column as text where the numbers come from and export it again".to_owned(),
        ),
        InvalidImei::NotDigit { .. } => {
            let fix = match digits_of(text).filter(|digits| Imei::with_luhn(digits).is_ok()) {
                Some(digits) => format!("write {digits}"),
                None => "put an IMEI here, digits only".to_owned(),
            };
            (reason, fix)
        }
        InvalidImei::Length { found } if found > Imei::MAX_LEN => (
            format!("{found} digits are too many; an IMEI has 15"),
            "look whether two values ran together".to_owned(),
        ),
        InvalidImei::Length { found } => {
            let plural = if found == 1 { " is" } else { "s are" };
            let reason = format!("{found} digit{plural} too few; an IMEI has 15");
            let padded = format!("{text:0>15}");
            let fix = if text.len() >= 11 && Imei::with_luhn(&padded).is_ok() {
                format!("leading zeros may be lost: {padded} would be valid")
            } else {
                "digits are missing; look the IMEI up".to_owned()
            };
            (reason, fix)
        }
        InvalidImei::Luhn { expected } => {
            let mut right: String = text.chars().take(14).collect();
            right.push(expected);
            (reason, format!("compare it with the device; if only the last digit is wrong, it is {right}"))
        }
        _ => (reason, "put an IMEI here, digits only".to_owned()),
    }
}

/// `3.59E+14`, also with a comma.
fn is_exponent(text: &str) -> bool {
    let number =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    text.split_once(['e', 'E'])
        .is_some_and(|(mantissa, exponent)| number(mantissa) && number(exponent.trim_start_matches('+')))
}

/// The digits of a value that was written for people: `35-209900-176148-1`, `'352099001761481`, `352099001761481.0`.
fn digits_of(text: &str) -> Option<String> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    let foreign = |c: char| c.is_alphabetic() || c == char::REPLACEMENT_CHARACTER;
    (!text.contains(foreign)).then(|| text.chars().filter(char::is_ascii_digit).collect())
}
