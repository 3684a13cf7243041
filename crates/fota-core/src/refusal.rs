//! Which of the two tokens did the server refuse? Services, gateways and proxies answer differently; the
//! order of the rules matters, and the vendor documents only some of the answers.

use fota_models::ApiFault;
use http::StatusCode;

use crate::endpoint::Auth;

/// The token that an error answer blames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blamed {
    /// The bearer token.
    Bearer,
    /// The session token.
    Session,
    /// A 401 that names neither: the bearer is tried first, then the session.
    Unclear,
    /// No new token would help.
    Neither,
}

pub(crate) fn blamed(auth: Auth, status: StatusCode, fault: Option<&ApiFault>) -> Blamed {
    let gateway = match fault {
        Some(fault @ (ApiFault::Gateway(_) | ApiFault::GatewayXml(_))) => fault.code(),
        _ => None,
    };
    if let Some("900900" | "900901" | "900903" | "900904") = gateway {
        return if auth == Auth::Own { Blamed::Neither } else { Blamed::Bearer };
    }
    if auth != Auth::BearerAndSession {
        // A login answered by anything but the gateway speaks of the password; asking again could be
        // the strike that locks the account.
        return Blamed::Neither;
    }
    if fault.is_some_and(ApiFault::is_session_token) {
        return Blamed::Session;
    }
    if status != StatusCode::UNAUTHORIZED {
        return Blamed::Neither;
    }
    match fault {
        None | Some(ApiFault::GatewayXml(_) | ApiFault::Soap(_)) => Blamed::Bearer,
        Some(ApiFault::Gateway(_)) => Blamed::Neither,
        Some(fault) => match fault.code_without_service() {
            Some("INVALID_ACCESS" | "INVALID_ACCOUNT") => Blamed::Neither,
            _ => Blamed::Unclear,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_procedure() {
        let api = |code: &str| format!(r#"{{"errorCode":"{code}","errorMessage":"m"}}"#);
        let gateway =
            |code: &str| format!(r#"{{"fault":{{"code":{code},"message":"m","description":"d"}}}}"#);
        let xml = r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code></am:fault>"#;
        let both = Auth::BearerAndSession;
        let rows = [
            (both, 401, gateway("900901"), Blamed::Bearer),
            (both, 401, gateway("\"900903\""), Blamed::Bearer),
            (both, 500, gateway("900900"), Blamed::Bearer),
            (both, 401, gateway("900902"), Blamed::Neither),
            (both, 403, gateway("900908"), Blamed::Neither),
            (both, 401, "<html>no</html>".to_owned(), Blamed::Bearer),
            (both, 401, String::new(), Blamed::Bearer),
            (both, 401, xml.to_owned(), Blamed::Bearer),
            (both, 403, xml.to_owned(), Blamed::Neither),
            (both, 400, api("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"), Blamed::Session),
            (both, 403, api("REQUEST_FAILED.SessionToken.Expired"), Blamed::Session),
            (both, 400, api("INPUT_INVALID.SessionToken.Invalid"), Blamed::Session),
            (
                both,
                401,
                r#"{"error":"unauthorized","error_description":"UWS session expired"}"#.to_owned(),
                Blamed::Session,
            ),
            (both, 401, api("INVALID_ACCESS"), Blamed::Neither),
            (both, 401, api("SOMETHING_NEW"), Blamed::Unclear),
            (both, 400, api("INVALID_PARAMETER"), Blamed::Neither),
            (both, 403, String::new(), Blamed::Neither),
            (Auth::Bearer, 401, gateway("900901"), Blamed::Bearer),
            (Auth::Bearer, 401, String::new(), Blamed::Neither),
            (Auth::Bearer, 401, api("SOMETHING_NEW"), Blamed::Neither),
            (Auth::Own, 401, gateway("900901"), Blamed::Neither),
        ];
        for (auth, status, body, expected) in rows {
            let fault = ApiFault::parse(body.as_bytes());
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(blamed(auth, status, fault.as_ref()), expected, "{auth:?} {status} {body}");
        }
    }
}
