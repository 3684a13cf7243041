//! The guard at work: the usual transport, but a login passes only in its turn, and leaves its mark before it
//! leaves this machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use fota_core::auth::Login;
use fota_core::models::ApiFault;
use fota_core::{AsyncTransport, Endpoint as _, Limits, Phase, TransportError};
use http::{Request, Response, StatusCode};

use super::record::Record;
use super::{Guard, POLL, Stop};
use crate::wire::Wire;

/// Sends everything, and logins only with the guard's leave.
#[derive(Debug)]
pub(crate) struct GuardedTransport {
    inner: Wire,
    guard: Guard,
    /// A login of this process was good, so the password is known to be right.
    proven: AtomicBool,
}

impl GuardedTransport {
    pub(crate) fn new(inner: Wire, guard: Guard) -> Self {
        GuardedTransport { inner, guard, proven: AtomicBool::new(false) }
    }
}

#[async_trait]
impl AsyncTransport for GuardedTransport {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        if *request.uri() != self.guard.login {
            return self.inner.send(request, limits).await;
        }
        let start = Instant::now();
        // A login that is given too little time fails by it, so half of the time is kept for the login.
        let turn = Turn::wait(&self.guard, limits.attempt / 2).await.map_err(TransportError::declined)?;
        let left = limits.attempt.saturating_sub(start.elapsed());
        // Should this future be dropped now, the mark stays, and the lock ends.
        let result = self.inner.send(request, limits.attempt(left).connect(limits.connect.min(left))).await;
        let verdict = match Verdict::of(&result) {
            Verdict::Unknown if self.proven.load(Ordering::Relaxed) => Verdict::Nothing,
            verdict => verdict,
        };
        if verdict == Verdict::Good {
            self.proven.store(true, Ordering::Relaxed);
        }
        // Where this fails, the mark stays, and it is on the safe side.
        let _ = turn.end(verdict).await;
        result
    }
}

/// The right to one login, marked as sent. No other process has it meanwhile.
#[derive(Debug)]
struct Turn {
    record: Record,
    before: u64,
}

impl Turn {
    async fn wait(guard: &Guard, patience: Duration) -> Result<Self, Stop> {
        let path = guard.record.clone();
        let mut record = off_thread(move || Record::open(&path)).await?;
        let start = Instant::now();
        // Not a lock that waits by itself: it could neither be limited nor given up.
        while !record.try_lock()? {
            if start.elapsed() >= patience {
                return Err(Stop::Busy(patience));
            }
            tokio::time::sleep(POLL).await;
        }
        off_thread(move || {
            record.failures()?.within_limit()?;
            let before = record.sent()?;
            Ok(Turn { record, before })
        })
        .await
    }

    async fn end(mut self, verdict: Verdict) -> Result<(), Stop> {
        off_thread(move || match verdict {
            Verdict::Good => self.record.cut(0),
            Verdict::Nothing => self.record.cut(self.before),
            Verdict::Refused => self.record.refused(),
            Verdict::Unknown => Ok(()),
        })
        .await
    }
}

/// Syncing a file takes its time.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Stop> + Send + 'static,
) -> Result<T, Stop> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Stop::broken("use", "the record".as_ref(), error.into())))
}

/// What the end of an exchange says about user name and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// They are right.
    Good,
    /// They are wrong.
    Refused,
    /// The service may have counted a failure.
    Unknown,
    /// The service surely did not look at them.
    Nothing,
}

impl Verdict {
    fn of(result: &Result<Response<Bytes>, TransportError>) -> Self {
        let response = match result {
            Ok(response) => response.clone(),
            Err(error) if error.phase == Phase::Connect => return Verdict::Nothing,
            Err(_) => return Verdict::Unknown,
        };
        let status = response.status();
        let Err(error) = Login::from_response(response) else { return Verdict::Good };
        let gateway = match error.fault() {
            Some(fault @ (ApiFault::Gateway(_) | ApiFault::GatewayXml(_))) => Some(fault.code()),
            _ => None,
        };
        match (gateway, status) {
            // Refused or throttled at the gateway's door.
            (Some(Some(code)), _) if code.starts_with("9008") || code.starts_with("9009") => Verdict::Nothing,
            (Some(_), status) if status.is_client_error() => Verdict::Nothing,
            (_, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Verdict::Refused
            }
            (_, StatusCode::REQUEST_TIMEOUT) => Verdict::Unknown,
            (_, StatusCode::SERVICE_UNAVAILABLE) => Verdict::Nothing,
            // A good status without a session, or a failure on the way back.
            (_, status) if status.is_success() || status.is_server_error() => Verdict::Unknown,
            _ => Verdict::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_says_about_the_password() {
        let api = r#"{"errorCode":"UnifiedWebService.INPUT_INVALID.X","errorMessage":"m"}"#;
        let json = |code: &str| format!(r#"{{"fault":{{"code":{code},"message":"m","description":"d"}}}}"#);
        let xml = r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code></am:fault>"#;
        for (status, body, expected) in [
            (200, r#"{"sessionToken":"fake"}"#.to_owned(), Verdict::Good),
            (200, r#"{"sessionToken":""}"#.to_owned(), Verdict::Unknown),
            (200, "<html>".to_owned(), Verdict::Unknown),
            (204, String::new(), Verdict::Unknown),
            (400, api.to_owned(), Verdict::Refused),
            (401, String::new(), Verdict::Refused),
            (401, "<html>".to_owned(), Verdict::Refused),
            (403, "{}".to_owned(), Verdict::Refused),
            (401, json("900901"), Verdict::Nothing),
            (401, json("\"900902\""), Verdict::Nothing),
            (400, json("900906"), Verdict::Nothing),
            (429, json("900800"), Verdict::Nothing),
            (500, json("900900"), Verdict::Nothing),
            (504, json("101504"), Verdict::Unknown),
            (403, xml.to_owned(), Verdict::Nothing),
            (302, String::new(), Verdict::Nothing),
            (404, "<html>".to_owned(), Verdict::Nothing),
            (408, String::new(), Verdict::Unknown),
            (429, String::new(), Verdict::Nothing),
            (500, api.to_owned(), Verdict::Unknown),
            (502, "<html>".to_owned(), Verdict::Unknown),
            (503, "<html>".to_owned(), Verdict::Nothing),
        ] {
            let response = Response::builder().status(status).body(Bytes::from(body.clone())).unwrap();
            assert_eq!(Verdict::of(&Ok(response)), expected, "{status} {body}");
        }
        let lost = [
            TransportError::exchange("reset"),
            TransportError::timeout(Phase::Exchange, "slow"),
            TransportError::body_too_large(1),
        ];
        for error in lost {
            assert_eq!(Verdict::of(&Err(error)), Verdict::Unknown);
        }
        for error in [TransportError::connect("no"), TransportError::timeout(Phase::Connect, "slow")] {
            assert_eq!(Verdict::of(&Err(error)), Verdict::Nothing);
        }
    }
}
