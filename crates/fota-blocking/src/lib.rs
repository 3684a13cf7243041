//! Blocking client for the Verizon ThingSpace Software Management API, version 3 (FOTA): give devices their
//! licenses, take them back, list who has one.
//!
//! Every decision (retry, paging, the two tokens) is made in [`core`]; this crate adds ureq, rustls and the
//! thread's clock, and a handle for each resource. There is no async runtime anywhere in its tree.
//! `fota-hyper` has the same surface for async programs.
//!
//! ```
//! # use fota_blocking::core::script::{Script, VirtualClock};
//! # use fota_blocking::{Client, Credentials, models::AccountName};
//! # let script = Script::new().login().answer(200, r#"{"accountName":"0000123456-00001","totalLicenses":250,
//! #     "assignedLicenses":3,"hasMoreData":false}"#);
//! let credentials = Credentials::new("fake-key", "fake-secret", "fake-user", "fake-password");
//! let client = Client::builder().credentials(credentials)
//! #   .transport(script).timer(VirtualClock::new())
//!     .build()?;
//!
//! let account: AccountName = "0000123456-00001".parse()?;
//! let usage = client.licenses(&account).usage()?;
//! println!("{:?} of {:?} licenses in use", usage.assigned_licenses, usage.total_licenses);
//! # assert_eq!((usage.assigned_licenses, usage.total_licenses), (Some(3), Some(250)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A call blocks its thread, no longer than its [`RetryPolicy::total`]. Threads may share a client.
//!
//! # Logs
//!
//! ureq writes what it sends and receives, tokens included, to the `log` facade at trace level. No secret may
//! ever be logged, so this crate compiles that level of `log` out of the program that uses it. `tracing`, and
//! the other levels of `log`, are not touched.
//!
//! # Features
//!
//! * `ring` (default) or `aws-lc-rs`: whose cryptography TLS uses. With neither, the process-wide default of
//!   rustls.
//! * `platform-verifier` (default) or `webpki-roots`: whose root certificates are trusted, those of the
//!   platform or Mozilla's, built in. `webpki-roots` wins over the other.
//! * `tls`: implied by these four. Without it only loopback servers can be reached over plain `http`, and
//!   [`ClientBuilder::build`] refuses `https` servers.
//! * `tracing`: an event for each attempt.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod client;
mod connect;
mod devices;
mod licenses;
mod list;
mod run;
mod timer;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_transport;
mod transport;
mod tunnel;
mod workers;

const _: () = assert!(
    (log::STATIC_MAX_LEVEL as usize) < (log::LevelFilter::Trace as usize),
    "another crate switches log's `release_max_level_trace` on; ureq would then log access tokens"
);

pub use builder::ClientBuilder;
pub use client::Client;
pub use devices::Devices;
pub use licenses::Licenses;
pub use list::LicenseList;
pub use timer::ThreadTimer;
pub use transport::UreqTransport;

pub use fota_core as core;
pub use fota_core::licenses::ListPath;
pub use fota_core::proxy::Proxies;
pub use fota_core::{
    Credentials, Endpoint, Error, ErrorKind, Limits, RetryPolicy, SavedTokens, Secret, Servers, Timer,
    Transport, bulk, models,
};
