//! The two tokens of a call, ready to be sent, and which of them a server has refused.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fota_models::Secret;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::error::Error;

/// Tells one issue of a token from the next, so that two tasks that saw the same token refused
/// replace it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u64);

impl Generation {
    /// One that is newer than all others of this process.
    pub(crate) fn fresh() -> Self {
        static ISSUED: AtomicU64 = AtomicU64::new(0);
        Generation(ISSUED.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A snapshot of the tokens that requests carry. Cheap to clone; never prints them.
#[derive(Clone)]
pub struct Tokens {
    pub(crate) bearer: Issued,
    pub(crate) session: Option<Issued>,
}

#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) value: HeaderValue,
    pub(crate) generation: Generation,
}

impl Tokens {
    /// Tokens that were got elsewhere, for programs that log in themselves. They count as newer than all
    /// made before, so they answer a [`Step::NeedAuth`](crate::Step::NeedAuth).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when a token holds characters
    /// that no header can carry.
    pub fn new(access_token: &Secret, session_token: &Secret) -> Result<Self, Error> {
        Ok(Tokens {
            bearer: Issued::bearer(access_token, Generation::fresh())?,
            session: Some(Issued::session(session_token, Generation::fresh())?),
        })
    }

    /// The bearer token alone, for the login call.
    ///
    /// # Errors
    /// As for [`Tokens::new`].
    pub fn bearer_only(access_token: &Secret) -> Result<Self, Error> {
        Ok(Tokens { bearer: Issued::bearer(access_token, Generation::fresh())?, session: None })
    }

    pub(crate) fn authorization(&self) -> &HeaderValue {
        &self.bearer.value
    }

    pub(crate) fn session_value(&self) -> Option<&HeaderValue> {
        self.session.as_ref().map(|session| &session.value)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("bearer", &self.bearer.generation)
            .field("session", &self.session.as_ref().map(|session| session.generation))
            .finish()
    }
}

impl Issued {
    pub(crate) fn bearer(token: &Secret, generation: Generation) -> Result<Self, Error> {
        let mut text = String::with_capacity(7 + token.expose().len());
        text.push_str("Bearer ");
        text.push_str(token.expose());
        Ok(Issued { value: secret_header(text, "access token")?, generation })
    }

    pub(crate) fn session(token: &Secret, generation: Generation) -> Result<Self, Error> {
        Ok(Issued { value: secret_header(token.expose().to_owned(), "session token")?, generation })
    }
}

/// Which token a call found missing or refused. Empty: it has none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stale {
    /// The bearer token that was refused.
    pub bearer: Option<Generation>,
    /// The session token that was refused.
    pub session: Option<Generation>,
}

impl Stale {
    /// Whether `tokens` still holds what was refused.
    pub(crate) fn still_in(self, tokens: &Tokens) -> bool {
        let session = tokens.session.as_ref().map(|session| session.generation);
        self.bearer.is_some_and(|dead| dead >= tokens.bearer.generation)
            || self.session.is_some_and(|dead| session.is_none_or(|alive| dead >= alive))
    }
}

/// A header value that is marked sensitive and overwritten in memory once its last copy is gone.
pub(crate) fn secret_header(text: String, what: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_maybe_shared(secret_bytes(text.into_bytes()))
        .map_err(|_| Error::invalid(format!("the {what} holds characters that no HTTP header can carry")))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Bytes that are overwritten in memory once their last copy is gone.
pub(crate) fn secret_bytes(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Zeroizing::new(bytes))
}
