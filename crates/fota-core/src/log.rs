//! One event per attempt, when the `tracing` feature is on. Names, statuses and times only: no header, no
//! body and no URL ever gets here.

use std::time::Duration;

use http::StatusCode;

/// What happened to one attempt.
pub(crate) struct Attempt {
    pub(crate) endpoint: &'static str,
    pub(crate) number: u32,
    pub(crate) status: Option<StatusCode>,
    pub(crate) elapsed: Duration,
}

#[cfg(feature = "tracing")]
pub(crate) fn attempt(attempt: &Attempt) {
    tracing::debug!(
        target: "fota",
        endpoint = attempt.endpoint,
        attempt = attempt.number,
        status = attempt.status.map(|status| status.as_u16()),
        elapsed_ms = u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn attempt(attempt: &Attempt) {
    let Attempt { endpoint: _, number: _, status: _, elapsed: _ } = attempt;
}

#[cfg(feature = "tracing")]
pub(crate) fn event(endpoint: &'static str, what: &'static str) {
    tracing::debug!(target: "fota", endpoint, "{what}");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn event(_endpoint: &'static str, _what: &'static str) {}
