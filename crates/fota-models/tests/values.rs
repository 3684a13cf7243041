//! Accounts, IMEIs, times and error bodies, one by one.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::time::{Duration, UNIX_EPOCH};

use fota_models::*;

#[test]
fn account_names() {
    for good in ["0342073914-00001", "0342073914-000001", "a/b c#d?e%", "...", " ", "ünï", "0"] {
        assert_eq!(AccountName::new(good).unwrap().as_str(), good);
    }
    assert_eq!(AccountName::new(""), Err(InvalidAccountName::Empty));
    assert_eq!(AccountName::new("."), Err(InvalidAccountName::DotSegment));
    assert_eq!("..".parse::<AccountName>(), Err(InvalidAccountName::DotSegment));
    assert_eq!(AccountName::new("é\u{85}"), Err(InvalidAccountName::ControlCharacter { at: 1 }));
    assert_eq!(AccountName::try_from("a\nb".to_owned()), Err(InvalidAccountName::ControlCharacter { at: 1 }));
    assert!(serde_json::from_str::<AccountName>("\"..\"").is_err());
}

#[test]
fn imeis() {
    assert_eq!(Imei::new(""), Err(InvalidImei::Length { found: 0 }));
    assert_eq!(Imei::new("1234567890123"), Err(InvalidImei::Length { found: 13 }));
    assert_eq!(Imei::new("12345678901234567"), Err(InvalidImei::Length { found: 17 }));
    assert_eq!(Imei::new("3.52099E+14"), Err(InvalidImei::NotDigit { at: 1, found: '.' }));
    assert_eq!(Imei::new("35209900176148٣"), Err(InvalidImei::NotDigit { at: 14, found: '٣' }));
    for valid in
        ["352099001761481", "353328110034566", "867234051200779", "000000000000000", "490154203237518"]
    {
        assert_eq!(&*Imei::with_luhn(valid).unwrap().text(), valid);
    }
    assert_eq!(Imei::with_luhn("490154203237517"), Err(InvalidImei::Luhn { expected: '8' }));
    // No check digit, nothing to be wrong.
    for bare in ["35209900176148", "3520990017614812"] {
        assert_eq!(Imei::with_luhn(bare).unwrap().check_digit(), None);
    }
    assert!(Imei::new("00000000000001").unwrap() < Imei::new("00000000000002").unwrap());
    assert_ne!(Imei::new("00000000000001").unwrap(), Imei::new("000000000000001").unwrap());
    assert_eq!(serde_json::from_str::<Imei>("352099001761481").unwrap().to_string(), "352099001761481");
    assert!(serde_json::from_str::<Imei>("\"x\"").is_err());
}

#[test]
fn device_ids() {
    assert_eq!(DeviceId::zero().to_string(), "0");
    assert_eq!(DeviceId::default(), DeviceId::from(""));
    assert!(DeviceId::default().is_empty());
    assert!(!DeviceId::from("352099001761481").is_empty());
    assert_eq!(DeviceId::from("0352099001761481").imei().unwrap().len(), 16);
    assert_eq!(DeviceId::from("1000").imei(), None);
    let mut ids = ["b", "", "99", "100", "0099", "352099001761481", "a", "0", "9999999999999999999999"]
        .map(DeviceId::from);
    ids.sort();
    let sorted = ["0", "0099", "99", "100", "352099001761481", "9999999999999999999999", "", "a", "b"];
    assert_eq!(ids, sorted.map(DeviceId::from));
    for (json, id) in
        [("352099001761481.0", "352099001761481"), ("3.52099001761481e14", "352099001761481"), ("-5", "-5")]
    {
        assert_eq!(serde_json::from_str::<DeviceId>(json).unwrap(), id);
    }
    assert!(serde_json::from_str::<DeviceId>("null").is_err());
}

#[test]
fn times() {
    let cases = [
        ("2022-10-05T21:05:01.19Z", Some((1_665_003_901, 190_000_000))),
        ("2022-10-05T21:05:01.190000000Z", Some((1_665_003_901, 190_000_000))),
        ("2022-10-05T21:05:01Z", Some((1_665_003_901, 0))),
        ("2022-10-05t21:05:01z", Some((1_665_003_901, 0))),
        ("2022-10-05T17:05:01-04:00", Some((1_665_003_901, 0))),
        ("2022-10-06T02:35:01.5+0530", Some((1_665_003_901, 500_000_000))),
        ("2022-10-05 21:05:01 +0000 UTC", Some((1_665_003_901, 0))),
        ("2022-10-05 21:05:01.000 +0000 UTC", Some((1_665_003_901, 0))),
        ("2022-10-05 21:05:01.123456789 +0000 UTC", Some((1_665_003_901, 123_456_789))),
        ("2022-10-05 21:05:01.1234567899 +0000 UTC", Some((1_665_003_901, 123_456_789))),
        ("2022-10-05 17:05:01 -0400 EDT", Some((1_665_003_901, 0))),
        ("2022-10-05 17:05:01 -0400 -04", Some((1_665_003_901, 0))),
        ("2022-10-05 21:05:01.5 +0000 UTC m=+0.003", Some((1_665_003_901, 500_000_000))),
        ("2022-10-05 21:05:01+00:00", Some((1_665_003_901, 0))),
        ("1969-12-31T23:59:59.25Z", Some((-1, 250_000_000))),
        ("2000-02-29T00:00:00Z", Some((951_782_400, 0))),
        ("0000-01-01T00:00:00Z", Some((-62_167_219_200, 0))),
        ("9999-12-31T23:59:59.999999999Z", Some((253_402_300_799, 999_999_999))),
        ("", None),
        ("0001-01-01 00:00:00 +0000 UTC", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00.000Z", None),
        ("1900-02-29T00:00:00Z", None),
        ("2022-13-01T00:00:00Z", None),
        ("2022-00-01T00:00:00Z", None),
        ("2022-04-31T00:00:00Z", None),
        ("2022-04-00T00:00:00Z", None),
        ("2022-04-01T24:00:00Z", None),
        ("2016-12-31T23:59:60Z", None),
        ("2022-10-05T21:05:01", None),
        ("2022-10-05T21:05:01.Z", None),
        ("2022-10-05T21:05:01Zx", None),
        ("2022-10-05 21:05:01 UTC", None),
        ("2022-10-05 21:05:01 +0000UTC", None),
        ("2022-10-05T21:05:01+24:00", None),
        ("2022-10-05", None),
        ("06 Oct 22 18:05 UTC", None),
        ("soon", None),
    ];
    for (text, unix) in cases {
        let time = Timestamp::parse(text);
        assert_eq!(time.unix(), unix, "{text}");
        assert_eq!(time.to_string(), text);
    }
    for unset in ["", "0001-01-01 00:00:00 +0000 UTC", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"] {
        assert!(!Timestamp::parse(unset).is_set(), "{unset}");
    }
    assert!(Timestamp::parse("soon").is_set());
    let early = Timestamp::parse("1969-12-31T23:59:59.25Z");
    assert_eq!(early.system_time(), Some(UNIX_EPOCH - Duration::from_millis(750)));
}

#[test]
fn times_made_by_hand() {
    let write =
        |seconds, nanos, format| Timestamp::from_unix(seconds, nanos, format).map(|time| time.to_string());
    assert_eq!(write(0, 0, TimeFormat::Rfc3339).as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(write(-1, 120_000_000, TimeFormat::Go).as_deref(), Some("1969-12-31 23:59:59.12 +0000 UTC"));
    assert_eq!(write(0, 1, TimeFormat::Go).as_deref(), Some("1970-01-01 00:00:00.000000001 +0000 UTC"));
    assert_eq!(write(0, 1_000_000_000, TimeFormat::Go), None);
    assert_eq!(write(253_402_300_800, 0, TimeFormat::Go), None);
    assert_eq!(write(-62_167_219_201, 0, TimeFormat::Go), None);
    assert_eq!(write(i64::MIN, 0, TimeFormat::Go), None);
}

fn parse(body: &str) -> ApiFault {
    ApiFault::parse(body.as_bytes()).unwrap_or_else(|| panic!("{body}"))
}

#[test]
fn json_faults() {
    let body = r#"{"errorCode":"INVALID_PARAMETER","errorMessage":"Device list is empty"}"#;
    let fault = parse(body);
    assert_eq!((fault.code(), fault.message()), (Some("INVALID_PARAMETER"), Some("Device list is empty")));
    assert_eq!(fault.to_body(), body.as_bytes());
    assert_eq!(parse(&format!("\u{feff} \r\n{body}\n")), fault);

    let gateway = parse(
        r#"{"fault":{"code":"900901","message":"Invalid Credentials","description":"Access failure"}}"#,
    );
    assert_eq!(
        gateway,
        parse(r#"{"fault":{"code":900901,"message":"Invalid Credentials","description":"Access failure"}}"#)
    );
    assert_eq!(
        gateway,
        ApiFault::Gateway(GatewayFault::new("900901", "Invalid Credentials", "Access failure"))
    );
    assert_eq!((gateway.code(), gateway.message()), (Some("900901"), Some("Invalid Credentials")));

    let oauth = parse(r#"{"error":"invalid_client","error_description":"no such key"}"#);
    assert_eq!(oauth, ApiFault::OAuth(OAuthError::new("invalid_client", "no such key")));
    assert_eq!((oauth.code(), oauth.message()), (Some("invalid_client"), Some("no such key")));
    assert!(!oauth.is_session_token());

    assert_eq!(parse(r#"{"errorMessage":"only this"}"#).code(), None);
    assert_eq!(parse(r#"{"errorCode":900,"path":"/x"}"#).code(), Some("900"));
    for nothing in [
        "",
        " ",
        "{}",
        "[]",
        "null",
        "{",
        "Bad Gateway",
        "{\"fault\":null}",
        "{\"fault\":\"x\"}",
        "{\"error\":{}}",
        "{\"error\":true}",
        "{\"errorCode\":null}",
        "{\"accountName\":\"a\"}",
        "{\"errorCode\":\"a\"",
        "{\"errorCode\":\"a\"}x",
        "<html><head><title>502</title></head><body><message>x</message></body></html>",
        "<!DOCTYPE html><html></html>",
        "<",
        "<>",
        "<br>",
    ] {
        assert_eq!(ApiFault::parse(nothing.as_bytes()), None, "{nothing}");
    }
    assert_eq!(ApiFault::parse(b"\xff\xfe"), None);
}

#[test]
fn codes_without_service() {
    let cases = [
        (
            "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired",
            "REQUEST_FAILED.SessionToken.Expired",
            true,
        ),
        ("REQUEST_FAILED.SessionToken.Expired", "REQUEST_FAILED.SessionToken.Expired", true),
        ("INPUT_INVALID.SessionToken.Invalid", "INPUT_INVALID.SessionToken.Invalid", true),
        ("UnifiedWebService.INPUT_INVALID.SessionToken.Invalid", "INPUT_INVALID.SessionToken.Invalid", true),
        ("REQUEST_FAILED.UnexpectedError", "REQUEST_FAILED.UnexpectedError", false),
        ("UnifiedWebService.DeserializationFailed", "DeserializationFailed", false),
        ("DeserializationFailed", "DeserializationFailed", false),
        ("SessionToken.Expired", "SessionToken.Expired", true),
        ("INVALID_PARAMETER", "INVALID_PARAMETER", false),
        ("SessionTokens", "SessionTokens", false),
        ("Service.", "Service.", false),
        (".", ".", false),
        ("", "", false),
    ];
    for (code, bare, session) in cases {
        let fault = ApiFault::Api(ApiError::new(code, "x"));
        assert_eq!(fault.code(), Some(code));
        assert_eq!(fault.code_without_service(), Some(bare));
        assert_eq!(fault.is_session_token(), session, "{code}");
    }
    assert!(parse(r#"{"error":"unauthorized","error_description":"UWS token rejected"}"#).is_session_token());
    assert!(
        parse(r#"{"error":"unauthorized","error_description":"x","cause":"invalid uws session"}"#)
            .is_session_token()
    );
    assert!(!parse(r#"{"error":"unauthorized","error_description":"bearer expired"}"#).is_session_token());
    assert!(!parse(r#"{"error":"not_found","error_description":"UWS"}"#).is_session_token());
}

#[test]
fn xml_faults() {
    let gateway = parse(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type>
        <am:message> Runtime &lt;Error&gt; &#x27;x&#39; </am:message><am:description><![CDATA[No <match> & more]]></am:description></am:fault>"#,
    );
    assert_eq!(gateway.code(), Some("404"));
    assert_eq!(gateway.message(), Some("Runtime <Error> 'x'"));
    let ApiFault::GatewayXml(fault) = &gateway else { panic!("{gateway:?}") };
    assert_eq!(fault.kind.as_deref(), Some("Status report"));
    assert_eq!(fault.description.as_deref(), Some("No <match> & more"));
    assert_eq!(ApiFault::parse(&gateway.to_body()), Some(gateway.clone()));
    assert!(gateway.content_type().contains("xml"));

    // No prefix, another prefix, an empty element, cut short.
    assert_eq!(parse("<fault><code>900906</code></fault>").code(), Some("900906"));
    assert_eq!(parse("<x:fault><x:code>900906</x:code><x:message/></x:fault>").message(), Some(""));
    assert_eq!(parse("<am:fault><am:code>900901</am:code><am:mess").code(), Some("900901"));

    let soap = parse(
        "<s:Envelope xmlns:s='x'><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring>\
         <detail><code>1</code></detail></s:Fault></s:Body></s:Envelope>",
    );
    assert_eq!(soap, ApiFault::Soap(SoapFault::new("s:Server", "no")));
    assert_eq!((soap.code(), soap.message()), (Some("s:Server"), Some("no")));
}
