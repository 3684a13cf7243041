//! Error bodies. Five shapes come from four layers of servers; the body says which, not the status.
use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use crate::fault_xml;

/// An error body whose shape is known.
///
/// ```
/// use fota_models::ApiFault;
/// let body = br#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired","errorMessage":"expired"}"#;
/// let fault = ApiFault::parse(body).unwrap();
/// assert_eq!(fault.code_without_service(), Some("REQUEST_FAILED.SessionToken.Expired"));
/// assert!(fault.is_session_token());
/// assert!(ApiFault::parse(b"<html>Bad Gateway</html>").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiFault {
    /// The service's own: `{"errorCode", "errorMessage"}`.
    Api(ApiError),
    /// The gateway's, in JSON: `{"fault": {…}}`.
    Gateway(GatewayFault),
    /// The gateway's, in XML: `<am:fault>`. Its numbers may contradict the HTTP status.
    GatewayXml(GatewayFault),
    /// The OAuth server's, and that of sibling services: `{"error", "error_description"}`.
    OAuth(OAuthError),
    /// An old XML fault: `<faultcode>`, `<faultstring>`.
    Soap(SoapFault),
}

impl ApiFault {
    /// Recognizes an error body by what is in it. `None` for anything else: HTML, text, nothing, broken JSON.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
        match body.first()? {
            b'{' => parse_json(body),
            b'<' => fault_xml::parse(&String::from_utf8_lossy(body)),
            _ => None,
        }
    }

    /// The code as sent: `INVALID_PARAMETER`, `900901`, `invalid_client`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.error_code.as_deref(),
            Self::Gateway(fault) | Self::GatewayXml(fault) => fault.code.as_deref(),
            Self::OAuth(error) => error.error.as_deref(),
            Self::Soap(fault) => fault.code.as_deref(),
        }
    }

    /// The code to compare with: without the name of a service in front, as the vendor advises.
    ///
    /// Only the session server puts one there (`UnifiedWebService.`). Messages are no substitute: they may change.
    pub fn code_without_service(&self) -> Option<&str> {
        let code = self.code()?;
        Some(if matches!(self, Self::Api(_)) { strip_service(code) } else { code })
    }

    /// The text for people.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.error_message.as_deref(),
            Self::Gateway(fault) | Self::GatewayXml(fault) => {
                fault.message.as_deref().or(fault.description.as_deref())
            }
            Self::OAuth(error) => error.error_description.as_deref().or(error.cause.as_deref()),
            Self::Soap(fault) => fault.string.as_deref(),
        }
    }

    /// Whether it is the session token, not the access token, that was refused.
    pub fn is_session_token(&self) -> bool {
        match self {
            Self::Api(error) => (error.error_code.iter())
                .any(|code| code.split('.').any(|part| part.eq_ignore_ascii_case("SessionToken"))),
            Self::OAuth(error) => {
                error.error.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("unauthorized"))
                    && [&error.error_description, &error.cause].into_iter().flatten().any(|text| {
                        let text = text.to_ascii_lowercase();
                        text.contains("uws") || text.contains("unifiedwebservice")
                    })
            }
            Self::Gateway(_) | Self::GatewayXml(_) | Self::Soap(_) => false,
        }
    }

    /// The body as the service writes it.
    pub fn to_body(&self) -> Vec<u8> {
        match self {
            Self::Api(error) => json(error),
            Self::Gateway(fault) => [b"{\"fault\":".as_slice(), &json(fault), b"}"].concat(),
            Self::OAuth(error) => json(error),
            Self::GatewayXml(fault) => fault_xml::write_gateway(fault),
            Self::Soap(fault) => fault_xml::write_soap(fault),
        }
    }

    /// The `Content-Type` that goes with [`to_body`](Self::to_body).
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Api(_) | Self::Gateway(_) | Self::OAuth(_) => "application/json",
            Self::GatewayXml(_) => "application/xml; charset=UTF-8",
            Self::Soap(_) => "text/xml; charset=UTF-8",
        }
    }
}

impl fmt::Debug for ApiFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => fmt::Debug::fmt(error, f),
            Self::Gateway(fault) => fmt::Debug::fmt(fault, f),
            Self::GatewayXml(fault) => f.debug_tuple("Xml").field(fault).finish(),
            Self::OAuth(error) => fmt::Debug::fmt(error, f),
            Self::Soap(fault) => fmt::Debug::fmt(fault, f),
        }
    }
}

wire! {
    /// The service's own error. FOTA uses bare codes such as `INVALID_PARAMETER`; either field can be missing.
    #[doc(alias = "FotaV3Result")]
    #[doc(alias = "ConnectivityManagementResult")]
    pub struct ApiError as plain {
        /// The code: promised to be stable.
        error_code: Option<String> = "errorCode",
        /// Text for people: not promised to be stable.
        error_message: Option<String> = "errorMessage",
    }
}

impl ApiError {
    /// An error with code and message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::default().error_code(code.into()).error_message(message.into())
    }
}

wire! {
    /// An error of the API gateway in front of the service. Says nothing about the service itself.
    #[doc(alias = "WSO2")]
    pub struct GatewayFault as plain {
        /// A number such as `900901`, kept as text.
        code: Option<String> = "code",
        /// A category such as `Status report`, in XML faults.
        kind: Option<String> = "type",
        /// What is wrong.
        message: Option<String> = "message",
        /// More about it.
        description: Option<String> = "description",
    }
}

impl GatewayFault {
    /// A fault with code, message and description.
    pub fn new(code: impl Into<String>, message: impl Into<String>, description: impl Into<String>) -> Self {
        Self::default().code(code.into()).message(message.into()).description(description.into())
    }
}

wire! {
    /// An OAuth error; sibling services use the same shape, with a `cause` added.
    pub struct OAuthError as plain {
        /// A word such as `invalid_client`.
        error: Option<String> = "error",
        /// Text for people.
        error_description: Option<String> = "error_description",
        /// Where to read more.
        error_uri: Option<String> = "error_uri",
        /// What caused it, from sibling services.
        cause: Option<String> = "cause",
    }
}

impl OAuthError {
    /// An error with its description.
    pub fn new(error: impl Into<String>, description: impl Into<String>) -> Self {
        Self::default().error(error.into()).error_description(description.into())
    }
}

wire! {
    /// A fault of the old XML services.
    pub struct SoapFault as plain {
        /// A qualified name such as `soap:Server`.
        code: Option<String> = "faultcode",
        /// Text for people.
        string: Option<String> = "faultstring",
    }
}

impl SoapFault {
    /// A fault with code and text.
    pub fn new(code: impl Into<String>, string: impl Into<String>) -> Self {
        Self::default().code(code.into()).string(string.into())
    }
}

fn parse_json(body: &[u8]) -> Option<ApiFault> {
    // One way of reading JSON is less code in a program than two.
    let json = String::from_utf8_lossy(body);
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(&json).ok()?;
    let text = |name| members.get(name).is_some_and(|value| value.get().starts_with('"'));
    let said = |name| members.get(name).is_some_and(|value| value.get() != "null");
    if let Some(fault) = members.get("fault").filter(|value| value.get().starts_with('{')) {
        serde_json::from_str(fault.get()).ok().map(ApiFault::Gateway)
    } else if said("errorCode") || said("errorMessage") {
        serde_json::from_str(&json).ok().map(ApiFault::Api)
    } else if text("error") || text("error_description") {
        serde_json::from_str(&json).ok().map(ApiFault::OAuth)
    } else {
        None
    }
}

/// Our own types always serialize; were one not to, an empty object would still be an answer.
fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}

/// Codes are `[Service.]CATEGORY.Subject.Detail`. The known categories are no service names, nor is a word with an underscore.
fn strip_service(code: &str) -> &str {
    match code.split_once('.') {
        Some((first, rest)) if !rest.is_empty() && !first.contains('_') && first != "SessionToken" => rest,
        _ => code,
    }
}
