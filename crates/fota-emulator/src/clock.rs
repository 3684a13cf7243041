//! The virtual clock. Drivers pass the time that really went by; tests and the admin API add to it, so that an
//! hour takes no time. Wall time has a start of its own, so that runs can be repeated to the letter.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fota_core::Moment;

/// 2024-03-05T09:10:11Z: the wall time at which an emulator starts, unless told otherwise.
pub const DEFAULT_START: u64 = 1_709_629_811;

/// Turns the driver's time into the emulator's, and that into wall time.
#[derive(Debug, Clone)]
pub struct Clock {
    start: u64,
    ahead: Duration,
}

impl Clock {
    /// A clock whose wall time starts `start` seconds after 1970.
    pub fn new(start: u64) -> Self {
        Clock { start, ahead: Duration::ZERO }
    }

    /// Moves the clock forward, on top of the time that goes by.
    pub fn advance(&mut self, span: Duration) {
        self.ahead = self.ahead.saturating_add(span);
    }

    /// How far it was moved forward.
    pub fn ahead(&self) -> Duration {
        self.ahead
    }

    /// The emulator's time at the driver's time `now`.
    pub fn at(&self, now: Moment) -> Moment {
        now.after(self.ahead)
    }

    /// Milliseconds since 1970 at the emulator's time `now`.
    pub(crate) fn unix_millis(&self, now: Moment) -> i64 {
        let wall = Duration::from_secs(self.start).saturating_add(now.since_start());
        i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)
    }

    /// The wall time at the emulator's time `now`, as headers carry it.
    pub(crate) fn http_date(&self, now: Moment, later: Duration) -> String {
        // What a header can say ends with the year 9999.
        const LAST: u64 = 253_402_300_799;
        let wall = Duration::from_secs(self.start).saturating_add(now.since_start()).saturating_add(later);
        let seconds = Duration::from_secs(wall.as_secs().min(LAST));
        httpdate::fmt_http_date(UNIX_EPOCH.checked_add(seconds).unwrap_or(UNIX_EPOCH))
    }
}

/// Seconds since 1970 by this machine's clock.
pub(crate) fn system_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(DEFAULT_START, |since| since.as_secs())
}
