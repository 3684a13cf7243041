//! The emulator's rules, checked on the pure machine; its faults, checked from the far end of a socket.
// A helper that fails is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::result_large_err)]

mod admin;
mod auth;
mod bench;
mod coverage;
mod faults;
mod licenses;
mod magic;
mod operator;
mod rate_limit;
mod shorthand;
mod snapshot;
mod socket;
mod switches;
mod window;
