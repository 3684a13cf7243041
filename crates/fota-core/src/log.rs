//! One event per attempt, when the `tracing` feature is on; nothing otherwise. Names, statuses and times
//! only: no header, no body and no URL ever gets here.

use std::time::Duration;

use http::StatusCode;

/// An attempt ended: with this status, or without an answer.
pub(crate) fn attempt(endpoint: &'static str, number: u32, status: Option<StatusCode>, elapsed: Duration) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: "fota",
        endpoint,
        attempt = number,
        status = status.map(|status| status.as_u16()),
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "attempt ended"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = (endpoint, number, status, elapsed);
}

/// Something else worth knowing about a call happened.
pub(crate) fn event(endpoint: &'static str, what: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "fota", endpoint, "{what}");
    #[cfg(not(feature = "tracing"))]
    let _ = (endpoint, what);
}
