//! What comes of a request: an answer, and how it is delivered.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::refusal::Answer;

/// What comes of a request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The answer. Empty where the delivery says that there is none.
    pub response: Response<Bytes>,
    /// How long it is held back.
    pub delay: Duration,
    /// How it is delivered.
    pub delivery: Delivery,
    /// Whether the request was processed, rather than answered by a fault.
    pub processed: bool,
}

/// How an answer is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// As it is.
    Send,
    /// Not at all: the connection is closed.
    Close,
    /// Not at all: the connection is reset.
    Reset,
    /// The head, so much of the body, then the connection is closed.
    Cut {
        /// Bytes of the body that arrive.
        bytes: usize,
    },
    /// The body in pieces.
    Dribble {
        /// Bytes per piece.
        bytes: usize,
        /// The time between two pieces.
        every: Duration,
    },
    /// The head, then this many spaces instead of the body.
    Flood {
        /// Their number.
        bytes: u64,
    },
}

impl Reply {
    pub(crate) fn send(response: Answer) -> Self {
        Reply { response, delay: Duration::ZERO, delivery: Delivery::Send, processed: true }
    }
}
