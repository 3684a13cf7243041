//! When a fault rule is in force.

use std::time::Duration;

use fota_core::Moment;
use serde::{Deserialize, Serialize};

/// When a rule is in force: a span of the emulator's time, and a number of requests that must have come before.
///
/// Requests outside do not match the rule, so they count neither for its `skip` nor for its `count`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Window {
    /// Milliseconds of the emulator's time since its start before which the rule is not in force.
    #[serde(default)]
    pub from_millis: u64,
    /// Milliseconds of the emulator's time since its start from which on it is no longer in force; none means never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_millis: Option<u64>,
    /// Requests of the rule's operation, of any account and since the emulator's start, that must have come before.
    #[serde(default)]
    pub after_requests: u64,
}

impl Window {
    /// Whether the rule is always in force.
    pub(crate) fn is_open(&self) -> bool {
        *self == Window::default()
    }

    /// Whether no request could ever be inside.
    pub(crate) fn is_empty(&self) -> bool {
        self.until_millis.is_some_and(|until| until <= self.from_millis)
    }

    /// Whether a request that arrives now, as the one that makes this `requests` requests, is inside.
    pub(crate) fn contains(&self, now: Moment, requests: impl FnOnce() -> u64) -> bool {
        let now = millis(now.since_start());
        self.from_millis <= now
            && self.until_millis.is_none_or(|until| now < until)
            && (self.after_requests == 0 || requests() > self.after_requests)
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
