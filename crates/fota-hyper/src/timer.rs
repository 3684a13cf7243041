//! The clock of the async driver.

use std::time::Duration;

use async_trait::async_trait;
use fota_core::{AsyncTimer, Moment};
use tokio::time::Instant;

/// Tokio's clock, which a test can pause.
#[derive(Debug, Clone, Copy)]
pub struct TokioTimer {
    start: Instant,
}

impl TokioTimer {
    /// A clock that starts now.
    pub fn new() -> Self {
        TokioTimer { start: Instant::now() }
    }
}

impl Default for TokioTimer {
    fn default() -> Self {
        TokioTimer::new()
    }
}

#[async_trait]
impl AsyncTimer for TokioTimer {
    fn now(&self) -> Moment {
        Moment::new(self.start.elapsed())
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}
