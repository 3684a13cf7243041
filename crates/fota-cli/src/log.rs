//! What `-v` shows: our own events about requests, nothing of the libraries below, which could name headers.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::output::Style;

/// Sends the toolkit's events to stderr, one a line.
pub(crate) fn start(style: Style) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(style != Style::plain())
        .with_target(false)
        .without_time();
    let ours = Targets::new().with_target("fota", LevelFilter::DEBUG);
    // Fails only where a subscriber is set already, and then the events have a place to go.
    let _ = tracing_subscriber::registry().with(ours).with(lines).try_init();
}
