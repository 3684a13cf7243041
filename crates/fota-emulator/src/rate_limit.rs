//! Throttling as a state: an account may make so many requests in a span of the emulator's time, and the gateway
//! refuses what is more.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fota_core::Moment;
use fota_models::{ApiFault, GatewayFault};
use http::header::RETRY_AFTER;
use serde::{Deserialize, Serialize};

use crate::refusal::{self, Answer};
use crate::replacement::set;
use crate::shorthand::parse_span;
use crate::window::millis;

/// How many requests an account may make in a span of the emulator's time.
///
/// The first request opens the span, and the first one after its end opens the next. Refused requests do not count.
/// That the service counts like this is our choice: the vendor publishes no limits.
///
/// ```
/// use std::time::Duration;
/// use fota_emulator::{RateLimit, Settings};
/// let settings = Settings::seeded(100, 60, 7).rate_limit(RateLimit::new(10, Duration::from_secs(1)));
/// assert_eq!("10/1s".parse(), Ok(RateLimit::new(10, Duration::from_secs(1))));
/// ```
#[doc(alias = "throttle")]
#[doc(alias = "900800")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct RateLimit {
    /// The most requests in the span; 0 refuses all.
    pub requests: u64,
    /// The span in milliseconds.
    pub per_millis: u64,
}

impl RateLimit {
    /// So many requests in each span of this length.
    pub fn new(requests: u64, per: Duration) -> Self {
        RateLimit { requests, per_millis: millis(per) }
    }
}

impl FromStr for RateLimit {
    type Err = InvalidRateLimit;

    fn from_str(text: &str) -> Result<Self, InvalidRateLimit> {
        let (requests, per) = text.split_once('/').ok_or(InvalidRateLimit)?;
        let requests = requests.trim().parse().map_err(|_| InvalidRateLimit)?;
        let per = match per.trim() {
            "" => return Err(InvalidRateLimit),
            // "10/s" is as clear as "10/1s".
            unit if unit.starts_with(|c: char| c.is_ascii_alphabetic()) => format!("1{unit}"),
            span => span.to_owned(),
        };
        let per = parse_span(&per).filter(|per| !per.is_zero()).ok_or(InvalidRateLimit)?;
        Ok(RateLimit::new(requests, per))
    }
}

/// What a text is not: a number of requests in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidRateLimit;

impl fmt::Display for InvalidRateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a rate limit as requests per span of time, such as 10/1s or 600/1m")
    }
}

impl std::error::Error for InvalidRateLimit {}

/// A limit, and how much of it is used up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limiter {
    pub(crate) limit: Option<RateLimit>,
    opened: Option<Moment>,
    used: u64,
}

impl Limiter {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Limiter { limit, opened: None, used: 0 }
    }

    /// Counts a request, or refuses it.
    pub(crate) fn admit(&mut self, now: Moment) -> Result<(), Answer> {
        let Some(limit) = self.limit else { return Ok(()) };
        let span = Duration::from_millis(limit.per_millis);
        let end = self.opened.map(|opened| opened.after(span)).filter(|end| now < *end);
        let end = end.unwrap_or_else(|| {
            self.opened = Some(now);
            self.used = 0;
            now.after(span)
        });
        if self.used < limit.requests {
            self.used += 1;
            return Ok(());
        }
        Err(throttled(end.since_start().saturating_sub(now.since_start())))
    }
}

/// The gateway's refusal. Its header knows whole seconds only, so it names the first one that is late enough.
fn throttled(wait: Duration) -> Answer {
    let fault = GatewayFault::new("900800", "Message throttled out", "You have exceeded your quota");
    let mut answer = refusal::fault(429, &ApiFault::Gateway(fault));
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    set(&mut answer, RETRY_AFTER, &seconds.max(1).to_string());
    answer
}
