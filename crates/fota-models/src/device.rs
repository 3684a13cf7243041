//! Device identities: the strict [`Imei`] for input, the tolerant [`DeviceId`] for what the wire carries.
use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::digits;
use crate::lenient::{Scalar, required_scalar, scalar_deserialize};

/// An International Mobile Equipment Identity: 14 to 16 decimal digits, leading zeros kept.
///
/// 15 digits is the usual length, with a Luhn check digit at the end; 14 digits lack it, and 16 digits (IMEISV)
/// have a software version in its place. Orders by number.
///
/// ```
/// use fota_models::{Imei, InvalidImei};
/// let imei = Imei::with_luhn("352099001761481")?;
/// assert_eq!(&*imei.text(), "352099001761481");
/// assert_eq!(Imei::with_luhn("352099001761480"), Err(InvalidImei::Luhn { expected: '1' }));
/// # Ok::<(), InvalidImei>(())
/// ```
// The number fills 54 bits; the top byte holds the digit count, which also makes the whole never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Imei(NonZeroU64);

impl Imei {
    /// The fewest digits.
    pub const MIN_LEN: usize = 14;
    /// The most digits.
    pub const MAX_LEN: usize = 16;

    /// Checks digits and length. The check digit is not looked at: see [`with_luhn`](Self::with_luhn).
    ///
    /// # Errors
    /// [`InvalidImei::NotDigit`] for the first character that is no ASCII digit, else [`InvalidImei::Length`].
    pub fn new(text: &str) -> Result<Self, InvalidImei> {
        Self::from_digits(text.as_bytes()).ok_or_else(|| {
            let odd = text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit());
            odd.map_or(InvalidImei::Length { found: text.len() }, |(at, found)| InvalidImei::NotDigit {
                at,
                found,
            })
        })
    }

    pub(crate) fn from_digits(text: &[u8]) -> Option<Self> {
        let number = digits::parse_long(text)?;
        NonZeroU64::new(number | (u64::try_from(text.len()).ok()? << LEN_SHIFT)).map(Self)
    }

    /// As [`new`](Self::new), and the check digit of a 15-digit IMEI must be right.
    ///
    /// For ids that people typed or copied. Not for ids from the server: the network knows devices with wrong ones.
    ///
    /// # Errors
    /// Also [`InvalidImei::Luhn`].
    pub fn with_luhn(text: &str) -> Result<Self, InvalidImei> {
        let imei = Self::new(text)?;
        match imei.check_digit() {
            Some(expected) if !imei.luhn_valid() => Err(InvalidImei::Luhn { expected }),
            _ => Ok(imei),
        }
    }

    /// Whether the check digit is right. True for 14 and 16 digits, which have none to be wrong.
    pub fn luhn_valid(self) -> bool {
        self.check_digit().is_none_or(|expected| self.text().ends_with(expected))
    }

    /// The check digit that belongs to the first 14 digits; `None` unless there are 15 digits.
    pub fn check_digit(self) -> Option<char> {
        if self.len() != 15 {
            return None;
        }
        let sum: u32 = (self.text().bytes().take(14).enumerate())
            .map(|(index, digit)| {
                let digit = u32::from(digit - b'0');
                let doubled = digit * 2;
                if index % 2 == 0 { digit } else { doubled / 10 + doubled % 10 }
            })
            .sum();
        char::from_digit((10 - sum % 10) % 10, 10)
    }

    /// How many digits: 14, 15 or 16.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(self) -> usize {
        usize::try_from(self.0.get() >> LEN_SHIFT).unwrap_or(0)
    }

    /// The digits, on the stack.
    pub fn text(self) -> ImeiText {
        ImeiText { digits: digits::write_sixteen(self.number()), len: self.len() }
    }

    fn number(self) -> u64 {
        self.0.get() & ((1 << LEN_SHIFT) - 1)
    }
}

const LEN_SHIFT: u32 = 56;

impl Ord for Imei {
    fn cmp(&self, other: &Self) -> Ordering {
        // Equal numbers differ in leading zeros alone, so their texts decide.
        self.number().cmp(&other.number()).then_with(|| self.text().cmp(&other.text()))
    }
}

impl PartialOrd for Imei {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imei({})", &*self.text())
    }
}

impl FromStr for Imei {
    type Err = InvalidImei;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl Serialize for Imei {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl Scalar for Imei {
    fn from_text(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }
}

scalar_deserialize!(Imei, "an IMEI of 14 to 16 digits");

/// The digits of an [`Imei`], without heap. A `str` in all but name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ImeiText {
    /// The text is at the end.
    digits: [u8; Imei::MAX_LEN],
    len: usize,
}

impl ImeiText {
    pub(crate) fn ascii(&self) -> &[u8] {
        self.digits.get(Imei::MAX_LEN.saturating_sub(self.len)..).unwrap_or_default()
    }
}

impl Deref for ImeiText {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.ascii()).unwrap_or_default()
    }
}

impl PartialOrd for ImeiText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ImeiText {
    fn cmp(&self, other: &Self) -> Ordering {
        str::cmp(self, other)
    }
}

impl AsRef<str> for ImeiText {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Debug for ImeiText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for ImeiText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// Why a text is not an [`Imei`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidImei {
    /// There is something else than the digits 0 to 9.
    NotDigit {
        /// How many characters come before it.
        at: usize,
        /// The character.
        found: char,
    },
    /// All digits, but not 14, 15 or 16 of them.
    Length {
        /// How many there are.
        found: usize,
    },
    /// The last of 15 digits is not the check digit of the others; most often one digit is mistyped.
    Luhn {
        /// The check digit that would be right.
        expected: char,
    },
}

impl fmt::Display for InvalidImei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDigit { at, found } => {
                write!(f, "character {} is {found:?}, not a digit", at.saturating_add(1))
            }
            Self::Length { found } => write!(f, "{found} digits; an IMEI has 15 (14 and 16 are accepted)"),
            Self::Luhn { expected } => write!(f, "wrong check digit: the last digit should be {expected}"),
        }
    }
}

impl Error for InvalidImei {}

/// A device's id as the wire carries it: usually an IMEI, but any text is taken and given back byte for byte.
///
/// 16 bytes, and no heap for an IMEI. Orders by number where both are all digits, since listings come in
/// ascending order of IMEI; numbers come before other texts, and equal numbers in the order of their texts.
///
/// The default is the empty id, which is also what an entry without an id reads as.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(Repr);

// 14 to 16 digits are always `Imei`, so equality and hash of the representation are those of the text.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Imei(Imei),
    Text(Box<str>),
}

impl DeviceId {
    /// The id `0`: where a listing starts (`lastSeenDeviceId=0`).
    pub fn zero() -> Self {
        Self::from("0")
    }

    /// The IMEI, if the id is 14 to 16 digits.
    pub fn imei(&self) -> Option<Imei> {
        match &self.0 {
            Repr::Imei(imei) => Some(*imei),
            Repr::Text(_) => None,
        }
    }

    /// The id's text, without heap.
    pub fn text(&self) -> DeviceText<'_> {
        DeviceText(match &self.0 {
            Repr::Imei(imei) => TextRepr::Stack(imei.text()),
            Repr::Text(text) => TextRepr::Borrowed(text),
        })
    }

    /// `None` when the text is not UTF-8.
    pub(crate) fn from_ascii(text: &[u8]) -> Option<Self> {
        match Imei::from_digits(text) {
            Some(imei) => Some(Self(Repr::Imei(imei))),
            None => Some(Self(Repr::Text(std::str::from_utf8(text).ok()?.into()))),
        }
    }

    /// Whether the id is the empty text.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Repr::Text(text) if text.is_empty())
    }
}

impl Default for DeviceId {
    fn default() -> Self {
        Self(Repr::Text(Box::default()))
    }
}

impl From<&str> for DeviceId {
    fn from(text: &str) -> Self {
        Self(Imei::new(text).map_or_else(|_| Repr::Text(text.into()), Repr::Imei))
    }
}

impl From<String> for DeviceId {
    fn from(text: String) -> Self {
        match Imei::new(&text) {
            Ok(imei) => Self(Repr::Imei(imei)),
            Err(_) => Self(Repr::Text(text.into_boxed_str())),
        }
    }
}

impl From<Imei> for DeviceId {
    fn from(imei: Imei) -> Self {
        Self(Repr::Imei(imei))
    }
}

impl FromStr for DeviceId {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

impl PartialEq<str> for DeviceId {
    fn eq(&self, other: &str) -> bool {
        &*self.text() == other
    }
}

impl PartialEq<&str> for DeviceId {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl Ord for DeviceId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Imei(left), Repr::Imei(right)) => left.cmp(right),
            _ => compare_ids(&self.text(), &other.text()),
        }
    }
}

impl PartialOrd for DeviceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({:?})", &*self.text())
    }
}

impl Serialize for DeviceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl Scalar for DeviceId {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

required_scalar!(DeviceId);
scalar_deserialize!(DeviceId, "a device id");

/// The text of a [`DeviceId`], without heap. A `str` in all but name.
#[derive(Clone, Copy)]
pub struct DeviceText<'a>(TextRepr<'a>);

#[derive(Clone, Copy)]
enum TextRepr<'a> {
    Stack(ImeiText),
    Borrowed(&'a str),
}

impl Deref for DeviceText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            TextRepr::Stack(text) => text,
            TextRepr::Borrowed(text) => text,
        }
    }
}

impl AsRef<str> for DeviceText<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Debug for DeviceText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for DeviceText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

fn compare_ids(left: &str, right: &str) -> Ordering {
    match (significant_digits(left), significant_digits(right)) {
        (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)).then_with(|| left.cmp(right)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// A number's digits without leading zeros; `None` when the text is not a number.
fn significant_digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.trim_start_matches('0'))
}
