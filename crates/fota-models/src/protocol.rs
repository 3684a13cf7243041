//! Device management protocols: five spellings for one of them, depending on the page.
use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::lenient::{Scalar, required_scalar, scalar_deserialize};

/// A device management protocol, in the spelling it was read in. [`kind`](Self::kind) says what it means.
///
/// Equality is that of the words; compare kinds to see past the spelling. Documented spellings need no heap.
#[doc(alias = "DevicesProtocolEnum")]
#[doc(alias = "CampaignMetaInfoProtocolEnum")]
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Protocol(Cow<'static, str>);

/// What a [`Protocol`] word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolKind {
    /// `LWM2M`
    Lwm2m,
    /// OMA-DM, spelled `OMADM`, `OMDADM`, `OMD-DM`, `OMA-DM` or `OMA`.
    OmaDm,
    /// `HTTP`
    Http,
    /// `NONE`: the device has none.
    None,
    /// `all`: a filter value.
    All,
    /// Any other word.
    Other,
}

const SPELLINGS: [(&str, ProtocolKind); 9] = [
    ("LWM2M", ProtocolKind::Lwm2m),
    ("OMADM", ProtocolKind::OmaDm),
    ("OMDADM", ProtocolKind::OmaDm),
    ("OMD-DM", ProtocolKind::OmaDm),
    ("OMA-DM", ProtocolKind::OmaDm),
    ("OMA", ProtocolKind::OmaDm),
    ("HTTP", ProtocolKind::Http),
    ("NONE", ProtocolKind::None),
    ("all", ProtocolKind::All),
];

impl Protocol {
    /// `LWM2M`
    pub const LWM2M: Self = Self(Cow::Borrowed("LWM2M"));
    /// `OMADM`, the spelling in device objects.
    pub const OMA_DM: Self = Self(Cow::Borrowed("OMADM"));
    /// `HTTP`
    pub const HTTP: Self = Self(Cow::Borrowed("HTTP"));
    /// `NONE`
    pub const NONE: Self = Self(Cow::Borrowed("NONE"));

    /// The word as read.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the word means, whatever its spelling and case.
    pub fn kind(&self) -> ProtocolKind {
        (SPELLINGS.iter())
            .find(|(word, _)| word.eq_ignore_ascii_case(&self.0))
            .map_or(ProtocolKind::Other, |(_, kind)| *kind)
    }
}

impl From<&str> for Protocol {
    fn from(word: &str) -> Self {
        Self(match SPELLINGS.iter().find(|(known, _)| *known == word) {
            Some((known, _)) => Cow::Borrowed(known),
            None => Cow::Owned(word.to_owned()),
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protocol({:?})", self.0)
    }
}

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Scalar for Protocol {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

required_scalar!(Protocol);
scalar_deserialize!(Protocol, "a protocol");
