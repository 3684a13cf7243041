//! The clock of the blocking driver.

use std::time::{Duration, Instant};

use fota_core::{Moment, Timer};

/// The system's monotonic clock, and the thread's sleep.
#[derive(Debug, Clone, Copy)]
pub struct ThreadTimer {
    start: Instant,
}

impl ThreadTimer {
    /// A clock that starts now.
    pub fn new() -> Self {
        ThreadTimer { start: Instant::now() }
    }
}

impl Default for ThreadTimer {
    fn default() -> Self {
        ThreadTimer::new()
    }
}

impl Timer for ThreadTimer {
    fn now(&self) -> Moment {
        Moment::new(self.start.elapsed())
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}
