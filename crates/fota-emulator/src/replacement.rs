//! Answers that faults give instead of the operation's own: a status, a body in any shape that the layers in front of and
//! inside the service are known to send, and `Retry-After`.

use std::time::Duration;

use fota_models::{ApiError, ApiFault, GatewayFault, OAuthError, SoapFault};
use http::header::{HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::refusal::{self, Answer};

/// An answer instead of the operation's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Replacement {
    /// The status, 200 to 599.
    pub status: u16,
    /// What the body looks like.
    #[serde(default)]
    pub body: Shape,
    /// The code in the body; by default the usual one for status and shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The message in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
}

/// A `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// The date that is so many seconds ahead of the answer's own.
    Date(u64),
}

/// What a body looks like: the shapes that the service and what stands in front of it are known to send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Shape {
    /// The service's own: `errorCode` and `errorMessage`.
    #[default]
    Api,
    /// The gateway's, in JSON.
    Gateway,
    /// The gateway's, in XML.
    GatewayXml,
    /// The OAuth server's.
    Oauth,
    /// That of sibling services: as OAuth's, with a cause.
    Sibling,
    /// An old XML fault.
    Soap,
    /// A proxy's page.
    Html,
    /// A proxy's words.
    Text,
    /// Nothing.
    Empty,
    /// Anything else.
    #[serde(rename_all = "camelCase")]
    Custom {
        /// The `Content-Type`; empty for none.
        content_type: String,
        /// The body.
        body: String,
    },
}

impl Replacement {
    pub(crate) fn build(&self, date: impl Fn(Duration) -> String) -> Answer {
        let code = self.code.clone().unwrap_or_else(|| usual_code(&self.body, self.status).to_owned());
        let message = self.message.clone().unwrap_or_else(|| "emulated fault".to_owned());
        let mut answer = match &self.body {
            Shape::Api => refusal::fault(self.status, &ApiFault::Api(ApiError::new(code, message))),
            Shape::Gateway => {
                let fault = GatewayFault::new(code, message, "emulated fault");
                refusal::fault(self.status, &ApiFault::Gateway(fault))
            }
            Shape::GatewayXml => {
                let fault =
                    GatewayFault::new(code, message, "emulated fault").kind("Status report".to_owned());
                refusal::fault(self.status, &ApiFault::GatewayXml(fault))
            }
            Shape::Oauth => refusal::oauth(self.status, &code, &message),
            Shape::Sibling => {
                let fault = OAuthError::new(code, message).cause("emulated fault".to_owned());
                refusal::fault(self.status, &ApiFault::OAuth(fault))
            }
            Shape::Soap => refusal::fault(self.status, &ApiFault::Soap(SoapFault::new(code, message))),
            Shape::Html => {
                let title =
                    StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
                let title = title.unwrap_or("Error");
                let page = format!(
                    "<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
                );
                refusal::plain(self.status, "text/html", page)
            }
            Shape::Text => refusal::plain(self.status, "text/plain", message),
            Shape::Empty => refusal::plain(self.status, "", ""),
            Shape::Custom { content_type, body } => {
                let mut answer = refusal::plain(self.status, "", body.clone());
                if !content_type.is_empty() {
                    set(&mut answer, http::header::CONTENT_TYPE, content_type);
                }
                answer
            }
        };
        match self.retry_after {
            None => {}
            Some(RetryAfter::Seconds(seconds)) => set(&mut answer, RETRY_AFTER, &seconds.to_string()),
            Some(RetryAfter::Date(seconds)) => {
                set(&mut answer, RETRY_AFTER, &date(Duration::from_secs(seconds)));
            }
        }
        answer
    }
}

pub(crate) fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn usual_code(shape: &Shape, status: u16) -> &'static str {
    match (shape, status) {
        (Shape::Gateway | Shape::GatewayXml, 401) => "900901",
        (Shape::Gateway | Shape::GatewayXml, 403) => "900908",
        (Shape::Gateway | Shape::GatewayXml, 400 | 404) => "900906",
        (Shape::Gateway | Shape::GatewayXml, 429) => "900800",
        (Shape::Gateway | Shape::GatewayXml, 503) => "900907",
        (Shape::Gateway | Shape::GatewayXml, _) => "900900",
        (Shape::Oauth, 400) => "invalid_request",
        (Shape::Oauth, 401) => "invalid_client",
        (Shape::Oauth, _) => "server_error",
        (Shape::Sibling, 401) => "unauthorized",
        (Shape::Sibling, 400) => "bad_request",
        (Shape::Sibling, 404) => "not_found",
        (Shape::Sibling, _) => "internal_server_error",
        (Shape::Soap, _) => "soap:Server",
        (_, 500..) => "INTERNAL_SYSTEM_ERROR",
        _ => "INVALID_PARAMETER",
    }
}
