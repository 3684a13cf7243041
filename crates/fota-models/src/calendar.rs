//! Calendar arithmetic and the reading of the two time formats; no clock and no time zones.

/// Days from 0000-01-01 to 1970-01-01 in the proleptic Gregorian calendar.
const DAYS_TO_1970: i64 = 719_528;
const DAYS_IN_400_YEARS: i64 = 146_097;
pub(crate) const DAY: i64 = 86_400;

/// What a time text says.
pub(crate) struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
    /// How many digits the fraction had.
    pub(crate) fraction_digits: u8,
    pub(crate) style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `2006-01-02T15:04:05.5Z`
    Rfc3339,
    /// `2006-01-02 15:04:05.5 +0000 UTC`
    Go,
    /// Readable, but the text cannot be rebuilt from the instant.
    Other,
}

/// A broken-down UTC time, year 0 to 9999.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Civil {
    pub(crate) fn from_unix(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY) + DAYS_TO_1970, seconds.rem_euclid(DAY));
        let (mut year, mut day) =
            (days.div_euclid(DAYS_IN_400_YEARS) * 400, days.rem_euclid(DAYS_IN_400_YEARS));
        // The leap days of 400 years are less than a year, so this is too high by one at most.
        let estimate = (day / 365).min(399);
        let passed = if days_before_year(estimate) > day { estimate - 1 } else { estimate };
        day -= days_before_year(passed);
        year += passed;
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        Self { year, month, day: day + 1, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }

    /// `None` for a date or time of day that does not exist; also for a leap second, which has no Unix time.
    fn to_unix(&self) -> Option<i64> {
        let valid = (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        let days = days_before_year(self.year) + days_before_month(self.year, self.month) + self.day
            - 1
            - DAYS_TO_1970;
        valid.then_some(days * DAY + self.hour * 3600 + self.minute * 60 + self.second)
    }
}

/// Reads RFC 3339, and what Go's `time.Time.String()` writes. `None` when the text is neither.
pub(crate) fn read(text: &[u8]) -> Option<Instant> {
    let Front { seconds, nanos, digits, separator, mut rest } = front(text)?;
    let (offset, style) = match separator {
        b'T' if rest.0 == b"Z" => (0, Style::Rfc3339),
        b' ' if rest.0 == b" +0000 UTC" => (0, Style::Go),
        b'T' | b't' => (rest.zone()?, Style::Other),
        b' ' => (rest.spaced_zone()?, Style::Other),
        _ => return None,
    };
    Some(instant(seconds - offset, nanos, digits, style))
}

/// Reads a time in one of the two documented formats from the front of a text, and gives the rest.
pub(crate) fn read_front(text: &[u8]) -> Option<(Instant, &[u8])> {
    let Front { seconds, nanos, digits, separator, rest } = front(text)?;
    let (style, rest) = match separator {
        b'T' => (Style::Rfc3339, rest.0.strip_prefix(b"Z")?),
        b' ' => (Style::Go, rest.0.strip_prefix(b" +0000 UTC")?),
        _ => return None,
    };
    Some((instant(seconds, nanos, digits, style), rest))
}

fn instant(seconds: i64, nanos: u32, digits: usize, style: Style) -> Instant {
    let style = if digits > 9 { Style::Other } else { style };
    Instant { seconds, nanos, fraction_digits: u8::try_from(digits).unwrap_or(u8::MAX), style }
}

/// A time without its zone.
struct Front<'a> {
    seconds: i64,
    nanos: u32,
    digits: usize,
    separator: u8,
    rest: Rest<'a>,
}

fn front(text: &[u8]) -> Option<Front<'_>> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, separator, h1, h2, b':', n1, n2, b':', s1, s2] = *head
    else {
        return None;
    };
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    let seconds = Civil { year, month, day, hour, minute, second }.to_unix()?;
    let mut rest = Rest(tail);
    let (nanos, digits) = rest.fraction()?;
    Some(Front { seconds, nanos, digits, separator, rest })
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// The text not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.0.first().filter(|byte| byte.is_ascii_digit())? - b'0';
        self.next();
        Some(digit)
    }

    /// Exactly `digits` digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + i64::from(self.digit()?)))
    }

    /// Nanoseconds and the number of digits; none at all is fine, a point without digits is not.
    fn fraction(&mut self) -> Option<(u32, usize)> {
        if self.0.first() != Some(&b'.') {
            return Some((0, 0));
        }
        self.next();
        let (mut nanos, mut unit, mut digits) = (0, 100_000_000, 0);
        while let Some(digit) = self.digit() {
            nanos += u32::from(digit) * unit;
            unit /= 10;
            digits += 1;
        }
        (digits > 0).then_some((nanos, digits))
    }

    /// `Z` or an offset, and then nothing more. Gives the offset's seconds.
    fn zone(&mut self) -> Option<i64> {
        if matches!(self.0, b"Z" | b"z") {
            return Some(0);
        }
        let offset = self.offset()?;
        self.0.is_empty().then_some(offset)
    }

    /// ` +0000`, ` +0000 UTC`, ` -0500 EST m=+0.5`; or RFC 3339 with a space instead of the `T`.
    fn spaced_zone(&mut self) -> Option<i64> {
        if self.0.first() != Some(&b' ') {
            return self.zone();
        }
        self.next();
        let offset = self.offset()?;
        // The zone's name and Go's monotonic clock reading add nothing to the offset.
        (self.0.is_empty() || self.0.first() == Some(&b' ')).then_some(offset)
    }

    /// `+hhmm` or `+hh:mm`.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.next()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2)?;
        if self.0.first() == Some(&b':') {
            self.next();
        }
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 0000-01-01 to January 1 of `year`, which is not negative.
fn days_before_year(year: i64) -> i64 {
    // Year 0 is a leap year, hence the rounding up.
    year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
}

/// Days from January 1 to the first of `month`, 1 to 12.
fn days_before_month(year: i64, month: i64) -> i64 {
    // Thirty days and a bit more than half a day for each month; February is shorter.
    let even = (367 * month - 362) / 12;
    match month {
        ..=2 => even,
        _ if is_leap(year) => even - 1,
        _ => even - 2,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}
