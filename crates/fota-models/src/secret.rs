//! Secret text: never shown, wiped when dropped.
use std::fmt;

use serde::{Serialize, Serializer};
use zeroize::Zeroize;

use crate::lenient::{Scalar, required_scalar, scalar_deserialize};

/// A password, key or token. `Debug` and `Display` show `[redacted]`; the memory is wiped on drop.
///
/// **Serializing writes the real text**, because this is a type of the wire: log and store the redacted forms instead.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The real text. Every place that needs it has to say so.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self(secret.to_owned())
    }
}

/// Takes the same time wherever two secrets of one length differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0.as_bytes(), other.0.as_bytes());
        left.len() == right.len() && left.iter().zip(right).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Scalar for Secret {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

required_scalar!(Secret);
scalar_deserialize!(Secret, "a text");
