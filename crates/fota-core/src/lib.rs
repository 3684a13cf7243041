//! The sans-I/O core of the FOTA toolkit: it builds `http` requests, reads `http` responses, and owns every
//! decision in between (paging, retry, two-token login), as state machines that you drive.
//!
//! It opens no socket, reads no clock, sleeps never and knows no runtime. Pick your level:
//!
//! * **Level 0**: [`Endpoint::to_request`] and [`Endpoint::from_response`], nothing else.
//! * **Level 1**: drive a [`Call`] by hand; see its documentation for the whole loop.
//! * **Level 2**: implement [`Transport`] or [`AsyncTransport`] (one HTTP exchange) and a timer, and let
//!   [`drive`] run calls for you. The example `std_transport` does it with a plain `TcpStream`.
//! * **Level 3**: use `fota-hyper` or `fota-blocking`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod answer;
mod attempts;
pub mod auth;
pub mod bulk;
mod call;
mod config;
pub mod devices;
pub mod drive;
mod endpoint;
mod error;
mod json_path;
pub mod licenses;
mod log;
mod login;
mod pager;
mod path;
pub mod proxy;
mod refusal;
pub mod retry;
mod retry_after;
mod saved;
#[cfg(feature = "test-util")]
pub mod script;
pub mod segments;
#[cfg(feature = "server")]
pub mod server;
mod servers;
pub mod session;
mod shared;
pub mod subscriptions;
mod tokens;
mod transport;
pub mod work;

pub use auth::{ClientCredentials, Credentials};
pub use call::{Call, Step};
pub use config::Config;
pub use endpoint::{Auth, Endpoint, PageParts, Paged, Replay, SESSION_HEADER, decode_json, encode_json};
pub use error::{DecodeError, Error, ErrorKind};
pub use fota_models as models;
pub use fota_models::Secret;
pub use login::LoginFlow;
pub use pager::Pager;
pub use path::PathBuilder;
pub use retry::RetryPolicy;
pub use retry_after::retry_after;
pub use saved::SavedTokens;
pub use servers::{Servers, Service};
pub use shared::Shared;
pub use tokens::{Generation, Stale, Tokens};
pub use transport::{
    AsyncTimer, AsyncTransport, BoxError, Limits, Moment, Phase, Timer, Transport, TransportError, whole,
};
pub use work::{Order, Work};
