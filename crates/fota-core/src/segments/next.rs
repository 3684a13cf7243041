//! What a listing in segments asks of its driver.

use super::part::Ticket;
use crate::endpoint::Paged;
use crate::error::Error;

/// What to do next.
pub enum Next<E: Paged> {
    /// Send this, and hand what came of it to [`Segments::accept`](super::Segments::accept). Ask for the next step at once: there may be
    /// more to send.
    Send(Ticket, E),
    /// Wait for one of the requests under way.
    Wait,
    /// The next entries, never none; or the error that came instead. After an error the same page is asked for
    /// again.
    Page(Result<Vec<E::Item>, Error>),
    /// That was all.
    Done,
}

impl<E: Paged> std::fmt::Debug for Next<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Next::Send(ticket, request) => write!(f, "Send({ticket:?}, after {})", request.cursor()),
            Next::Wait => f.write_str("Wait"),
            Next::Page(Ok(items)) => write!(f, "Page({} entries)", items.len()),
            Next::Page(Err(error)) => write!(f, "Page({error:?})"),
            Next::Done => f.write_str("Done"),
        }
    }
}
