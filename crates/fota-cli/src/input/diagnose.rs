//! The doctor: what is wrong with a value that is no IMEI, and what it most likely was meant to be.

use std::fmt::Write as _;

use fota_models::Imei;

use super::digits::{self, Exponent, Numbers};
use crate::output::escape;

pub(super) use super::code::Code;

/// What is wrong and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) code: Code,
    pub(crate) reason: String,
    pub(crate) fix: String,
    /// The IMEI that must have been meant. Nothing when there is more than one way to read the value.
    pub(crate) suggestion: Option<String>,
}

impl Diagnosis {
    pub(super) fn new(code: Code, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Diagnosis { code, reason: reason.into(), fix: fix.into(), suggestion: None }
    }

    fn suggest(mut self, imei: impl Into<String>) -> Self {
        self.suggestion = Some(imei.into());
        self
    }
}

/// `None` for a good IMEI. Space around the value does not matter.
pub(super) fn diagnose(value: &str) -> Option<Diagnosis> {
    let text = digits::bare(value);
    if text.is_empty() {
        return Some(Diagnosis::new(Code::NoValue, "there is no value", "add the IMEI or remove the line"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return number(text);
    }
    Some(
        damaged(text).or_else(|| spreadsheet(text)).or_else(|| written(text)).unwrap_or_else(|| worded(text)),
    )
}

/// Digits alone.
fn number(text: &str) -> Option<Diagnosis> {
    let count = text.len();
    let said = |code, reason: &str, fix: &str| Some(Diagnosis::new(code, reason, fix));
    if text.bytes().all(|byte| byte == b'0') {
        return said(Code::Placeholder, "zeros stand for no IMEI", "look the IMEI up or remove the line");
    }
    match count {
        0..=13 => Some(short(text)),
        14 => Some(fourteen(text)),
        15 => luhn(text),
        16 => Some(sixteen(text)),
        _ if count == 32 && text.starts_with("89") => said(
            Code::Eid,
            "32 digits that start with 89 are the number of an eSIM (EID), not an IMEI",
            "take the column with the IMEIs",
        ),
        _ if matches!(count, 18..=22) && text.starts_with("89") => Some(Diagnosis::new(
            Code::Iccid,
            format!("{count} digits are the number of a SIM card (ICCID), not an IMEI"),
            "take the column with the IMEIs",
        )),
        18 => said(
            Code::Meid,
            "18 digits are a MEID in decimal, not an IMEI",
            "look the IMEI up; it has 15 digits",
        ),
        _ if count == 30 && digits::halves(text).is_some() => {
            let [first, second] = digits::halves(text).unwrap_or_default();
            Some(Diagnosis::new(
                Code::SeveralValues,
                "two IMEIs ran together",
                format!("put {first} and {second} on a line each"),
            ))
        }
        _ => Some(Diagnosis::new(
            Code::TooLong,
            format!("{count} digits are too many; an IMEI has 15"),
            "look whether two values ran together",
        )),
    }
}

fn short(text: &str) -> Diagnosis {
    let count = text.len();
    let padded = format!("{text:0>15}");
    if count >= 11 && digits::is_imei(&padded) {
        let reason = format!("{count} digits are too few; an IMEI has 15");
        return Diagnosis::new(
            Code::TooShort,
            reason,
            format!("leading zeros may be lost: {padded} would be valid; compare it with the device"),
        );
    }
    if count == 10 || count == 11 && text.starts_with('1') {
        return Diagnosis::new(
            Code::Phone,
            format!("{count} digits look like a telephone number (MDN), not an IMEI"),
            "take the column with the IMEIs",
        );
    }
    let verb = if count == 1 { " is" } else { "s are" };
    Diagnosis::new(
        Code::TooShort,
        format!("{count} digit{verb} too few; an IMEI has 15"),
        "digits are missing; look the IMEI up",
    )
}

/// A lost leading zero, or no check digit: two IMEIs that may differ.
fn fourteen(text: &str) -> Diagnosis {
    let (whole, padded) = (digits::with_check_digit(text), format!("0{text}"));
    if digits::is_imei(&padded) {
        return Diagnosis::new(
            Code::FourteenDigits,
            "14 digits: a leading zero is lost, or the check digit is missing",
            format!("compare {padded} and {whole} with the device"),
        );
    }
    Diagnosis::new(
        Code::FourteenDigits,
        "14 digits: the check digit is missing",
        format!("with its check digit it is {whole}"),
    )
    .suggest(whole)
}

fn sixteen(text: &str) -> Diagnosis {
    let whole = digits::with_check_digit(text);
    let reason = "16 digits are an IMEI with a software version (IMEISV)";
    match text.strip_prefix('0').filter(|rest| digits::is_imei(rest) && *rest != whole) {
        Some(rest) => Diagnosis::new(
            Code::Imeisv,
            "16 digits: an IMEI with a software version (IMEISV), or a zero too many in front",
            format!("compare {whole} and {rest} with the device"),
        ),
        None => Diagnosis::new(Code::Imeisv, reason, format!("the IMEI is {whole}")).suggest(whole),
    }
}

fn luhn(text: &str) -> Option<Diagnosis> {
    let right = digits::with_check_digit(text);
    (right != text).then(|| {
        let last = right.chars().next_back().unwrap_or_default();
        Diagnosis::new(
            Code::Luhn,
            format!("wrong check digit: the last digit should be {last}"),
            format!("compare it with the device; if only the last digit is wrong, it is {right}"),
        )
    })
}

/// Characters that come from a broken copy or export.
fn damaged(text: &str) -> Option<Diagnosis> {
    if text.contains('\0') {
        let rest = text.replace('\0', "");
        return Some(cleaned(Code::Nul, "a NUL byte in it".to_owned(), &rest));
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Some(Diagnosis::new(
            Code::NotUtf8,
            "bytes that are no UTF-8 text",
            "save the file as UTF-8 and look at the value",
        ));
    }
    if let Some(hidden) = text.chars().find(|c| digits::is_hidden(*c)) {
        let rest = text.replace(digits::is_hidden, "");
        let reason = format!("U+{:04X} in it, a character that nobody sees", u32::from(hidden));
        return Some(cleaned(Code::Invisible, reason, &rest));
    }
    if text.chars().any(|c| !c.is_ascii() && digits::foreign(c).is_some()) {
        let ascii: String = text.chars().map(|c| digits::foreign(c).unwrap_or(c)).collect();
        return Some(cleaned(Code::ForeignDigits, "digits of another script".to_owned(), &ascii));
    }
    None
}

/// What spreadsheets make of numbers.
fn spreadsheet(text: &str) -> Option<Diagnosis> {
    if let Some(exponent) = digits::exponent(text) {
        return Some(match exponent {
            Exponent::Whole(whole) => cleaned(Code::Exponent, "a number with an exponent".to_owned(), &whole),
            Exponent::DigitsLost => Diagnosis::new(
                Code::Exponent,
                "a spreadsheet shortened the number, and digits are lost",
                "format the column as text where the numbers come from and export it again",
            ),
        });
    }
    if let Some(formula) = text.strip_prefix('=') {
        let rest = formula.trim_matches(['"', '\'']);
        return Some(cleaned(Code::Formula, "a formula of a spreadsheet".to_owned(), rest));
    }
    if let Some(rest) = digits::without_decimals(text) {
        return Some(cleaned(Code::Decimals, "decimals after the number".to_owned(), rest));
    }
    digits::without_thousands(text)
        .map(|rest| cleaned(Code::Thousands, "separators of thousands".to_owned(), &rest))
}

/// Digits as people write them.
fn written(text: &str) -> Option<Diagnosis> {
    let numbers = Numbers::of(text);
    if numbers.long.len() > 1 {
        let all = numbers.long.join(" and ");
        let fix = if numbers.long.len() > 3 {
            "put each on a line of its own".to_owned()
        } else {
            format!("put {all} on a line each")
        };
        return Some(Diagnosis::new(
            Code::SeveralValues,
            format!("{} numbers in one value", numbers.long.len()),
            fix,
        ));
    }
    if numbers.all.is_empty() || text.chars().any(char::is_alphabetic) {
        return None;
    }
    let all = numbers.all.as_str();
    if text.starts_with('+') || matches!(all.len(), 10 | 11) && text.contains(['(', ')', '-', '.', ' ']) {
        return Some(Diagnosis::new(
            Code::Phone,
            "it looks like a telephone number (MDN), not an IMEI",
            "take the column with the IMEIs",
        ));
    }
    let has = |set: fn(char) -> bool| text.contains(set);
    let (code, what) = if has(digits::is_apostrophe) {
        (Code::Apostrophe, "an apostrophe")
    } else if has(|c| c == '"') {
        (Code::Quote, "a quote without its partner")
    } else if has(digits::is_dash) {
        (Code::Dashes, "a dash")
    } else if has(char::is_whitespace) {
        (Code::Spaces, "a space")
    } else {
        (Code::Punctuation, "punctuation")
    };
    let at = text.chars().position(|c| !c.is_ascii_digit()).unwrap_or_default() + 1;
    Some(cleaned(code, format!("{what} in it, at character {at}"), all))
}

/// Something with letters.
fn worded(text: &str) -> Diagnosis {
    if let Some((code, what)) = digits::hexadecimal(text) {
        return Diagnosis::new(code, what, "look the IMEI up; it has 15 digits, and no letters");
    }
    let typed: String = text
        .chars()
        .map(|c| match c {
            'o' | 'O' => '0',
            'l' | 'I' => '1',
            c => c,
        })
        .collect();
    if typed.bytes().all(|byte| byte.is_ascii_digit()) && typed.len() >= Imei::MIN_LEN {
        return cleaned(Code::LetterDigits, "letters that look like digits".to_owned(), &typed);
    }
    let (at, letter) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()).unwrap_or_default();
    let reason = format!(
        "character {} is '{}', not a digit",
        at + 1,
        escape::terminal(letter.encode_utf8(&mut [0; 4]))
    );
    match Numbers::of(text).long.as_slice() {
        [only] if digits::is_imei(only) => {
            Diagnosis::new(Code::Letters, reason, format!("write {only}")).suggest(*only)
        }
        _ => Diagnosis::new(Code::Letters, reason, "put an IMEI here, digits only"),
    }
}

/// The value is `rest` once what `reason` names is gone; and that may be no IMEI either.
fn cleaned(code: Code, mut reason: String, rest: &str) -> Diagnosis {
    if digits::is_imei(rest) {
        return Diagnosis::new(code, reason, format!("write {rest}")).suggest(rest);
    }
    match number(rest).filter(|_| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(inner) => {
            // Writing to a string does not fail.
            let _ = if rest.len() > 22 {
                write!(reason, "; even so, {}", inner.reason)
            } else {
                write!(reason, "; as {rest}: {}", inner.reason)
            };
            Diagnosis { code, reason, fix: inner.fix, suggestion: inner.suggestion }
        }
        None => match Numbers::of(rest).long.as_slice() {
            [only] if digits::is_imei(only) => {
                Diagnosis::new(code, reason, format!("write {only}")).suggest(*only)
            }
            _ => Diagnosis::new(code, reason, "put an IMEI here, digits only"),
        },
    }
}
