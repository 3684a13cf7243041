//! How many requests may be in flight, and when the next one may start: fewer when the service asks for
//! it, more again while it goes well.

use std::time::Duration;

use crate::transport::Moment;

/// Additive increase, multiplicative decrease, and an optional rate.
#[derive(Debug, Clone)]
pub(super) struct Window {
    most: usize,
    now: usize,
    /// Good answers since the last change.
    good: usize,
    gap: Duration,
    next_at: Moment,
}

/// After the first failure, and doubled after each further one in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer, unless the server says so.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Window {
    pub(super) fn new(most: usize, rate: Option<f64>) -> Self {
        let gap = match rate {
            Some(rate) if rate > 0.0 => Duration::try_from_secs_f64(1.0 / rate).unwrap_or(LONGEST_PAUSE),
            _ => Duration::ZERO,
        };
        let most = most.max(1);
        Window { most, now: most.min(4), good: 0, gap, next_at: Moment::default() }
    }

    pub(super) fn is_open(&self, in_flight: usize) -> bool {
        in_flight < self.now
    }

    /// How long until the next request may start.
    pub(super) fn pause(&self, now: Moment) -> Option<Duration> {
        let pause = self.next_at.since(now);
        (!pause.is_zero()).then_some(pause)
    }

    pub(super) fn started(&mut self, now: Moment) {
        self.next_at = self.next_at.max(now.after(self.gap));
    }

    pub(super) fn good(&mut self) {
        self.good += 1;
        if self.good >= self.now && self.now < self.most {
            self.now += 1;
            self.good = 0;
        }
    }

    /// The service is too busy. `failures` in a row, and what it asked for.
    pub(super) fn slow_down(&mut self, now: Moment, failures: u32, asked: Option<Duration>) {
        self.now = (self.now / 2).max(1);
        self.good = 0;
        let own = FIRST_PAUSE.saturating_mul(1 << failures.clamp(1, 8).saturating_sub(1)).min(LONGEST_PAUSE);
        self.next_at = self.next_at.max(now.after(asked.unwrap_or(own)));
    }
}
