//! What a backend has to provide: exactly one HTTP exchange, and where in it a failure happened.
//!
//! An implementation sends the request as it is and returns the answer as it is: the whole body (no more
//! than [`Limits::max_body`]), every header, any status. It follows no redirect and decompresses nothing.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// Any error of a backend.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A point in time, as the span since a start that the driver chose.
///
/// The core never reads a clock: `std::time::Instant` cannot be made by hand (so nothing could be
/// simulated) and panics on wasm32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The moment `since_start` after the driver's start.
    pub const fn new(since_start: Duration) -> Self {
        Moment(since_start)
    }

    /// The span since the driver's start.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// This moment plus `span`, saturating.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Moment(self.0.saturating_add(span))
    }

    /// How long it is from `earlier` to this moment; zero when `earlier` is later.
    pub const fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// What one exchange may use. All are upper bounds; a backend enforces them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time to resolve, connect and finish TLS.
    pub connect: Duration,
    /// Time for the whole exchange, connecting and the last byte of the body included.
    pub attempt: Duration,
    /// Bytes of the answer's body; a longer one is [`TransportError::body_too_large`].
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(60),
            max_body: 16 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// These limits with another time to connect.
    pub const fn connect(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self
    }

    /// These limits with another time for the whole exchange.
    pub const fn attempt(mut self, attempt: Duration) -> Self {
        self.attempt = attempt;
        self
    }

    /// These limits with another body cap.
    pub const fn max_body(mut self, max_body: usize) -> Self {
        self.max_body = max_body;
        self
    }
}

/// How far an exchange got before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No byte of the request was sent: it surely had no effect.
    Connect,
    /// The request may have reached the server.
    Exchange,
}

/// A failed exchange. When in doubt about the phase, a backend says [`Phase::Exchange`].
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportError {
    /// How far the exchange got.
    pub phase: Phase,
    /// Whether a time limit ended it.
    pub timed_out: bool,
    /// Whether the answer's body was longer than [`Limits::max_body`].
    pub too_large: bool,
    /// Whether the backend declined to send the request at all; see [`TransportError::declined`].
    pub declined: bool,
    /// What the backend said.
    pub source: BoxError,
}

impl TransportError {
    /// The connection could not be made.
    pub fn connect(source: impl Into<BoxError>) -> Self {
        TransportError::failed(Phase::Connect, source)
    }

    /// The backend itself declines to send this request, because of a rule of its own: a guard, a quota, an
    /// allow list. Nothing was sent, and the call fails with
    /// [`ErrorKind::Declined`](crate::ErrorKind::Declined) without another attempt, for the answer would be
    /// the same.
    pub fn declined(source: impl Into<BoxError>) -> Self {
        TransportError { declined: true, ..TransportError::failed(Phase::Connect, source) }
    }

    /// The connection failed after the request may have been sent.
    pub fn exchange(source: impl Into<BoxError>) -> Self {
        TransportError::failed(Phase::Exchange, source)
    }

    /// A time limit ended the exchange in `phase`.
    pub fn timeout(phase: Phase, source: impl Into<BoxError>) -> Self {
        TransportError { timed_out: true, ..TransportError::failed(phase, source) }
    }

    /// An I/O error in `phase`. An expired socket timeout counts as one.
    pub fn io(phase: Phase, error: std::io::Error) -> Self {
        let timed_out = matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock);
        TransportError { timed_out, ..TransportError::failed(phase, error) }
    }

    /// The answer's body is longer than `cap` bytes.
    pub fn body_too_large(cap: usize) -> Self {
        let source = format!("the body is longer than {cap} bytes");
        TransportError { too_large: true, ..TransportError::failed(Phase::Exchange, source) }
    }

    fn failed(phase: Phase, source: impl Into<BoxError>) -> Self {
        TransportError { phase, timed_out: false, too_large: false, declined: false, source: source.into() }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.too_large, self.timed_out, self.phase) {
            _ if self.declined => "the request was not sent, for the transport declines it",
            (true, ..) => "the answer is too large",
            (_, true, Phase::Connect) => "no connection in time",
            (_, true, Phase::Exchange) => "no answer in time",
            (_, false, Phase::Connect) => "no connection",
            (_, false, Phase::Exchange) => "the connection failed before the whole answer was read",
        };
        f.write_str(what)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// Refuses an answer whose body is shorter or longer than its `Content-Length`: for backends that do not
/// notice a connection that was cut.
///
/// # Errors
/// In [`Phase::Exchange`], when the lengths differ.
pub fn whole(response: http::Response<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
    let stated = response.headers().get(http::header::CONTENT_LENGTH);
    let stated = stated.and_then(|length| length.to_str().ok()?.trim().parse::<usize>().ok());
    match stated {
        Some(length) if length != response.body().len() => {
            let read = response.body().len();
            Err(TransportError::exchange(format!("{read} of {length} bytes were read")))
        }
        _ => Ok(response),
    }
}

/// Shows where a request goes and nothing of its body, which in a login is the password.
pub(crate) struct Target<'a>(pub(crate) &'a http::Request<Bytes>);

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.method(), self.0.uri())
    }
}

/// A blocking backend.
pub trait Transport: Send + Sync {
    /// Performs one exchange within `limits`.
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, TransportError>;
}

/// An asynchronous backend.
#[async_trait]
pub trait AsyncTransport: Send + Sync {
    /// Performs one exchange within `limits`. Dropping the future abandons the exchange.
    async fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Bytes>, TransportError>;
}

/// The clock of a blocking driver.
pub trait Timer: Send + Sync {
    /// The present, since a start that stays the same for the life of the client.
    fn now(&self) -> Moment;
    /// Returns after `span`.
    fn sleep(&self, span: Duration);
}

/// The clock of an asynchronous driver.
#[async_trait]
pub trait AsyncTimer: Send + Sync {
    /// The present, since a start that stays the same for the life of the client.
    fn now(&self) -> Moment;
    /// Completes after `span`.
    async fn sleep(&self, span: Duration);
}
