//! Fields nobody told us about, kept as they came so that nothing the server says is lost.
use std::error::Error;
use std::fmt;

use serde::ser::SerializeMap;
use serde_json::value::RawValue;

/// Unknown fields of a JSON object: names and untouched JSON text, in the order read.
///
/// They are written back after the known fields. An empty `Extra` is one null pointer, so that it costs
/// next to nothing in a list of a hundred thousand devices.
///
/// ```
/// let device: fota_models::LicensedDevice =
///     serde_json::from_str(r#"{"deviceId":"352099001761481","group":{"id": 7}}"#)?;
/// assert_eq!(device.extra.get("group"), Some(r#"{"id": 7}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Extra(Option<Box<Members>>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Members(Vec<Member>);

#[derive(Clone)]
struct Member {
    name: Box<str>,
    value: Box<RawValue>,
}

impl Extra {
    /// The JSON text of the field called `name`; of the first one, if the server sent several.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, json)| json)
    }

    /// Names and JSON texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members().iter().map(|member| (&*member.name, member.value.get()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds a field, or replaces the one of that name. `json` is the value's JSON text.
    ///
    /// A name that the struct itself knows is not written: the struct's own field is.
    ///
    /// # Errors
    /// [`InvalidJson`] when `json` is not one complete JSON value.
    pub fn insert(&mut self, name: &str, json: &str) -> Result<(), InvalidJson> {
        let value = RawValue::from_string(json.to_owned()).map_err(|_| InvalidJson)?;
        let members = &mut self.0.get_or_insert_default().0;
        match members.iter_mut().find(|member| &*member.name == name) {
            Some(member) => member.value = value,
            None => members.push(Member { name: name.into(), value }),
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, name: Box<str>, value: Box<RawValue>) {
        self.0.get_or_insert_default().0.push(Member { name, value });
    }

    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M, known: &[&str]) -> Result<(), M::Error> {
        for member in self.members() {
            if !known.contains(&&*member.name) {
                map.serialize_entry(&*member.name, &*member.value)?;
            }
        }
        Ok(())
    }

    fn members(&self) -> &[Member] {
        self.0.as_deref().map_or(&[], |members| &members.0)
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Shows the names alone: for structs whose unknown fields may be secrets too.
pub(crate) struct NamesOnly<'a>(pub(crate) &'a Extra);

impl fmt::Debug for NamesOnly<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value.get() == other.value.get()
    }
}

impl Eq for Member {}

/// The text given to [`Extra::insert`] is not one JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidJson;

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a single JSON value")
    }
}

impl Error for InvalidJson {}
