//! What an operation is: one small type that knows its path, body and answer, and nothing of I/O.
//!
//! Level 0 of the crate is here: [`Endpoint::to_request`] and [`Endpoint::from_response`] are all that a
//! program needs which brings its own retry, paging and tokens.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, response};
use serde::de::DeserializeOwned;

use crate::error::{DecodeError, Error};
use crate::json_path::{offset, path_at};
use crate::path::PathBuilder;
use crate::servers::{Base, Servers, Service};
use crate::tokens::Tokens;

/// The header that carries the session token.
pub const SESSION_HEADER: HeaderName = HeaderName::from_static("vz-m2m-token");

/// May a request be sent again when nobody knows what became of the first one? Declared for each
/// operation, never derived from its method: `POST /devices/{acc}` only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Replay {
    /// It reads. Send it again whenever that may help.
    Safe,
    /// It writes, and twice has the effect of once. Send it again after lost answers.
    Idempotent,
    /// It writes. Send it again only when the first one surely had no effect.
    Never,
}

/// The credentials a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auth {
    /// The endpoint brings its own `Authorization` header (the OAuth calls).
    Own,
    /// The bearer token (login).
    Bearer,
    /// The bearer token and the session token (all else).
    BearerAndSession,
}

/// One operation of the service. About 35 lines each; [`licenses`](crate::licenses) is the model.
pub trait Endpoint: Send + Sync {
    /// The operation's name in logs, errors, the emulator and the command line, such as `licenses.list`.
    const NAME: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// Whether the request may be sent again after a lost answer.
    const REPLAY: Replay;
    /// The server it goes to.
    const SERVICE: Service = Service::Fota;
    /// The credentials it carries.
    const AUTH: Auth = Auth::BearerAndSession;
    /// The type of the body, when there is one.
    const BODY_TYPE: &'static str = "application/json";
    /// What a good answer holds.
    type Output;

    /// Writes the path and query below the service's base.
    fn path_and_query(&self, out: &mut PathBuilder);

    /// The body to send, if any.
    ///
    /// # Errors
    /// When the input cannot make a request that the server would accept.
    fn body(&self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }

    /// The `Authorization` header of an endpoint with [`Auth::Own`].
    ///
    /// # Errors
    /// When the credentials cannot be written as a header.
    fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        Ok(None)
    }

    /// Reads the body of a 2xx answer.
    ///
    /// # Errors
    /// When the body is not what the operation answers.
    fn decode(head: &response::Parts, body: &Bytes) -> Result<Self::Output, DecodeError>;

    /// The request, ready to send. `tokens` may be `None` for endpoints with [`Auth::Own`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when the input cannot make a
    /// request, or a token is missing.
    fn to_request(&self, servers: &Servers, tokens: Option<&Tokens>) -> Result<Request<Bytes>, Error>
    where
        Self: Sized,
    {
        Prepared::new(self, servers)?.request(&Operation::of::<Self>(), tokens)
    }

    /// Reads an answer: the output of a 2xx, or an error that keeps what the server said.
    ///
    /// # Errors
    /// Any answer that is not the operation's own, with status, headers and capped body.
    fn from_response(response: Response<Bytes>) -> Result<Self::Output, Error>
    where
        Self: Sized,
    {
        crate::answer::read::<Self>(response)
    }
}

/// A list that the server hands out page by page.
pub trait Paged: Endpoint + Clone {
    /// One entry.
    type Item;
    /// Where a page starts: the last entry the reader has seen.
    type Cursor: Clone + Ord + Send + Sync + std::fmt::Display;

    /// The cursor before the first entry.
    fn start() -> Self::Cursor;
    /// The cursor of this request.
    fn cursor(&self) -> &Self::Cursor;
    /// The same request from another cursor.
    fn at(&self, cursor: Self::Cursor) -> Self;
    /// The cursor that stands for an entry.
    fn cursor_of(item: &Self::Item) -> Self::Cursor;
    /// The entries of a page, whether there are more, and the cursor the server gave.
    fn split(output: Self::Output) -> PageParts<Self::Item, Self::Cursor>;
}

/// A page, taken apart by [`Paged::split`].
#[derive(Debug)]
pub struct PageParts<Item, Cursor> {
    /// The entries, in the server's order.
    pub items: Vec<Item>,
    /// Whether the server says that there are more.
    pub more: bool,
    /// The cursor of the next page, when the server gave one.
    pub next: Option<Cursor>,
}

/// The parts of a request that stay the same over all attempts.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    uri: Uri,
    body: Option<Bytes>,
    authorization: Option<HeaderValue>,
}

/// What an endpoint declares, as values: code that needs no more is there once, not once for each endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) replay: Replay,
    pub(crate) auth: Auth,
    method: Method,
    body_type: &'static str,
}

impl Operation {
    pub(crate) const fn of<E: Endpoint>() -> Self {
        Operation {
            name: E::NAME,
            replay: E::REPLAY,
            auth: E::AUTH,
            method: E::METHOD,
            body_type: E::BODY_TYPE,
        }
    }
}

impl Prepared {
    pub(crate) fn new<E: Endpoint>(endpoint: &E, servers: &Servers) -> Result<Self, Error> {
        let base = servers.get(E::SERVICE);
        let mut path = PathBuilder::new(&base.path);
        endpoint.path_and_query(&mut path);
        let uri = uri(base, path)?;
        Ok(Prepared { uri, body: endpoint.body()?, authorization: endpoint.authorization()? })
    }

    pub(crate) fn request(
        &self,
        operation: &Operation,
        tokens: Option<&Tokens>,
    ) -> Result<Request<Bytes>, Error> {
        let mut request = Request::new(self.body.clone().unwrap_or_default());
        *request.method_mut() = operation.method.clone();
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        // Those below, `Host`, and the spare room that a map keeps.
        headers.reserve(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, AGENT.clone());
        if let Some(body) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(operation.body_type));
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        } else if operation.method == Method::POST || operation.method == Method::PUT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let missing = |which: &str| Error::invalid(format!("{} needs {which}", operation.name));
        match operation.auth {
            Auth::Own => {
                if let Some(value) = &self.authorization {
                    headers.insert(AUTHORIZATION, value.clone());
                }
            }
            Auth::Bearer | Auth::BearerAndSession => {
                let tokens = tokens.ok_or_else(|| missing("an access token"))?;
                headers.insert(AUTHORIZATION, tokens.authorization().clone());
                if operation.auth == Auth::BearerAndSession {
                    let session = tokens.session_value().ok_or_else(|| missing("a session token"))?;
                    headers.insert(SESSION_HEADER, session.clone());
                }
            }
        }
        Ok(request)
    }
}

fn uri(base: &Base, path: PathBuilder) -> Result<Uri, Error> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(base.scheme.clone());
    parts.authority = Some(base.authority.clone());
    parts.path_and_query = Some(path.finish()?);
    Uri::from_parts(parts).map_err(|error| Error::invalid(format!("the request URL is not valid: {error}")))
}

/// Reads a JSON body; on failure the error names the path of the value that did not fit.
///
/// # Errors
/// When the body is not JSON, or not of the expected shape.
pub fn decode_json<T: DeserializeOwned>(body: &Bytes) -> Result<T, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|error| DecodeError::new("the body is not UTF-8", error))?;
    // Byte order marks are not JSON, yet some gateways send them.
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(&mut reader).map_err(|error| {
        let path = path_at(text, offset(text, error.line(), error.column()));
        let error = DecodeError::new("the body is not the expected JSON", error);
        match path {
            Some(path) => error.at(path),
            None => error,
        }
    })?;
    match reader.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(DecodeError::new("the body goes on after its JSON value", error)),
    }
}

/// Writes a JSON body.
///
/// # Errors
/// Never for the types of this crate; a user's own type may refuse to be written.
pub fn encode_json<T: serde::Serialize>(value: &T) -> Result<Bytes, Error> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| Error::invalid(format!("the body cannot be written as JSON: {error}")))
}

static AGENT: HeaderValue = HeaderValue::from_static(concat!("fota-rust/", env!("CARGO_PKG_VERSION")));
