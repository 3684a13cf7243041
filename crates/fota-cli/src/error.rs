//! One error for the whole command: what happened, to which device or line, and what to do next.

use std::error::Error as _;
use std::io::{self, Write};

use fota_core::ErrorKind;
use fota_core::models::ApiFault;
use fota_core::proxy::ProxyError;
use serde::Serialize;

use crate::exit::Exit;
use crate::guard::Stop;
use crate::input::Report;
use crate::output::{Style, escape, json};

/// Why a command ended without doing all it was asked for.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    kind: &'static str,
    message: String,
    hint: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    retryable: bool,
    may_have_been_applied: bool,
    problems: Report,
}

impl Failure {
    pub(crate) fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Self {
        Failure(Box::new(Inner {
            exit,
            kind,
            message: message.into(),
            hint: None,
            status: None,
            code: None,
            retryable: false,
            may_have_been_applied: false,
            problems: Report::default(),
        }))
    }

    /// A wrong command line or setting.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::new(Exit::Usage, "usage", message)
    }

    /// The same failure in other words.
    pub(crate) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// The same failure, and what it kept from being done.
    pub(crate) fn within(mut self, what: &str) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same failure of a run that can be continued.
    pub(crate) fn with_resume(mut self, run: &str) -> Self {
        let resume = format!("run the same command again, or fota resume {run}, to go on");
        self.0.hint = Some(match self.0.hint.take() {
            Some(hint) if !hint.contains("the same command") => format!("{hint}; then {resume}"),
            _ => resume,
        });
        self
    }

    /// What is wrong with the input, value by value.
    pub(crate) fn problems(mut self, problems: Report) -> Self {
        self.0.problems = problems;
        self
    }

    /// The same failure with another way to end.
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// Prints it: as one JSON object where the data is JSON, else for people.
    pub(crate) fn print(&self, out: &mut impl Write, as_json: bool, style: Style) -> io::Result<()> {
        if as_json {
            json::write(out, &Document { error: self.view() })?;
            return out.write_all(b"\n");
        }
        let Inner { message, hint, problems, .. } = &*self.0;
        // First, so that what matters most stays on the screen.
        problems.write(out, style)?;
        writeln!(out, "{} {}", style.bad("error:"), escape::terminal(message))?;
        match hint {
            Some(hint) => writeln!(out, "{} {}", style.strong("hint:"), escape::terminal(hint)),
            None => Ok(()),
        }
    }

    fn view(&self) -> View<'_> {
        let inner = &*self.0;
        View {
            kind: inner.kind,
            message: &inner.message,
            hint: inner.hint.as_deref(),
            status: inner.status,
            code: inner.code.as_deref(),
            retryable: inner.retryable,
            may_have_been_applied: inner.may_have_been_applied,
            problems: &inner.problems,
        }
    }

    /// What happened.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    #[cfg(test)]
    pub(crate) fn listed(&self) -> &Report {
        &self.0.problems
    }
}

impl From<fota_core::Error> for Failure {
    fn from(error: fota_core::Error) -> Self {
        // What surely had no effect but the guard's veto is told in the guard's words alone.
        if let Some(stop) = Stop::behind(&error).filter(|_| !in_doubt(&error)) {
            return stop.into();
        }
        // The same holds for a proxy: an earlier attempt may have got through it.
        if let Some(proxy) = ProxyError::behind(&error).filter(|_| !in_doubt(&error)) {
            return proxy.into();
        }
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            let text = source.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = source.source();
        }
        let mut failure = Failure::new(exit_of(&error), error.kind().as_str(), message);
        failure.0.hint = hint_for(&error);
        failure.0.status = error.status().map(|status| status.as_u16());
        failure.0.code = error.fault().and_then(ApiFault::code).map(str::to_owned);
        failure.0.retryable = error.is_retryable();
        failure.0.may_have_been_applied = in_doubt(&error);
        failure
    }
}

/// A proxy stands before the service, so nothing was sent.
impl From<&ProxyError> for Failure {
    fn from(error: &ProxyError) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        let hint = match error.status() {
            Some(407) => {
                "write user name and password into the variable, as https_proxy=http://user:password@host:port"
            }
            _ => "check https_proxy; a server that is reached without a proxy belongs into no_proxy",
        };
        let mut failure = Failure::new(Exit::Unavailable, "proxy", message).hint(hint);
        failure.0.status = error.status();
        failure.0.retryable = !error.is_final();
        failure
    }
}

impl From<&Stop> for Failure {
    fn from(stop: &Stop) -> Self {
        let mut failure = Failure::new(stop.exit(), "login_guard", stop.to_string()).hint(stop.hint());
        failure.0.retryable = matches!(stop, Stop::Busy(_));
        failure
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Failure::from(&stop)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(Exit::Unexpected, "output", format!("cannot write the output: {error}"))
    }
}

/// Whether a license may have been changed. A lost login leaves a doubt too, but not about that.
fn in_doubt(error: &fota_core::Error) -> bool {
    error.may_have_been_applied() && !error.endpoint().is_some_and(|name| name.starts_with("auth."))
}

fn exit_of(error: &fota_core::Error) -> Exit {
    if in_doubt(error) {
        return Exit::Unfinished;
    }
    match error.kind() {
        ErrorKind::InvalidRequest => Exit::Usage,
        ErrorKind::Unauthorized | ErrorKind::LoginRejected => Exit::Auth,
        ErrorKind::LoginBlocked => Exit::Guard,
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Interrupted
        | ErrorKind::Throttled
        | ErrorKind::Unavailable => Exit::Unavailable,
        _ => Exit::Unexpected,
    }
}

fn hint_for(error: &fota_core::Error) -> Option<String> {
    if in_doubt(error) {
        return Some(
            "run the same command again: devices that were changed already stay as they are".to_owned(),
        );
    }
    Some(
        match error.kind() {
            ErrorKind::Connect => "check the network and the base URL (--base-url, FOTA_BASE_URL)",
            ErrorKind::Timeout | ErrorKind::Interrupted => "try again later, or give it more time with --request-timeout",
            ErrorKind::Throttled => {
                return Some(match error.retry_after() {
                    Some(span) => format!("the service asks to wait {} s", span.as_secs().max(1)),
                    None => "try again later".to_owned(),
                });
            }
            ErrorKind::Unavailable => "try again later",
            ErrorKind::Unauthorized => {
                "check FOTA_CLIENT_ID and FOTA_CLIENT_SECRET (the key and secret of the portal's key management), \
                 and that they may use the account"
            }
            ErrorKind::LoginRejected => {
                "check FOTA_USERNAME and FOTA_PASSWORD before you try again: five wrong logins in a row lock the user"
            }
            ErrorKind::LoginBlocked => "correct FOTA_USERNAME and FOTA_PASSWORD first",
            ErrorKind::Journal => "make room on the disk of XDG_STATE_HOME; what was sent is known up to here",
            ErrorKind::Refused => "check the account name (--account, FOTA_ACCOUNT)",
            ErrorKind::Decode | ErrorKind::UnexpectedStatus => {
                "something answers that is not the service, a proxy or a portal perhaps; check the base URL"
            }
            _ => return None,
        }
        .to_owned(),
    )
}

#[derive(Serialize)]
struct Document<'a> {
    error: View<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    kind: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    status: Option<u16>,
    code: Option<&'a str>,
    retryable: bool,
    may_have_been_applied: bool,
    #[serde(skip_serializing_if = "Report::is_empty")]
    problems: &'a Report,
}
