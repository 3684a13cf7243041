//! Async client for the Verizon ThingSpace Software Management API, version 3 (FOTA): give devices their
//! licenses, take them back, list who has one.
//!
//! Every decision (retry, paging, the two tokens) is made in [`core`]; this crate adds hyper, rustls and
//! tokio, and a handle for each resource. `fota-blocking` has the same surface without an async runtime.
//!
//! ```
//! # use fota_hyper::core::script::{Script, VirtualClock};
//! # use fota_hyper::{Client, Credentials, models::AccountName};
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! # let script = Script::new().login().answer(200, r#"{"accountName":"0000123456-00001","totalLicenses":250,
//! #     "assignedLicenses":3,"hasMoreData":false}"#);
//! let credentials = Credentials::new("fake-key", "fake-secret", "fake-user", "fake-password");
//! let client = Client::builder().credentials(credentials)
//! #   .transport(script).timer(VirtualClock::new())
//!     .build()?;
//!
//! let account: AccountName = "0000123456-00001".parse()?;
//! let usage = client.licenses(&account).usage().await?;
//! println!("{:?} of {:?} licenses in use", usage.assigned_licenses, usage.total_licenses);
//! # assert_eq!((usage.assigned_licenses, usage.total_licenses), (Some(3), Some(250)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The client needs a tokio runtime, of either kind, with time and I/O enabled. It starts no task for a
//! call, only one for each connection.
//!
//! # Features
//!
//! * `ring` (default) or `aws-lc-rs`: whose cryptography TLS uses. With neither, the process-wide default of
//!   rustls.
//! * `platform-verifier` (default) or `webpki-roots`: whose root certificates are trusted, those of the
//!   platform or Mozilla's, built in. `webpki-roots` wins over the other.
//! * `tls`: implied by these four. Without it only loopback servers can be reached over plain `http`, and
//!   [`ClientBuilder::build`] refuses `https` servers.
//! * `tower`: any `tower_service::Service` as a transport.
//! * `tracing`: an event for each attempt.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod calls;
mod client;
mod devices;
mod licenses;
mod list;
#[cfg(feature = "tls")]
mod route;
mod run;
mod timer;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tower")]
mod tower;
mod transport;

pub use builder::ClientBuilder;
pub use client::Client;
pub use devices::Devices;
pub use licenses::Licenses;
pub use list::LicenseList;
pub use timer::TokioTimer;
#[cfg(feature = "tower")]
pub use tower::TowerTransport;
pub use transport::HyperTransport;

pub use fota_core as core;
pub use fota_core::licenses::ListPath;
pub use fota_core::proxy::Proxies;
pub use fota_core::{
    AsyncTimer, AsyncTransport, Credentials, Endpoint, Error, ErrorKind, Limits, RetryPolicy, SavedTokens,
    Secret, Servers, bulk, models,
};
