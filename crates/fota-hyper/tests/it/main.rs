//! The adapter against hand-written loopback servers, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod ahead;
mod client;
#[path = "../../../../tests/shared/fleet.rs"]
mod fleet;
mod list;
mod logs;
#[cfg(all(feature = "ring", feature = "platform-verifier"))]
mod proxy;
#[cfg(all(feature = "ring", feature = "platform-verifier"))]
#[path = "../../../../tests/shared/proxy.rs"]
mod proxy_server;
#[cfg_attr(not(all(feature = "ring", feature = "platform-verifier")), allow(dead_code, reason = "for TLS"))]
#[path = "../../../../tests/shared/server.rs"]
mod server;
#[path = "../../../../tests/shared/service.rs"]
mod service;
#[cfg(all(feature = "ring", feature = "platform-verifier"))]
mod tls;
#[cfg(feature = "tower")]
mod tower;
mod wire;
