//! Small questions about digits: which are there, what stands between them, and does the check digit fit?

use fota_models::{Imei, InvalidImei};

use super::code::Code;
use crate::output::escape;

/// Without space and quotes around it.
pub(super) fn bare(value: &str) -> &str {
    let text = value.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(text, str::trim)
}

/// 15 digits, the last of which fits.
pub(super) fn is_imei(text: &str) -> bool {
    text.len() == 15 && Imei::with_luhn(text).is_ok()
}

/// The first 14 of `digits` with their check digit.
pub(super) fn with_check_digit(digits: &str) -> String {
    let body = digits.get(..14).unwrap_or(digits);
    let guess = format!("{body}0");
    match Imei::with_luhn(&guess) {
        Err(InvalidImei::Luhn { expected }) => format!("{body}{expected}"),
        _ => guess,
    }
}

/// The two IMEIs of 30 digits.
pub(super) fn halves(text: &str) -> Option<[&str; 2]> {
    let (first, second) = text.split_at_checked(15)?;
    (is_imei(first) && is_imei(second)).then_some([first, second])
}

/// The digits of a text.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    /// All digits, one after another.
    pub(super) all: String,
    /// The runs that are as long as an IMEI.
    pub(super) long: Vec<&'a str>,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let runs = || text.split(|c: char| !c.is_ascii_digit());
        let fits = |run: &&str| (Imei::MIN_LEN..=Imei::MAX_LEN).contains(&run.len());
        Numbers { all: runs().collect(), long: runs().filter(fits).collect() }
    }
}

/// Zero width, soft hyphens, direction marks, control characters.
pub(super) fn is_hidden(c: char) -> bool {
    escape::is_hazard(c) || matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}')
}

pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{b4}' | '\u{2018}' | '\u{2019}' | '\u{2bc}')
}

pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

/// The ASCII digit for a digit of another script. The list holds the zeros of the scripts in daily use.
pub(super) fn foreign(c: char) -> Option<char> {
    const ZEROS: [char; 25] = [
        '\u{660}',
        '\u{6f0}',
        '\u{7c0}',
        '\u{966}',
        '\u{9e6}',
        '\u{a66}',
        '\u{ae6}',
        '\u{b66}',
        '\u{be6}',
        '\u{c66}',
        '\u{ce6}',
        '\u{d66}',
        '\u{e50}',
        '\u{ed0}',
        '\u{f20}',
        '\u{1040}',
        '\u{17e0}',
        '\u{1810}',
        '\u{ff10}',
        '\u{1d7ce}',
        '\u{1d7d8}',
        '\u{1d7e2}',
        '\u{1d7ec}',
        '\u{1d7f6}',
        '\u{1fbf0}',
    ];
    ZEROS.into_iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(zero))?;
        char::from_digit(value, 10)
    })
}

/// A number with an exponent.
#[derive(Debug)]
pub(super) enum Exponent {
    /// `3.59E+14`
    DigitsLost,
    /// `3.52099001761481E+14`, and what it stands for.
    Whole(String),
}

/// Whether it has an exponent, as spreadsheets write it; also with a comma.
pub(super) fn exponent(text: &str) -> Option<Exponent> {
    let (mantissa, power) = text.split_once(['e', 'E'])?;
    // Without a sign and a point it is rather a hexadecimal number.
    if !power.starts_with('+') && !mantissa.contains(['.', ',']) {
        return None;
    }
    let power = power.trim_start_matches('+');
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    if !digits(power) || !digits(whole) || !(fraction.is_empty() || digits(fraction)) {
        return None;
    }
    let all = power.parse() == Ok(fraction.len());
    Some(if all { Exponent::Whole(format!("{whole}{fraction}")) } else { Exponent::DigitsLost })
}

/// `352099001761481.0`
pub(super) fn without_decimals(text: &str) -> Option<&str> {
    let (whole, decimals) = text.rsplit_once(['.', ','])?;
    let zeros = !decimals.is_empty() && decimals.len() != 3 && decimals.bytes().all(|byte| byte == b'0');
    (zeros && whole.bytes().all(|byte| byte.is_ascii_digit())).then_some(whole)
}

/// `352,099,001,761,481`
pub(super) fn without_thousands(text: &str) -> Option<String> {
    let separator = text
        .chars()
        .find(|c| !c.is_ascii_digit())
        .filter(|c| matches!(c, ',' | '.' | '\'' | '\u{2019}' | '_'))?;
    let mut groups = text.split(separator);
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()) && digits(first))?;
    let mut all = first.to_owned();
    for group in groups {
        if group.len() != 3 || !digits(group) {
            return None;
        }
        all.push_str(group);
    }
    Some(all)
}

/// Ids of CDMA devices in hexadecimal: these hold at least one letter.
pub(super) fn hexadecimal(text: &str) -> Option<(Code, &'static str)> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match text.len() {
        14 => Some((Code::Meid, "14 hexadecimal digits are a MEID, not an IMEI")),
        15 => Some((Code::Meid, "15 hexadecimal digits are a MEID with its check digit, not an IMEI")),
        8 => Some((Code::Esn, "8 hexadecimal digits are an ESN, not an IMEI")),
        _ => None,
    }
}
