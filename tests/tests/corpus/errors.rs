//! Every shape of an error body, under the statuses it comes with. The body decides what the shape is; the
//! numbers inside it may contradict the status.

use fota_core::models::ApiFault;
use fota_core::{Endpoint, ErrorKind, auth, licenses};
use http::{Response, StatusCode};

use crate::{assert_complete, read};

/// File, status, kind of the error, shape, code, code without the service's name, message, and whether the
/// session token is to blame.
type Row = (
    &'static str,
    u16,
    ErrorKind,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
    bool,
);

#[rustfmt::skip]
const ROWS: &[Row] = {
    use ErrorKind::{Refused, Throttled, Timeout, Unauthorized, Unavailable, UnexpectedStatus};
    &[
        // Shape 1: the service's own.
        ("api.json", 400, Refused, Some("api"), Some("INVALID_PARAMETER"), Some("INVALID_PARAMETER"), Some("Device list is empty"), false),
        ("api-cursor.json", 400, Refused, Some("api"), Some("INVALID_PARAMETER"), Some("INVALID_PARAMETER"), Some("LastSeenDeviceId Not Valid"), false),
        ("api-session-expired.json", 400, Unauthorized, Some("api"), Some("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"), Some("REQUEST_FAILED.SessionToken.Expired"), Some("The session token has expired."), true),
        ("api-session-expired.json", 401, Unauthorized, Some("api"), Some("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"), Some("REQUEST_FAILED.SessionToken.Expired"), Some("The session token has expired."), true),
        ("api-session-expired.json", 403, Unauthorized, Some("api"), Some("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"), Some("REQUEST_FAILED.SessionToken.Expired"), Some("The session token has expired."), true),
        ("api-session-invalid.json", 400, Unauthorized, Some("api"), Some("UnifiedWebService.INPUT_INVALID.SessionToken.Invalid"), Some("INPUT_INVALID.SessionToken.Invalid"), Some("Invalid session token."), true),
        ("api-session-unprefixed.json", 400, Unauthorized, Some("api"), Some("REQUEST_FAILED.SessionToken.Format"), Some("REQUEST_FAILED.SessionToken.Format"), Some("The format of the session token is not valid."), true),
        ("api-service-prefix.json", 400, Refused, Some("api"), Some("UnifiedWebService.INPUT_INVALID.Request.InvalidCharacter"), Some("INPUT_INVALID.Request.InvalidCharacter"), Some("The request contains invalid characters."), false),
        ("api-deserialization.json", 400, Refused, Some("api"), Some("UnifiedWebService.DeserializationFailed"), Some("DeserializationFailed"), Some("A required element is missing."), false),
        ("api-code-only.json", 500, Unavailable, Some("api"), Some("INTERNAL_SYSTEM_ERROR"), Some("INTERNAL_SYSTEM_ERROR"), None, false),
        ("api-message-only.json", 400, Refused, Some("api"), None, None, Some("Something went wrong"), false),
        ("api-code-a-number.json", 400, Refused, Some("api"), Some("4711"), Some("4711"), Some("Numbered"), false),
        ("api-marked.json", 401, Unauthorized, Some("api"), Some("INVALID_ACCESS"), Some("INVALID_ACCESS"), Some("Denied by policy"), false),
        // Shape 2: the gateway, in JSON.
        ("gateway.json", 401, Unauthorized, Some("gateway"), Some("900901"), Some("900901"), Some("Invalid Credentials"), false),
        ("gateway-code-a-number.json", 401, Unauthorized, Some("gateway"), Some("900901"), Some("900901"), Some("Invalid Credentials"), false),
        ("gateway-throttled.json", 429, Throttled, Some("gateway"), Some("900800"), Some("900800"), Some("Message throttled out"), false),
        ("gateway-throttled.json", 503, Throttled, Some("gateway"), Some("900800"), Some("900800"), Some("Message throttled out"), false),
        ("gateway-no-resource.json", 400, Refused, Some("gateway"), Some("900906"), Some("900906"), Some("No matching resource found in the API for the given request"), false),
        ("gateway-no-resource.json", 404, Refused, Some("gateway"), Some("900906"), Some("900906"), Some("No matching resource found in the API for the given request"), false),
        ("gateway-description-only.json", 500, Unavailable, Some("gateway"), None, None, Some("Access failure"), false),
        // Shape 3: the gateway, in XML. A 403 that says 404 inside stays a 403.
        ("gateway-numbers-disagree.xml", 403, Unauthorized, Some("gateway-xml"), Some("404"), Some("404"), Some("Not Found"), false),
        ("gateway-other-prefix.xml", 401, Unauthorized, Some("gateway-xml"), Some("900901"), Some("900901"), Some("Invalid & expired <credentials>"), false),
        ("gateway-marked.xml", 401, Unauthorized, Some("gateway-xml"), Some("900902"), Some("900902"), Some("Missing Credentials"), false),
        ("gateway-truncated.xml", 503, Throttled, Some("gateway-xml"), Some("900800"), Some("900800"), None, false),
        // Shape 4: the OAuth server.
        ("oauth-invalid-request.json", 400, Refused, Some("oauth"), Some("invalid_request"), Some("invalid_request"), Some("Missing grant_type"), false),
        ("oauth-invalid-client.json", 401, Unauthorized, Some("oauth"), Some("invalid_client"), Some("invalid_client"), Some("A valid OAuth client could not be found"), false),
        ("oauth-unauthorized-client.json", 400, Refused, Some("oauth"), Some("unauthorized_client"), Some("unauthorized_client"), Some("The key lacks this grant"), false),
        ("oauth-unsupported-grant-type.json", 400, Refused, Some("oauth"), Some("unsupported_grant_type"), Some("unsupported_grant_type"), Some("Unsupported grant_type value"), false),
        ("oauth-with-uri.json", 400, Refused, Some("oauth"), Some("invalid_scope"), Some("invalid_scope"), Some("Unknown scope"), false),
        // Shape 5: sibling services. Only the one that names the session server blames the session.
        ("sibling-session.json", 401, Unauthorized, Some("oauth"), Some("unauthorized"), Some("unauthorized"), Some("UWS session token expired"), true),
        ("sibling-session-in-cause.json", 401, Unauthorized, Some("oauth"), Some("unauthorized"), Some("unauthorized"), Some("unifiedWebService: session is gone"), true),
        ("sibling-unauthorized.json", 401, Unauthorized, Some("oauth"), Some("unauthorized"), Some("unauthorized"), Some("no right to this stream"), false),
        ("sibling-server-error.json", 500, Unavailable, Some("oauth"), Some("internal_server_error"), Some("internal_server_error"), Some(""), false),
        // Shape 6: history.
        ("soap.xml", 500, Unavailable, Some("soap"), Some("soap:Server"), Some("soap:Server"), Some("Unhandled exception"), false),
        // Shape 7: proxies; and JSON that is no error shape at all.
        ("bad-gateway.html", 502, Unavailable, None, None, None, None, false),
        ("bad-gateway.html", 404, Refused, None, None, None, None, false),
        ("bad-gateway.html", 302, UnexpectedStatus, None, None, None, None, false),
        ("unavailable.txt", 503, Unavailable, None, None, None, None, false),
        ("unavailable.txt", 408, Timeout, None, None, None, None, false),
        ("empty.txt", 500, Unavailable, None, None, None, None, false),
        ("empty.txt", 401, Unauthorized, None, None, None, None, false),
        ("empty.txt", 304, UnexpectedStatus, None, None, None, None, false),
        ("other-json.json", 500, Unavailable, None, None, None, None, false),
        ("error-is-an-object.json", 400, Refused, None, None, None, None, false),
        ("fault-is-a-text.json", 500, Unavailable, None, None, None, None, false),
    ]
};

#[test]
fn shapes() {
    let mut files: Vec<_> = ROWS.iter().map(|row| row.0).collect();
    files.dedup();
    files.sort_unstable();
    files.dedup();
    assert_complete("errors", &files);
    for &(file, status, kind, shape, code, bare_code, message, session) in ROWS {
        let at = format!("{status} {file}");
        let body = read("errors", file);
        let answer =
            || Response::builder().status(status).header("x-request-id", "42").body(body.clone()).unwrap();
        let error = licenses::List::from_response(answer()).expect_err(&at);
        assert_eq!(error.kind(), kind, "{at}");
        assert_eq!(error.status(), StatusCode::from_u16(status).ok(), "{at}");
        assert_eq!(error.body(), Some(&body), "{at}");
        assert_eq!(error.headers().unwrap()["x-request-id"], "42", "{at}");
        let fault = error.fault();
        assert_eq!(fault.map(shape_of), shape, "{at}: {fault:?}");
        assert_eq!(fault.and_then(ApiFault::code), code, "{at}");
        assert_eq!(fault.and_then(ApiFault::code_without_service), bare_code, "{at}");
        assert_eq!(error.server_message(), message, "{at}");
        assert_eq!(fault.is_some_and(ApiFault::is_session_token), session, "{at}");
        let text = error.to_string();
        assert!(text.contains(&format!("HTTP {status}")), "{at}: {text}");
        assert!(code.is_none_or(|code| text.contains(code)), "{at}: {text}");
        assert_eq!(text.lines().count(), 1, "{at}: {text:?}");
        // The same answer to a token request is an error too, with the same fault.
        let other = auth::Token::from_response(answer()).expect_err(&at);
        assert_eq!(other.fault(), fault, "{at}");
    }
}

/// What the emulator sends must be what was read: each canonical shape comes out as it went in.
#[test]
fn canonical_bodies_are_written_as_they_were_read() {
    for file in [
        "api.json",
        "api-code-only.json",
        "gateway.json",
        "gateway-numbers-disagree.xml",
        "oauth-invalid-client.json",
        "oauth-with-uri.json",
        "sibling-session.json",
    ] {
        let body = read("errors", file);
        let fault = ApiFault::parse(&body).unwrap();
        assert_eq!(
            String::from_utf8(fault.to_body()).unwrap(),
            String::from_utf8(body.trim_ascii_end().to_vec()).unwrap(),
            "{file}"
        );
        let xml = file.ends_with("xml");
        assert_eq!(fault.content_type().contains("xml"), xml, "{file}");
    }
}

/// An error page of megabytes must not be kept alive by the error.
#[test]
fn two_kibibytes_of_a_body_are_kept() {
    let body = vec![b'x'; 1 << 20];
    let answer = Response::builder().status(500).body(body.into()).unwrap();
    let error = licenses::List::from_response(answer).unwrap_err();
    assert_eq!(error.body().unwrap().len(), 2048);
}

fn shape_of(fault: &ApiFault) -> &'static str {
    match fault {
        ApiFault::Api(_) => "api",
        ApiFault::Gateway(_) => "gateway",
        ApiFault::GatewayXml(_) => "gateway-xml",
        ApiFault::OAuth(_) => "oauth",
        ApiFault::Soap(_) => "soap",
        _ => "other",
    }
}
