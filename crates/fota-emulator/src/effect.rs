//! What a fault rule does to a request: every effect, and how it is turned into an answer and its delivery.

use std::time::Duration;

use http::HeaderValue;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};

use crate::faults::InvalidFault;
use crate::refusal::{self, Answer};
use crate::replacement::{Replacement, RetryAfter, Shape, set};
use crate::reply::Delivery;
use crate::second_operator::SecondOperator;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing but the rule's delay.
    Delay,
    /// Another answer instead.
    Answer(Replacement),
    /// 302, 307 or the like.
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// The connection is closed without a byte of an answer.
    Close,
    /// The connection is reset without a byte of an answer.
    Reset,
    /// The answer's head, this many bytes of its body, then the connection is closed.
    Cut {
        /// Bytes of the body that are sent.
        bytes: usize,
    },
    /// The answer's body arrives in small pieces.
    Dribble {
        /// Bytes per piece.
        bytes: usize,
        /// Milliseconds between pieces.
        every_millis: u64,
    },
    /// A 200 whose body is neither JSON nor text.
    Garbage,
    /// A 200 whose body is this many spaces.
    Oversized {
        /// The body's length.
        bytes: u64,
    },
    /// Nothing goes wrong with the request itself, but somebody else changes licenses just before it. Such a rule
    /// leaves the request to the rules that follow, and neither delays nor replaces an answer.
    Operator(SecondOperator),
}

impl Effect {
    /// Another answer, with a body of this shape.
    pub fn answer(status: u16, body: Shape) -> Self {
        Effect::Answer(Replacement { status, body, code: None, message: None, retry_after: None })
    }

    /// With a `Retry-After` of this many seconds. Only answers have one.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.replace(|answer| answer.retry_after = Some(RetryAfter::Seconds(seconds)))
    }

    /// With a `Retry-After` that is the date this many seconds ahead.
    pub fn retry_after_date(self, seconds: u64) -> Self {
        self.replace(|answer| answer.retry_after = Some(RetryAfter::Date(seconds)))
    }

    /// With this code in the body, rather than the usual one for status and shape.
    pub fn code(self, code: impl Into<String>) -> Self {
        self.replace(|answer| answer.code = Some(code.into()))
    }

    /// With this message in the body.
    pub fn message(self, message: impl Into<String>) -> Self {
        self.replace(|answer| answer.message = Some(message.into()))
    }

    fn replace(mut self, change: impl FnOnce(&mut Replacement)) -> Self {
        if let Effect::Answer(answer) = &mut self {
            change(answer);
        }
        self
    }

    /// Whether the operation's own answer is what is sent.
    pub(crate) fn keeps_answer(&self) -> bool {
        matches!(self, Effect::Delay | Effect::Cut { .. } | Effect::Dribble { .. } | Effect::Operator(_))
    }

    pub(crate) fn check(&self) -> Result<(), InvalidFault> {
        match self {
            Effect::Answer(Replacement { status, .. }) if !(200..=599).contains(status) => {
                Err(InvalidFault(format!("an answer cannot have the status {status}")))
            }
            Effect::Redirect { status, location } => {
                if !(300..=399).contains(status) {
                    Err(InvalidFault(format!("{status} is no redirect")))
                } else if HeaderValue::from_str(location).is_err() {
                    Err(InvalidFault("the location cannot be a header".to_owned()))
                } else {
                    Ok(())
                }
            }
            Effect::Dribble { bytes: 0, .. } => Err(InvalidFault("bytes must not be 0".to_owned())),
            _ => Ok(()),
        }
    }

    /// What becomes of the answer, and the answer that replaces it.
    pub(crate) fn apply(&self, date: impl Fn(Duration) -> String) -> (Option<Answer>, Delivery) {
        let send = |answer| (Some(answer), Delivery::Send);
        match self {
            Effect::Delay | Effect::Operator(_) => (None, Delivery::Send),
            Effect::Answer(replacement) => send(replacement.build(date)),
            Effect::Redirect { status, location } => {
                let mut answer = refusal::plain(*status, "", "");
                set(&mut answer, LOCATION, location);
                send(answer)
            }
            Effect::Close => (Some(Answer::default()), Delivery::Close),
            Effect::Reset => (Some(Answer::default()), Delivery::Reset),
            Effect::Cut { bytes } => (None, Delivery::Cut { bytes: *bytes }),
            Effect::Dribble { bytes, every_millis } => {
                (None, Delivery::Dribble { bytes: *bytes, every: Duration::from_millis(*every_millis) })
            }
            Effect::Garbage => send(refusal::plain(
                200,
                "application/json",
                &b"\x00\xff{\"deviceList\":[\xc3\x28\x1f\x8b"[..],
            )),
            Effect::Oversized { bytes } => {
                (Some(refusal::plain(200, "application/json", "")), Delivery::Flood { bytes: *bytes })
            }
        }
    }
}
