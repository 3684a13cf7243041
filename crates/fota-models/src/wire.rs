//! One macro that declares a wire struct together with its strict writing and its lenient reading.
//!
//! A derive would not do: it rejects a document that holds two spellings of one field, gives up on a whole page
//! for one value of the wrong type, and brings the compiler's syntax tree along as build dependencies.
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::device::DeviceId;
use crate::lenient::{Field, ReadField, skip_seq};

/// What [`wire!`] implements: the parts of reading that differ from struct to struct.
pub(crate) trait Record: Sized {
    /// For messages.
    const NAME: &'static str;

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    /// The record that a bare text or number stands for, where there is one.
    fn from_bare(_id: DeviceId) -> Option<Self> {
        None
    }

    /// Refuses a record that must not be used. `known`: some known field had a value.
    fn check(&self, _known: bool) -> Result<(), &'static str> {
        Ok(())
    }
}

/// Declares a wire struct: `field: Type = "spelling written" | "other spelling read"`.
///
/// The shape after `as` says how it is read when it is not what it should be:
/// * `response`: an answer; an object without any known field is an error;
/// * `device`: an entry with a `device_id`; a bare text or number is read as that id;
/// * `inner`: an entry of a list inside an entry; that list is left out when empty or not a list;
/// * `plain`: nothing special;
/// * `secret`: as `plain`, but `Debug` shows only the names of unknown fields;
/// * `checked`: as `secret`, and the type has its own `fn refuse(&self) -> Option<&'static str>`.
macro_rules! wire {
    (
        $(#[$meta:meta])*
        pub struct $name:ident as $shape:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident : $type:ty = $written:literal $(| $alias:literal)*
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[allow(clippy::struct_field_names)] // the wire's names
        #[derive(Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
            /// Fields that this type does not know, kept as they came.
            pub extra: crate::Extra,
        }

        impl $name {
            const NAMES: &'static [&'static str] = &[$($written, $($alias,)*)*];

            $(
                #[doc = concat!("The same with [`", stringify!($field), "`](Self#structfield.", stringify!($field), ") set.")]
                pub fn $field(mut self, value: impl Into<$type>) -> Self {
                    self.$field = value.into();
                    self
                }
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: <$type as crate::lenient::Field>::absent(), )* extra: crate::Extra::default() }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut debug = f.debug_struct(stringify!($name));
                $( debug.field(stringify!($field), &self.$field); )*
                if !self.extra.is_empty() {
                    debug.field("extra", &wire!(@debug $shape, &self.extra));
                }
                debug.finish()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(
                    if crate::lenient::Field::is_written(&self.$field) {
                        map.serialize_entry($written, &self.$field)?;
                    }
                )*
                self.extra.write(&mut map, Self::NAMES)?;
                map.end()
            }
        }

        impl crate::wire::Record for $name {
            const NAME: &'static str = stringify!($name);

            fn from_map<'de, A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                use crate::wire::Key;
                #[allow(non_camel_case_types)]
                enum Slot { $($field,)* }
                fn find(name: &str) -> Option<Slot> {
                    match name {
                        $( $written $(| $alias)* => Some(Slot::$field), )*
                        _ => None,
                    }
                }
                $( let mut $field: Option<$type> = None; )*
                let mut extra = crate::Extra::default();
                while let Some(key) = map.next_key_seed(crate::wire::ReadKey(find))? {
                    match key {
                        $( Key::Known(Slot::$field) => crate::wire::read_into(&mut $field, &mut map)?, )*
                        Key::Unknown(name) => extra.push(name, map.next_value()?),
                    }
                }
                let known = false $(|| $field.is_some())*;
                let record = Self {
                    $( $field: $field.unwrap_or_else(<$type as crate::lenient::Field>::absent), )*
                    extra,
                };
                record.check(known).map_err(serde::de::Error::custom)?;
                Ok(record)
            }

            wire!(@shape $shape);
        }

        impl crate::lenient::Lenient for $name {
            const INNER: bool = wire!(@inner $shape);

            fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                crate::wire::read_record(deserializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::read_record(deserializer)?.ok_or_else(|| {
                    serde::de::Error::custom(concat!("expected a JSON object: ", stringify!($name)))
                })
            }
        }
    };

    (@shape response) => {
        fn check(&self, known: bool) -> Result<(), &'static str> {
            if known { Ok(()) } else { Err("none of the fields of this answer is present") }
        }
    };
    (@shape device) => {
        fn from_bare(id: crate::DeviceId) -> Option<Self> {
            Some(Self { device_id: id, ..Self::default() })
        }
    };
    (@shape checked) => {
        fn check(&self, _: bool) -> Result<(), &'static str> {
            self.refuse().map_or(Ok(()), Err)
        }
    };
    (@shape $other:ident) => {};

    (@inner inner) => { true };
    (@inner $other:ident) => { false };

    (@debug secret, $extra:expr) => { crate::extra::NamesOnly($extra) };
    (@debug checked, $extra:expr) => { crate::extra::NamesOnly($extra) };
    (@debug $other:ident, $extra:expr) => { $extra };
}

/// Reads a record from an object, or from what may stand for one.
pub(crate) fn read_record<'de, D: Deserializer<'de>, T: Record>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(RecordVisitor(PhantomData))
}

/// Reads a field's value; of several for one field, the first that says something wins.
pub(crate) fn read_into<'de, A: MapAccess<'de>, T: Field>(
    slot: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        map.next_value::<IgnoredAny>()?;
    } else {
        *slot = map.next_value_seed(ReadField(PhantomData))?;
    }
    Ok(())
}

/// A member's name: one of the struct's, or kept for [`Extra`](crate::Extra).
pub(crate) enum Key<F> {
    Known(F),
    Unknown(Box<str>),
}

/// Reads a [`Key`], copying the name only when it is unknown.
pub(crate) struct ReadKey<F>(pub(crate) fn(&str) -> Option<F>);

impl<'de, F> DeserializeSeed<'de> for ReadKey<F> {
    type Value = Key<F>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<F> Visitor<'_> for ReadKey<F> {
    type Value = Key<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.0)(name).map_or_else(|| Key::Unknown(name.into()), Key::Known))
    }
}

struct RecordVisitor<T>(PhantomData<T>);

impl<'de, T: Record> Visitor<'de> for RecordVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON object: {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::from_map(map).map(Some)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(T::from_bare(DeviceId::from(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(T::from_bare(DeviceId::from(value.to_string())))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(T::from_bare(DeviceId::from(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(T::from_bare(DeviceId::from(value.to_string())))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        skip_seq(seq)
    }
}
