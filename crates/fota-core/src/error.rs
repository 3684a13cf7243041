//! One error for everything that can go wrong with a call. It keeps what the server said, answers the
//! questions a program has to ask, and never holds a secret.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fota_models::ApiFault;
use http::{HeaderMap, StatusCode};

use crate::transport::BoxError;

/// Bytes of an error answer's body that are kept.
pub(crate) const KEPT_BODY: usize = 2048;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input cannot make a request; nothing was sent.
    InvalidRequest,
    /// No connection could be made; nothing was sent.
    Connect,
    /// The time ran out.
    Timeout,
    /// The connection failed before the whole answer was read.
    Interrupted,
    /// The answer's body is longer than the limit.
    BodyTooLarge,
    /// A good status with a body that is not the operation's answer.
    Decode,
    /// The server refused the request (a 4xx answer).
    Refused,
    /// The server asks for fewer requests (429).
    Throttled,
    /// The server, or something in front of it, failed (a 5xx answer).
    Unavailable,
    /// An answer with a status that the service does not use, such as a redirect.
    UnexpectedStatus,
    /// The tokens, or the OAuth key and secret behind them, were refused; or they lack the right.
    Unauthorized,
    /// The user name and password were refused. They were sent once and will not be sent again.
    LoginRejected,
    /// A login was not attempted, because an earlier one with these credentials was refused.
    LoginBlocked,
    /// The transport declined to send the request, by a rule of its own; nothing was sent. The error's source
    /// says why.
    Declined,
    /// The server's page cursor does not lead on.
    Paging,
    /// A bulk run's journal could not be written, so nothing more was sent.
    Journal,
    /// The driver used a state machine out of turn.
    Misuse,
}

impl ErrorKind {
    /// The kind as one lower-case word, for logs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorKind::InvalidRequest => "invalid_request",
            ErrorKind::Connect => "connect",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::BodyTooLarge => "body_too_large",
            ErrorKind::Decode => "decode",
            ErrorKind::Refused => "refused",
            ErrorKind::Throttled => "throttled",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::UnexpectedStatus => "unexpected_status",
            ErrorKind::Unauthorized => "unauthorized",
            ErrorKind::LoginRejected => "login_rejected",
            ErrorKind::LoginBlocked => "login_blocked",
            ErrorKind::Declined => "declined",
            ErrorKind::Paging => "paging",
            ErrorKind::Journal => "journal",
            ErrorKind::Misuse => "misuse",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call failed. Small to move and cheap to clone: all who waited for one login share its error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    endpoint: Option<&'static str>,
    answer: Option<Answer>,
    fault: Option<ApiFault>,
    retry_after: Option<Duration>,
    attempts: u32,
    may_have_been_applied: bool,
    retryable: bool,
    source: Option<Arc<BoxError>>,
}

/// What the server said, as far as it is kept.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Error {
    /// What kind of failure it was.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the answer, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// The headers of the answer, when there was one.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The first 2 KiB of the answer's body, when there was one. It is the server's text: escape it
    /// before it reaches a terminal.
    pub fn body(&self) -> Option<&Bytes> {
        self.0.answer.as_ref().map(|answer| &answer.body)
    }

    /// The answer's body read as one of the error shapes of the service and its gateways.
    pub fn fault(&self) -> Option<&ApiFault> {
        self.0.fault.as_ref()
    }

    /// How long the server asked to wait. It is here even when the call gave up for lack of time.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many requests were sent for the call, those of a login not counted.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The operation that failed, such as `licenses.assign`.
    pub fn endpoint(&self) -> Option<&'static str> {
        self.0.endpoint
    }

    /// Whether a change may have been made although the call failed: a request that writes was sent and
    /// nobody knows what became of it. Read the state before sending it again.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.may_have_been_applied
    }

    /// Whether the same call may succeed later without a change to its input or credentials.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The server's own message, when the answer had one of the known shapes.
    pub fn server_message(&self) -> Option<&str> {
        self.fault().and_then(ApiFault::message)
    }

    /// An error with a kind and a message, for adapters and for programs that write their own.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Arc::new(Inner {
            kind,
            message: message.into(),
            endpoint: None,
            answer: None,
            fault: None,
            retry_after: None,
            attempts: 0,
            may_have_been_applied: false,
            retryable: false,
            source: None,
        }))
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::InvalidRequest, message)
    }

    pub(crate) fn with_source(self, source: impl Into<BoxError>) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source.into())))
    }

    pub(crate) fn with_answer(self, head: &http::response::Parts, body: &Bytes) -> Self {
        let mut headers = head.headers.clone();
        // A server that reflects credentials must not get them into a log.
        for (name, value) in &mut headers {
            let name = name.as_str();
            if name.contains("auth") || name.contains("token") || name.contains("cookie") {
                value.set_sensitive(true);
            }
        }
        // A copy, so that a page of megabytes is not kept alive for its first lines.
        let body = Bytes::copy_from_slice(body.get(..KEPT_BODY).unwrap_or(body));
        self.edit(|inner| inner.answer = Some(Answer { status: head.status, headers, body }))
    }

    pub(crate) fn with_fault(self, fault: Option<ApiFault>) -> Self {
        self.edit(|inner| inner.fault = fault)
    }

    pub(crate) fn with_retry_after(self, span: Option<Duration>) -> Self {
        self.edit(|inner| inner.retry_after = span)
    }

    pub(crate) fn with_call(self, endpoint: &'static str, attempts: u32, uncertain: bool) -> Self {
        self.edit(|inner| {
            inner.endpoint = Some(endpoint);
            inner.attempts = attempts;
            inner.may_have_been_applied = uncertain;
        })
    }

    /// A refusal that was concluded and not answered, with the answer that it was concluded from.
    pub(crate) fn or_answer_of(self, earlier: &Error) -> Self {
        if self.0.answer.is_some() || self.0.kind != ErrorKind::Unauthorized {
            return self;
        }
        let Inner { answer, fault, .. } = &*earlier.0;
        self.edit(|inner| {
            inner.answer.clone_from(answer);
            inner.fault.clone_from(fault);
        })
    }

    pub(crate) fn retryable(self, retryable: bool) -> Self {
        self.edit(|inner| inner.retryable = retryable)
    }

    pub(crate) fn with_kind(self, kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| {
            inner.kind = kind;
            inner.message = message.into();
        })
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, endpoint, answer, fault, attempts, .. } = &*self.0;
        if let Some(endpoint) = endpoint {
            write!(f, "{endpoint}: ")?;
        }
        f.write_str(message)?;
        if let Some(answer) = answer {
            write!(f, " (HTTP {}", answer.status.as_u16())?;
            if let Some(code) = fault.as_ref().and_then(ApiFault::code) {
                write!(f, ", {}", OneLine(code))?;
            }
            f.write_str(")")?;
        }
        if let Some(text) = fault.as_ref().and_then(ApiFault::message) {
            write!(f, ": {}", OneLine(text))?;
        }
        if *attempts > 1 {
            write!(f, ", after {attempts} attempts")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, endpoint, answer, attempts, may_have_been_applied, source, .. } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("endpoint", endpoint)
            .field("message", &self.to_string())
            .field("status", &answer.as_ref().map(|answer| answer.status))
            .field("attempts", attempts)
            .field("may_have_been_applied", may_have_been_applied)
            .field("source", source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// The body of a good answer could not be read.
#[derive(Debug)]
pub struct DecodeError {
    message: Cow<'static, str>,
    path: Option<String>,
    source: Option<BoxError>,
}

impl DecodeError {
    /// A failure with its cause.
    pub fn new(message: impl Into<Cow<'static, str>>, source: impl Into<BoxError>) -> Self {
        DecodeError { message: message.into(), path: None, source: Some(source.into()) }
    }

    /// A failure without a deeper cause.
    pub fn message(message: impl Into<Cow<'static, str>>) -> Self {
        DecodeError { message: message.into(), path: None, source: None }
    }

    /// The same failure, at a JSON path such as `deviceList[3].deviceId`.
    #[must_use]
    pub fn at(mut self, path: String) -> Self {
        self.path = Some(path).filter(|path| path != ".");
        self
    }

    /// The JSON path of the value that did not fit, when it is known.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(path) = &self.path {
            write!(f, " at {}", OneLine(path))?;
        }
        match &self.source {
            Some(source) => write!(f, ": {}", OneLine(&source.to_string())),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Server text on one line: no control characters, no bidirectional overrides, capped.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CAP: usize = 300;
        for (count, char) in self.0.chars().enumerate() {
            if count == CAP {
                return f.write_str("…");
            }
            let bidi =
                matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let safe = !char.is_control() && !bidi && !matches!(char, '\u{2028}' | '\u{2029}');
            fmt::Write::write_char(f, if safe { char } else { ' ' })?;
        }
        Ok(())
    }
}
