//! Who watches a run: for a journal, for a progress line, or to break it off.

use std::ops::ControlFlow;

use super::events::Event;
use super::run::Run;
use crate::transport::BoxError;

/// Watches a run. A closure over `&Run` is an observer that keeps no journal.
pub trait Observer {
    /// Writes events down, durably. Called before the request that they announce is sent, and at the end.
    ///
    /// # Errors
    /// When they cannot be written. The request is then not sent, and the run ends.
    fn record(&mut self, events: Vec<Event>) -> Result<(), BoxError> {
        drop(events);
        Ok(())
    }

    /// Called when a call has ended, and after a pause. [`ControlFlow::Break`] lets what is in flight end and sends no further
    /// changes.
    fn progress(&mut self, run: &Run) -> ControlFlow<()> {
        let _ = run;
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(&Run) -> ControlFlow<()>> Observer for F {
    fn progress(&mut self, run: &Run) -> ControlFlow<()> {
        self(run)
    }
}
