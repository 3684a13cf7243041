//! Account names: refused early when they could change the request's path, never reshaped.
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a billing account, usually ten digits, a hyphen and five digits: `0000123456-00001`.
///
/// Always text, because leading zeros matter. The usual form is not enforced, since the vendor's own examples
/// break it; only what could never be one segment of a URL path is refused. Clones share the text.
#[doc(alias = "acc")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(Arc<str>);

impl AccountName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidAccountName`] for an empty name, `.`, `..`, or one with a control character. Percent-encoding
    /// does not protect the first three: they would address another resource.
    pub fn new(name: impl AsRef<str>) -> Result<Self, InvalidAccountName> {
        let name = name.as_ref();
        if name.is_empty() {
            Err(InvalidAccountName::Empty)
        } else if name == "." || name == ".." {
            Err(InvalidAccountName::DotSegment)
        } else if let Some(at) = name.chars().position(char::is_control) {
            Err(InvalidAccountName::ControlCharacter { at })
        } else {
            Ok(Self(name.into()))
        }
    }

    /// The usual form: ten digits, a hyphen and five digits. Larger numbers get more digits, and none is refused.
    ///
    /// ```
    /// assert_eq!(fota_models::AccountName::numbered(123_456, 1).as_str(), "0000123456-00001");
    /// ```
    pub fn numbered(customer: u64, account: u32) -> Self {
        Self(format!("{customer:010}-{account:05}").into())
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for AccountName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for AccountName {
    type Err = InvalidAccountName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl TryFrom<&str> for AccountName {
    type Error = InvalidAccountName;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<String> for AccountName {
    type Error = InvalidAccountName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl Serialize for AccountName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AccountName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Why a text is not an [`AccountName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidAccountName {
    /// There is no text at all.
    Empty,
    /// The name is `.` or `..`, which a URL path would swallow.
    DotSegment,
    /// There is a control character.
    ControlCharacter {
        /// How many characters come before it.
        at: usize,
    },
}

impl fmt::Display for InvalidAccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the account name is empty"),
            Self::DotSegment => f.write_str("an account name cannot be \".\" or \"..\""),
            Self::ControlCharacter { at } => {
                write!(f, "character {} of the account name is a control character", at.saturating_add(1))
            }
        }
    }
}

impl Error for InvalidAccountName {}
