//! Points in time as the service writes them: two formats, sometimes in one object, always given back as they came.
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use crate::calendar::{self, Civil, DAY, Instant, Style};
use crate::lenient::{Scalar, required_scalar, scalar_deserialize};

/// A time on the wire. Reading never fails, and [`Display`](fmt::Display) gives back exactly the text read.
///
/// Both documented formats, RFC 3339 (`2022-10-05T21:05:01.19Z`) and Go's (`2017-11-29 20:15:42.738 +0000 UTC`),
/// take 16 bytes and no heap. Other offsets, zone names and Go's `m=+…` suffix are understood too; anything else is kept as text.
/// The empty text and Go's zero time mean "no value": see [`is_set`](Self::is_set).
///
/// ```
/// use fota_models::{TimeFormat, Timestamp};
/// let time = Timestamp::parse("2017-11-29 20:15:42.7380 +0000 UTC");
/// assert_eq!(time.unix(), Some((1_511_986_542, 738_000_000)));
/// assert_eq!(time.to_string(), "2017-11-29 20:15:42.7380 +0000 UTC");
/// let same = Timestamp::from_unix(1_511_986_542, 738_000_000, TimeFormat::Rfc3339).unwrap();
/// assert_eq!(same.to_string(), "2017-11-29T20:15:42.738Z");
/// ```
///
/// Two times are equal if their texts are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Timestamp(Repr);

/// The two formats that the service documents, both in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeFormat {
    /// `2022-10-05T21:05:01.19Z`
    Rfc3339,
    /// `2022-10-05 21:05:01.19 +0000 UTC`
    Go,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// Rebuilt on writing. `high` and `low` make one number: see `pack`. Halves, because a `u64` would be aligned
    /// to 8 bytes and the tag would cost 8 more.
    Compact {
        high: u32,
        low: u32,
        nanos: u32,
    },
    Other(Box<Other>),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Other {
    text: Box<str>,
    unix: Option<(i64, u32)>,
}

impl Timestamp {
    /// Reads any text.
    pub fn parse(text: &str) -> Self {
        let read = calendar::read(text.as_bytes());
        if let Some(time) = read.as_ref().and_then(Self::of) {
            return time;
        }
        let unix = read.map(|instant| (instant.seconds, instant.nanos));
        Self(Repr::Other(Box::new(Other { text: text.into(), unix })))
    }

    /// The same; `None` when the text is not UTF-8.
    pub(crate) fn from_ascii(text: &[u8]) -> Option<Self> {
        match calendar::read(text).as_ref().and_then(Self::of) {
            Some(time) => Some(time),
            None => std::str::from_utf8(text).ok().map(Self::parse),
        }
    }

    /// A time in one of the documented formats, and the text behind it.
    pub(crate) fn read_front(text: &[u8]) -> Option<(Self, &[u8])> {
        let (instant, rest) = calendar::read_front(text)?;
        Some((Self::of(&instant)?, rest))
    }

    /// `None` when the text cannot be rebuilt.
    fn of(instant: &Instant) -> Option<Self> {
        let format = match instant.style {
            Style::Rfc3339 => TimeFormat::Rfc3339,
            Style::Go => TimeFormat::Go,
            Style::Other => return None,
        };
        Some(Self::compact(instant.seconds, instant.nanos, instant.fraction_digits, format))
    }

    /// A time given as seconds and nanoseconds since 1970-01-01T00:00:00Z, to be written in `format`.
    ///
    /// `None` outside the years 0 to 9999, or when `nanos` is a second or more.
    pub fn from_unix(seconds: i64, nanos: u32, format: TimeFormat) -> Option<Self> {
        if !(FIRST..=LAST).contains(&seconds) || nanos >= 1_000_000_000 {
            return None;
        }
        let (mut digits, mut fraction) = (9, nanos);
        while digits > 0 && fraction % 10 == 0 {
            digits -= 1;
            fraction /= 10;
        }
        Some(Self::compact(seconds, nanos, digits, format))
    }

    /// Seconds and nanoseconds since 1970-01-01T00:00:00Z. `None` for "no value" and for texts that are not understood.
    ///
    /// The nanoseconds count forward, also before 1970.
    pub fn unix(&self) -> Option<(i64, u32)> {
        self.instant().filter(|_| self.is_set())
    }

    /// The same for the standard library's clock; also `None` when that clock cannot hold it.
    pub fn system_time(&self) -> Option<SystemTime> {
        let (seconds, nanos) = self.unix()?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let start = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
        start?.checked_add(Duration::from_nanos(u64::from(nanos)))
    }

    /// False for the two ways to say "no value": the empty text, and Go's zero time (any time on 0001-01-01).
    pub fn is_set(&self) -> bool {
        let zero_day = self.instant().is_some_and(|(seconds, _)| (GO_ZERO..GO_ZERO + DAY).contains(&seconds));
        let empty = matches!(&self.0, Repr::Other(other) if other.text.is_empty());
        !zero_day && !empty
    }

    fn instant(&self) -> Option<(i64, u32)> {
        match &self.0 {
            Repr::Compact { high, low, nanos } => Some((unpack(*high, *low).0, *nanos)),
            Repr::Other(other) => other.unix,
        }
    }

    fn compact(seconds: i64, nanos: u32, digits: u8, format: TimeFormat) -> Self {
        let (high, low) = pack(seconds, digits, format);
        Self(Repr::Compact { high, low, nanos })
    }
}

/// 0000-01-01T00:00:00Z
const FIRST: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z
const LAST: i64 = 253_402_300_799;
/// 0001-01-01T00:00:00Z
const GO_ZERO: i64 = -62_135_596_800;

/// From the low end: one bit for the format, four for the number of fraction digits, the rest seconds since year 0.
fn pack(seconds: i64, digits: u8, format: TimeFormat) -> (u32, u32) {
    let packed = (u64::try_from(seconds - FIRST).unwrap_or(0) << 5)
        | (u64::from(digits & 0xF) << 1)
        | u64::from(format == TimeFormat::Go);
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
    (half(packed >> 32), half(packed))
}

fn unpack(high: u32, low: u32) -> (i64, usize, TimeFormat) {
    let packed = (u64::from(high) << 32) | u64::from(low);
    let format = if packed & 1 == 1 { TimeFormat::Go } else { TimeFormat::Rfc3339 };
    let digits = usize::try_from((packed >> 1) & 0xF).unwrap_or(0);
    (i64::try_from(packed >> 5).unwrap_or(0) + FIRST, digits, format)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low, nanos) = match &self.0 {
            Repr::Compact { high, low, nanos } => (*high, *low, *nanos),
            Repr::Other(other) => return f.write_str(&other.text),
        };
        let (seconds, digits, format) = unpack(high, low);
        let Civil { year, month, day, hour, minute, second } = Civil::from_unix(seconds);
        let (separator, zone) = match format {
            TimeFormat::Rfc3339 => ('T', "Z"),
            TimeFormat::Go => (' ', " +0000 UTC"),
        };
        write!(f, "{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}")?;
        if digits > 0 {
            let fraction = (digits..9).fold(nanos, |fraction, _| fraction / 10);
            write!(f, ".{fraction:0digits$}")?;
        }
        f.write_str(zone)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({:?})", self.to_string())
    }
}

/// The empty text: no value.
impl Default for Timestamp {
    fn default() -> Self {
        Self::parse("")
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Scalar for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::parse(text))
    }
}

required_scalar!(Timestamp);
scalar_deserialize!(Timestamp, "a time");

#[cfg(test)]
mod tests {
    use super::{Repr, Timestamp};

    #[test]
    fn documented_forms_take_no_heap() {
        for text in
            ["2022-10-05T21:05:01.190Z", "2017-11-29 20:15:42.738 +0000 UTC", "0001-01-01 00:00:00 +0000 UTC"]
        {
            assert!(matches!(Timestamp::parse(text).0, Repr::Compact { .. }), "{text}");
        }
    }
}
