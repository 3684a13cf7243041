//! May a failed request be sent again, and when? One table, one backoff, one budget, all pure.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;

use crate::endpoint::Replay;

/// How often and how long a call is tried. Set on the client; every value is finite.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Requests per call, the first included; those after a token refresh count too.
    pub max_attempts: u32,
    /// The first pause is at most this long, each later one at most twice the one before.
    pub base_delay: Duration,
    /// No pause of our own is longer than this. A server's `Retry-After` may be.
    pub max_delay: Duration,
    /// The whole call, pauses and refreshes included.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 5,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(10),
            total: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// One attempt, no more. A token refresh may still repeat it once.
    pub fn none() -> Self {
        RetryPolicy { max_attempts: 1, ..RetryPolicy::default() }
    }

    /// This policy with another number of attempts.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// This policy with another first pause.
    pub const fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// This policy with another longest pause.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// This policy with another limit for the whole call.
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// The pause before attempt number `attempt + 1`: anywhere between zero and the exponential bound
    /// ("full jitter"), so that clients which failed together do not come back together.
    pub(crate) fn pause(&self, attempt: u32, random: &mut fastrand::Rng) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        let bound = self.base_delay.saturating_mul(1 << doublings).min(self.max_delay);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(random.u64(0..=nanos))
    }
}

/// How an attempt failed, as far as retrying is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No byte of the request was sent.
    NotSent,
    /// The request may have arrived; its answer did not.
    Lost,
    /// The server answered with this status.
    Status(StatusCode),
}

/// The whole decision table.
///
/// 429 and 503 say that the request was not processed; that is our reading of the service's gateways, for
/// the vendor does not document it.
pub fn may_retry(replay: Replay, failure: Failure) -> bool {
    match failure {
        Failure::NotSent => true,
        Failure::Lost => replay != Replay::Never,
        Failure::Status(status) => match status.as_u16() {
            429 | 503 => true,
            502 | 504 => replay != Replay::Never,
            408 | 500 => replay == Replay::Safe,
            _ => false,
        },
    }
}

/// Whether a write that failed so may have been applied.
pub fn may_have_been_applied(replay: Replay, failure: Failure) -> bool {
    replay != Replay::Safe
        && match failure {
            Failure::NotSent => false,
            Failure::Lost => true,
            Failure::Status(status) => {
                status.is_success() || status == 408 || (status.is_server_error() && status != 503)
            }
        }
}

/// What all calls of a client may spend on retries together, so that a service in trouble sees little
/// more load than usual. A success earns one point; a retry costs some.
#[derive(Debug)]
pub struct RetryBudget(AtomicU32);

impl RetryBudget {
    const FULL: u32 = 500;
    const RETRY: u32 = 5;
    const AFTER_TIMEOUT: u32 = 10;

    /// A full budget.
    pub const fn new() -> Self {
        RetryBudget(AtomicU32::new(Self::FULL))
    }

    pub(crate) fn earn(&self) {
        // A full budget is the usual case and costs one load.
        if self.0.load(Ordering::Relaxed) < Self::FULL {
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |points| {
                Some(points.saturating_add(1).min(Self::FULL))
            });
        }
    }

    pub(crate) fn spend(&self, timed_out: bool) -> bool {
        let cost = if timed_out { Self::AFTER_TIMEOUT } else { Self::RETRY };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |points| points.checked_sub(cost)).is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the wire contract, cell by cell.
    #[test]
    fn decision_table() {
        use Replay::{Idempotent, Never, Safe};
        let status = |code: u16| Failure::Status(StatusCode::from_u16(code).unwrap());
        let all = [Safe, Idempotent, Never];
        let rows: &[(Failure, [bool; 3])] = &[
            (Failure::NotSent, [true, true, true]),
            (Failure::Lost, [true, true, false]),
            (status(429), [true, true, true]),
            (status(503), [true, true, true]),
            (status(502), [true, true, false]),
            (status(504), [true, true, false]),
            (status(500), [true, false, false]),
            (status(408), [true, false, false]),
            (status(400), [false, false, false]),
            (status(401), [false, false, false]),
            (status(302), [false, false, false]),
            (status(501), [false, false, false]),
        ];
        for (failure, expected) in rows {
            assert_eq!(all.map(|replay| may_retry(replay, *failure)), *expected, "{failure:?}");
        }
    }

    #[test]
    fn reads_are_never_applied_and_refusals_neither() {
        let status = |code: u16| Failure::Status(StatusCode::from_u16(code).unwrap());
        assert!(!may_have_been_applied(Replay::Safe, Failure::Lost));
        for (failure, applied) in [
            (Failure::NotSent, false),
            (Failure::Lost, true),
            (status(200), true),
            (status(302), false),
            (status(400), false),
            (status(408), true),
            (status(429), false),
            (status(500), true),
            (status(502), true),
            (status(503), false),
        ] {
            assert_eq!(may_have_been_applied(Replay::Never, failure), applied, "{failure:?}");
        }
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let policy = RetryPolicy::default();
        let mut random = fastrand::Rng::with_seed(7);
        let longest = |attempt, random: &mut fastrand::Rng| {
            (0..500).map(|_| policy.pause(attempt, random)).max().unwrap()
        };
        assert!(longest(1, &mut random) <= Duration::from_millis(250));
        assert!(longest(3, &mut random) > Duration::from_millis(500));
        assert!(longest(40, &mut random) <= policy.max_delay);
    }

    #[test]
    fn budget_runs_dry_and_recovers() {
        let budget = RetryBudget::new();
        assert_eq!((0..1000).filter(|_| budget.spend(true)).count(), 50);
        assert!(!budget.spend(false));
        (0..5).for_each(|_| budget.earn());
        assert!(budget.spend(false));
    }
}
