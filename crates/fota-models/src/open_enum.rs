//! One macro for vocabularies that the server may extend: known words become variants, all others are kept as they came.

/// Declares an enum of known words plus `Other`.
///
/// A word in another case than the documented one is kept as `Other`, so that it is written back unchanged;
/// what a word *means* is decided elsewhere, without regard to case. Equality is that of the words.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $word:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* #[doc = concat!("\n\nOn the wire: `", $word, "`.")] $variant, )*
            /// Any other word, as it came. Shared, for the same word comes with a thousand devices.
            Other(std::sync::Arc<str>),
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $word, )*
                    Self::Other(word) => word,
                }
            }
        }

        /// The empty word: what a missing field reads as.
        impl Default for $name {
            fn default() -> Self {
                Self::Other(std::sync::Arc::default())
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $( $word => Self::$variant, )*
                    _ => Self::Other(word.into()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match &*word {
                    $( $word => Self::$variant, )*
                    _ => Self::Other(word.into()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl crate::lenient::Scalar for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }
        }

        crate::lenient::required_scalar!($name);
        crate::lenient::scalar_deserialize!($name, "a word");
    };
}
