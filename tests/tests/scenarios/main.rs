//! One suite of scenarios, both adapters, real sockets: each scenario is written once, against the common face of
//! the clients, and runs as `hyper::name` and `blocking::name`. What went over the wire is counted by the server.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a test may panic, and a table's type be long"
)]

mod changes;
mod failures;
mod inputs;
mod listing;
mod segments;
mod tls;
mod tokens;
mod transport;
