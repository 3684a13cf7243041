//! Reading values whatever their JSON type: the rule that one odd value never spoils a page lives here.
//!
//! Nothing is buffered: each value is visited once, straight from the text. `Ok(None)` means "null, or of a type
//! that says nothing here"; an error means the JSON itself is broken, or that guessing would be dangerous.
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

/// A value that can be read from any JSON value.
pub(crate) trait Lenient: Sized {
    /// Whether lists of it sit inside an entry: such a list may be skipped, when a list of entries may not.
    const INNER: bool = false;

    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// A value with a text form: text, ids, times, words, counts, flags.
pub(crate) trait Scalar: Sized {
    fn from_text(text: &str) -> Option<Self>;

    fn from_integer(number: u64) -> Option<Self> {
        Self::from_text(&number.to_string())
    }

    /// A number that is negative, fractional or beyond 64 bits.
    fn from_odd_number(text: &str) -> Option<Self> {
        Self::from_text(text)
    }

    fn from_bool(flag: bool) -> Option<Self> {
        Self::from_text(if flag { "true" } else { "false" })
    }
}

impl<T: Scalar> Lenient for T {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        scalar(|visitor| deserializer.deserialize_any(visitor))
    }
}

impl Scalar for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// Counts. Negative, fractional and non-numeric values say nothing.
impl Scalar for u64 {
    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }

    fn from_integer(number: u64) -> Option<Self> {
        Some(number)
    }

    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

impl Scalar for bool {
    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("true") || text == "1" {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") || text == "0" {
            Some(false)
        } else {
            None
        }
    }

    fn from_bool(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

/// A member of a wire struct: how it reads, what it is when missing, whether it is written.
pub(crate) trait Field: Sized {
    fn absent() -> Self;
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
    fn is_written(&self) -> bool {
        true
    }
}

impl<T: Lenient> Field for Option<T> {
    fn absent() -> Self {
        None
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(T::lenient(deserializer)?.map(Some))
    }

    fn is_written(&self) -> bool {
        self.is_some()
    }
}

impl<T: Lenient> Field for Vec<T> {
    fn absent() -> Self {
        Vec::new()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }

    fn is_written(&self) -> bool {
        !T::INNER || !self.is_empty()
    }
}

/// The one flag that decides whether a listing goes on: present but unreadable must not read as "finished".
impl Field for bool {
    fn absent() -> Self {
        false
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

/// Types that are always present, with an empty text as their "missing".
macro_rules! required_scalar {
    ($($type:ty),* $(,)?) => {$(
        impl crate::lenient::Field for $type {
            fn absent() -> Self {
                Self::default()
            }

            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                <Self as crate::lenient::Lenient>::lenient(deserializer)
            }
        }
    )*};
}

/// `Deserialize` for a scalar on its own: as lenient as inside a struct, but there must be a value.
macro_rules! scalar_deserialize {
    ($type:ty, $expected:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Self as crate::lenient::Lenient>::lenient(deserializer)?
                    .ok_or_else(|| serde::de::Error::custom(concat!("expected ", $expected)))
            }
        }
    };
}

pub(crate) use {required_scalar, scalar_deserialize};

required_scalar!(String);

/// Reads a [`Field`] in a map or a list.
pub(crate) struct ReadField<T>(pub(crate) PhantomData<T>);

impl<'de, T: Field> DeserializeSeed<'de> for ReadField<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read(deserializer)
    }
}

struct ReadLenient<T>(PhantomData<T>);

impl<'de, T: Lenient> DeserializeSeed<'de> for ReadLenient<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::lenient(deserializer)
    }
}

/// Where a value goes. Behind a trait object, so that the visitor is compiled once rather than for every type.
trait Sink {
    fn text(&mut self, text: &str);
    fn integer(&mut self, number: u64);
    fn odd_number(&mut self, text: &str);
    fn flag(&mut self, flag: bool);
}

struct Slot<T>(Option<T>);

impl<T: Scalar> Sink for Slot<T> {
    fn text(&mut self, text: &str) {
        self.0 = T::from_text(text);
    }

    fn integer(&mut self, number: u64) {
        self.0 = T::from_integer(number);
    }

    fn odd_number(&mut self, text: &str) {
        self.0 = T::from_odd_number(text);
    }

    fn flag(&mut self, flag: bool) {
        self.0 = T::from_bool(flag);
    }
}

fn scalar<T: Scalar, E>(visit: impl FnOnce(ScalarVisitor<'_>) -> Result<(), E>) -> Result<Option<T>, E> {
    let mut slot = Slot(None);
    visit(ScalarVisitor(&mut slot))?;
    Ok(slot.0)
}

struct ScalarVisitor<'a>(&'a mut dyn Sink);

impl<'de> Visitor<'de> for ScalarVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.text(value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.integer(value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match u64::try_from(value) {
            Ok(value) => self.0.integer(value),
            Err(_) => self.0.odd_number(&value.to_string()),
        }
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        // Rust writes 250.0 as "250": whole numbers below 2^53 are exact and count as integers.
        let text = value.to_string();
        match text.parse::<u64>() {
            Ok(whole) if whole < (1 << 53) => self.0.integer(whole),
            _ => self.0.odd_number(&text),
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.flag(value);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        skip_seq(seq).map(|_: Option<()>| ())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        skip_map(map).map(|_: Option<()>| ())
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<T: Lenient> ListVisitor<T> {
    fn not_a_list<E: Error>(found: Unexpected<'_>) -> Result<Option<Vec<T>>, E> {
        if T::INNER { Ok(None) } else { Err(E::invalid_type(found, &"a list")) }
    }
}

impl<'de, T: Lenient> Visitor<'de> for ListVisitor<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element_seed(ReadLenient(PhantomData))? {
            list.extend(entry);
        }
        Ok(Some(list))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Self::not_a_list(Unexpected::Str(value))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Self::not_a_list(Unexpected::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::not_a_list(Unexpected::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::not_a_list(Unexpected::Signed(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Self::not_a_list(Unexpected::Float(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_map::<_, ()>(map)?;
        Self::not_a_list(Unexpected::Map)
    }
}

/// Tells null from unreadable, which [`Scalar`] does not. It does so while the reader is at the value, so that an
/// error has that place.
struct FlagVisitor;

impl FlagVisitor {
    fn readable<E: Error>(flag: Option<bool>) -> Result<Option<bool>, E> {
        if flag.is_some() { Ok(flag) } else { Err(E::custom("expected true or false")) }
    }
}

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Option<bool>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(flag))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Self::readable(bool::from_text(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::readable(bool::from_integer(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::readable(scalar(|visitor| visitor.visit_i64::<E>(value))?)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Self::readable(scalar(|visitor| visitor.visit_f64::<E>(value))?)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Self::readable(skip_seq(seq)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Self::readable(skip_map(map)?)
    }
}

pub(crate) fn skip_seq<'de, A: SeqAccess<'de>, T>(mut seq: A) -> Result<Option<T>, A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(None)
}

pub(crate) fn skip_map<'de, A: MapAccess<'de>, T>(mut map: A) -> Result<Option<T>, A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(None)
}
