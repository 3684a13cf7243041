//! Reads a complete answer: what a status and a body mean, before retry and tokens come into it.

use bytes::Bytes;
use fota_models::ApiFault;
use http::{Response, StatusCode, response};

use crate::endpoint::{Auth, Endpoint};
use crate::error::{DecodeError, Error, ErrorKind};
use crate::retry_after::retry_after;

/// The output of a 2xx, or an error with everything the server said.
pub(crate) fn read<E: Endpoint>(response: Response<Bytes>) -> Result<E::Output, Error> {
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        return Err(refused(E::AUTH, &head, &body));
    }
    E::decode(&head, &body).map_err(|error| unreadable(error, &head, &body))
}

fn unreadable(error: DecodeError, head: &response::Parts, body: &Bytes) -> Error {
    // Some servers report errors under a good status.
    let fault = ApiFault::parse(body);
    let message = format!("a good status with an unreadable answer: {error}");
    Error::new(ErrorKind::Decode, message).with_answer(head, body).with_fault(fault).with_source(error)
}

fn refused(auth: Auth, head: &response::Parts, body: &Bytes) -> Error {
    let fault = ApiFault::parse(body);
    let status = head.status;
    let (kind, message) = match status {
        StatusCode::TOO_MANY_REQUESTS => (ErrorKind::Throttled, "the server asks for fewer requests"),
        StatusCode::REQUEST_TIMEOUT => (ErrorKind::Timeout, "the server waited too long for the request"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match auth {
            Auth::Own => (ErrorKind::Unauthorized, "the OAuth key and secret were refused"),
            Auth::Bearer => (ErrorKind::Unauthorized, "the access token was refused"),
            Auth::BearerAndSession => (ErrorKind::Unauthorized, "the tokens were refused, or lack the right"),
        },
        _ if fault.as_ref().is_some_and(is_throttle) => {
            (ErrorKind::Throttled, "the gateway throttles the key")
        }
        _ if fault.as_ref().is_some_and(ApiFault::is_session_token) => {
            (ErrorKind::Unauthorized, "the session token was refused")
        }
        _ if status.is_server_error() => (ErrorKind::Unavailable, "the server failed"),
        _ if status.is_client_error() => (ErrorKind::Refused, "the server refused the request"),
        _ if status.is_redirection() => {
            (ErrorKind::UnexpectedStatus, "the server answered with a redirect, which is never followed")
        }
        _ => (ErrorKind::UnexpectedStatus, "the server answered with an unexpected status"),
    };
    Error::new(kind, message)
        .with_answer(head, body)
        .with_fault(fault)
        .with_retry_after(retry_after(&head.headers))
}

/// Gateway codes 900800 to 900899 throttle, whatever the status says.
fn is_throttle(fault: &ApiFault) -> bool {
    matches!(fault, ApiFault::Gateway(_) | ApiFault::GatewayXml(_))
        && fault.code().is_some_and(|code| code.len() == 6 && code.starts_with("9008"))
}
