//! The server half of the endpoints (feature `server`): the same types that clients send, read back from
//! requests. The emulator is built on it; so can be a test double of your own.

use std::borrow::Cow;

use bytes::Bytes;
use fota_models::AccountName;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::endpoint::Endpoint;
use crate::servers::Service;

/// An endpoint that can also be served.
pub trait Serve: Endpoint + Sized {
    /// Reads the endpoint back from a request.
    ///
    /// # Errors
    /// [`Rejection::NoMatch`] when the request is for another endpoint.
    fn accept(request: &Incoming<'_>) -> Result<Self, Rejection>;

    /// The good answer that holds `output`.
    fn reply(output: &Self::Output) -> Response<Bytes>;
}

/// A request, matched to a service and split at its slashes.
#[derive(Debug)]
pub struct Incoming<'r> {
    request: &'r Request<Bytes>,
    service: Service,
    segments: Vec<Cow<'r, str>>,
}

impl<'r> Incoming<'r> {
    /// Splits a request below the services' usual paths, as `/api/fota/v3/…`. `None` when it is below none
    /// of them, or its path is not UTF-8 after decoding.
    pub fn new(request: &'r Request<Bytes>) -> Option<Self> {
        let path = request.uri().path();
        let (service, rest) =
            [Service::Oauth, Service::M2m, Service::Fota].into_iter().find_map(|service| {
                let rest = path.strip_prefix(service.default_path())?;
                (rest.is_empty() || rest.starts_with('/')).then_some((service, rest))
            })?;
        let segments = rest
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8().ok())
            .collect::<Option<Vec<_>>>()?;
        Some(Incoming { request, service, segments })
    }

    /// The service that the path belongs to.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The request itself.
    pub fn request(&self) -> &'r Request<Bytes> {
        self.request
    }

    /// The decoded segments, when the request's service and method are the endpoint's.
    ///
    /// # Errors
    /// [`Rejection::NoMatch`] when they are not.
    pub fn route<E: Endpoint>(&self) -> Result<Vec<&str>, Rejection> {
        if self.service == E::SERVICE && *self.request.method() == E::METHOD {
            Ok(self.segments.iter().map(AsRef::as_ref).collect())
        } else {
            Err(Rejection::NoMatch)
        }
    }

    /// The HTTP method.
    pub fn method(&self) -> &'r Method {
        self.request.method()
    }

    /// The first query parameter of that name, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        self.request.uri().query().and_then(|query| form_value(query, name))
    }

    /// The first field of that name in a form body, decoded.
    pub fn form(&self, name: &str) -> Option<String> {
        form_value(std::str::from_utf8(self.request.body()).ok()?, name)
    }

    /// The JSON body.
    ///
    /// # Errors
    /// [`Rejection::Body`] when it is missing or not what the endpoint takes.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        serde_json::from_slice(self.request.body()).map_err(|_| Rejection::Body)
    }
}

/// Why a request is not an endpoint's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// Another path, method or service.
    NoMatch,
    /// The path matches, but the account name cannot be one.
    Account,
    /// The path matches, but the body is missing or cannot be read.
    Body,
}

impl Rejection {
    /// Reads an account name from a path segment.
    ///
    /// # Errors
    /// [`Rejection::Account`] when it cannot be one.
    pub fn account(segment: &str) -> Result<AccountName, Rejection> {
        AccountName::new(segment).map_err(|_| Rejection::Account)
    }
}

/// A 200 with a JSON body.
pub fn json_reply<T: serde::Serialize>(output: &T) -> Response<Bytes> {
    let mut response = match serde_json::to_vec(output) {
        Ok(body) => Response::new(Bytes::from(body)),
        Err(error) => {
            let mut response = Response::new(Bytes::from(error.to_string()));
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            return response;
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn form_value(text: &str, name: &str) -> Option<String> {
    let (_, value) = text.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?;
    let value = value.replace('+', " ");
    percent_decode_str(&value).decode_utf8().ok().map(Cow::into_owned)
}
