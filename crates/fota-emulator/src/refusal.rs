//! How the emulator says no: the error shapes of the layers in front of and inside the service.

use bytes::Bytes;
use fota_models::{ApiError, ApiFault, GatewayFault, OAuthError};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};

use crate::switches::{RouteRefusal, SessionRefusal};

pub(crate) type Answer = Response<Bytes>;

/// An answer with a body in one of the known error shapes.
pub(crate) fn fault(status: u16, fault: &ApiFault) -> Answer {
    plain(status, fault.content_type(), fault.to_body())
}

pub(crate) fn plain(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !content_type.is_empty() {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

/// The FOTA service's own refusal of an input.
pub(crate) fn invalid_parameter(message: &str) -> Answer {
    fault(400, &ApiFault::Api(ApiError::new("INVALID_PARAMETER", message)))
}

/// The M2M service's refusal; its codes carry the service's name.
pub(crate) fn m2m(code: &str, message: &str) -> Answer {
    fault(400, &ApiFault::Api(ApiError::new(format!("UnifiedWebService.{code}"), message)))
}

pub(crate) fn oauth(status: u16, error: &str, description: &str) -> Answer {
    fault(status, &ApiFault::OAuth(OAuthError::new(error, description)))
}

pub(crate) fn missing_credentials() -> Answer {
    let description = "Required OAuth credentials not provided. Make sure your API invocation call has a header: \"Authorization\"";
    fault(401, &ApiFault::Gateway(GatewayFault::new("900902", "Missing Credentials", description)))
}

pub(crate) fn invalid_bearer() -> Answer {
    let description = "Access failure for API: the access token is wrong or has expired";
    fault(401, &ApiFault::Gateway(GatewayFault::new("900901", "Invalid Credentials", description)))
}

pub(crate) fn no_such_route(how: RouteRefusal) -> Answer {
    let gateway = || {
        ApiFault::Gateway(GatewayFault::new(
            "900906",
            "No matching resource found in the API for the given request",
            "Check the API documentation and add a proper REST resource path to the invocation URL",
        ))
    };
    match how {
        RouteRefusal::Gateway400 => fault(400, &gateway()),
        RouteRefusal::Gateway404 => fault(404, &gateway()),
        RouteRefusal::Xml403 => outside(),
    }
}

/// What answers below none of the three services: the numbers contradict each other, as the vendor's manual shows it.
pub(crate) fn outside() -> Answer {
    let xml = GatewayFault::new("404", "Not Found", "The requested resource is not available.")
        .kind("Status report".to_owned());
    fault(403, &ApiFault::GatewayXml(xml))
}

/// Why a session token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeadSession {
    Expired,
    Unknown,
    Malformed,
}

pub(crate) fn dead_session(why: DeadSession, how: SessionRefusal) -> Answer {
    let (code, message) = match why {
        DeadSession::Expired => ("REQUEST_FAILED.SessionToken.Expired", "The session token has expired."),
        DeadSession::Unknown => ("INPUT_INVALID.SessionToken.Invalid", "The session token is not known."),
        DeadSession::Malformed => {
            ("REQUEST_FAILED.SessionToken.Format", "The session token is missing or malformed.")
        }
    };
    let mut answer = m2m(code, message);
    match how {
        SessionRefusal::Code400 => answer,
        SessionRefusal::Code401 => {
            *answer.status_mut() = StatusCode::UNAUTHORIZED;
            answer
        }
        SessionRefusal::Sibling401 => {
            let error =
                OAuthError::new("unauthorized", "UWS session token is not valid").cause(message.to_owned());
            fault(401, &ApiFault::OAuth(error))
        }
    }
}
