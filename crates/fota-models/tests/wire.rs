//! Documents written by hand: the canonical form survives untouched, every other documented form reads the same.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::fmt::Debug;

use fota_models::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn decode<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[track_caller]
fn canonical<T: Serialize + DeserializeOwned>(text: &str) -> T {
    let value: T = decode(text);
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
    value
}

/// All texts read as the same value.
#[track_caller]
fn same<T: DeserializeOwned + PartialEq + Debug>(canonical: &str, variants: &[&str]) -> T {
    let expected: T = decode(canonical);
    for variant in variants {
        assert_eq!(decode::<T>(variant), expected, "{variant}");
    }
    expected
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(texts: &[&str]) {
    for text in texts {
        let read = serde_json::from_str::<T>(text);
        assert!(read.is_err(), "{text} was read as {read:?}");
    }
}

#[test]
fn license_summary() {
    let page: LicenseSummary = canonical(concat!(
        r#"{"accountName":"0342073914-00001","totalLicenses":250,"assignedLicenses":3,"hasMoreData":true,"#,
        r#""lastSeenDeviceId":"353328110034566","maxPageSize":1000,"#,
        r#""deviceList":[{"deviceId":"352099001761481","assignmentTime":"2024-03-05 09:10:11.5 +0000 UTC"},"#,
        r#"{"deviceId":"353328110034566","assignmentTime":"2024-03-05 09:10:12 +0000 UTC"}]}"#
    ));
    assert_eq!(page.free_licenses(), Some(247));
    assert_eq!(page.last_seen_device_id, Some(DeviceId::from("353328110034566")));
    assert_eq!(page.device_list[1].assignment_time.as_ref().unwrap().unix(), Some((1_709_629_812, 0)));
    assert_eq!(page.account_name.as_deref(), Some("0342073914-00001"));
}

#[test]
fn license_summary_variants() {
    let page: LicenseSummary = same(
        r#"{"totalLicenses":250,"assignedLicenses":0,"hasMoreData":false,"deviceList":[]}"#,
        &[
            r#"{"totalLicense":250,"assignedLicenses":0,"hasMoreData":false,"deviceList":[]}"#,
            r#"{"totalLicense":250,"totalLicenses":250,"assignedLicenses":0,"hasMoreData":false}"#,
            r#"{"totalLicenses":null,"totalLicense":250,"assignedLicenses":"0","hasMoreData":null}"#,
            r#"{"totalLicenses":-1,"totalLicense":250.0,"assignedLicenses":0,"hasMoreData":"false"}"#,
            r#"{"totalLicenses":250,"totalLicenses":7,"assignedLicenses":0,"deviceList":null}"#,
            r#" { "deviceList" : [ null ] , "assignedLicenses" : " 0 " , "totalLicenses" : "250" } "#,
        ],
    );
    assert_eq!((page.total_licenses, page.assigned_licenses), (Some(250), Some(0)));
    assert_eq!(page.free_licenses(), Some(250));

    let overdrawn: LicenseSummary = decode(r#"{"totalLicenses":1,"assignedLicenses":2}"#);
    assert_eq!(overdrawn.free_licenses(), Some(0));
    let unknown: LicenseSummary = decode(r#"{"assignedLicenses":2}"#);
    assert_eq!(unknown.free_licenses(), None);
}

#[test]
fn counts_that_say_nothing() {
    for count in ["-1", "1.5", "\"many\"", "true", "[]", "{}", "\"\"", "18446744073709551616", "null"] {
        let page: LicenseSummary = decode(&format!(r#"{{"hasMoreData":false,"totalLicenses":{count}}}"#));
        assert_eq!(page.total_licenses, None, "{count}");
    }
    let page: LicenseSummary = decode(r#"{"totalLicenses":18446744073709551615}"#);
    assert_eq!(page.total_licenses, Some(u64::MAX));
}

#[test]
fn odd_entries_do_not_spoil_a_page() {
    let page: LicenseSummary = decode(
        r#"{"hasMoreData":true,"deviceList":["352099001761481",353328110034566,null,true,[1],{"deviceId":null},
            {"deviceId":867234051200779,"assignmentTime":17},{"deviceId":{"x":1},"slot":[1, 2]},
            {"deviceId":"a","assignmentTime":{"t":0}}]}"#,
    );
    let ids: Vec<_> = page.device_list.iter().map(|device| device.device_id.to_string()).collect();
    assert_eq!(ids, ["352099001761481", "353328110034566", "", "867234051200779", "", "a"]);
    assert_eq!(page.device_list[3].assignment_time, Some(Timestamp::parse("17")));
    assert_eq!(page.device_list[4].extra.get("slot"), Some("[1, 2]"));
    assert_eq!(page.device_list[5].assignment_time, None);
}

#[test]
fn answers_that_must_not_read_as_empty() {
    let strangers = [
        "{}",
        r#"{"errorCode":"INVALID_PARAMETER","errorMessage":"Input binding error"}"#,
        r#"{"accountName":null}"#,
        "[]",
        "null",
        "\"\"",
        "0",
        "",
        "<html>",
        r#"{"accountName":"a""#,
        r#"{"accountName":"a"}x"#,
    ];
    refused::<LicenseSummary>(&strangers);
    refused::<LicenseChange>(&strangers);
    refused::<DeviceLookup>(&strangers);
    refused::<Subscription>(&strangers);
    refused::<LicenseSummary>(&[
        r#"{"accountName":"a","hasMoreData":"perhaps"}"#,
        r#"{"accountName":"a","hasMoreData":2}"#,
        r#"{"accountName":"a","hasMoreData":{}}"#,
        r#"{"accountName":"a","hasMoreData":[]}"#,
        r#"{"accountName":"a","deviceList":"none"}"#,
        r#"{"accountName":"a","deviceList":{"deviceId":"1"}}"#,
        r#"{"accountName":"a","deviceList":3}"#,
    ]);
}

#[test]
fn device_list() {
    let list: DeviceList = canonical(r#"{"deviceList":["352099001761481","867234051200779"]}"#);
    assert_eq!(list, DeviceList::new(["352099001761481", "867234051200779"]));
    canonical::<DeviceList>(r#"{"deviceList":[]}"#);
    assert!(decode::<DeviceList>(r#"{"devceList":["352099001761481"]}"#).device_list.is_empty());
    assert!(decode::<DeviceList>("{}").device_list.is_empty());
    assert_eq!(
        decode::<DeviceList>(r#"{"deviceList":[352099001761481,null]}"#),
        DeviceList::new(["352099001761481"])
    );
    refused::<DeviceList>(&["null", "[]", r#"{"deviceList":"352099001761481"}"#]);
}

#[test]
fn license_change() {
    let change: LicenseChange = canonical(concat!(
        r#"{"accountName":"0342073914-00001","licCount":250,"licUsedCount":4,"#,
        r#""deviceList":[{"deviceId":"352099001761481","status":"LicenseAssignSuccess","resultReason":"Success"},"#,
        r#"{"deviceId":"867234051200779","status":"LicenseAssignFailed","resultReason":"Device Not Found"}]}"#
    ));
    assert!(matches!(change.device_list[1].reason, Some(Reason::DeviceNotFound)));
    assert!(matches!(change.device_list[0].status, LicenseStatus::AssignSuccess));

    same::<LicenseChange>(
        r#"{"accountName":"a","licCount":2,"licUsedCount":1,"deviceList":[{"deviceId":"1","status":"Failure","resultReason":"no"}]}"#,
        &[
            r#"{"accountName":"a","licTotalCount":2,"licUsedCount":1,"deviceList":[{"deviceId":"1","status":"Failure","Reason":"no"}]}"#,
            r#"{"accountName":"a","licCount":"2","licTotalCount":2,"licUsedCount":"1","deviceList":[{"reason":"no","status":"Failure","deviceId":1}]}"#,
        ],
    );

    // The vendor's own sample, evidently copied from a campaign report; and times that crash its SDK.
    let sample: LicenseChange = canonical(concat!(
        r#"{"licCount":1,"licUsedCount":1,"deviceList":[{"deviceId":"15-digit IMEI","status":"UpgradePending","#,
        r#""updatedTime":"2024-03-05 09:10:11.5 +0000 UTC","recentAttemptTime":"0001-01-01T00:00:00Z","nextAttemptTime":""}]}"#
    ));
    let device = &sample.device_list[0];
    assert_eq!(device.verdict(), Verdict::Unknown);
    assert_eq!(device.updated_time.as_ref().unwrap().unix(), Some((1_709_629_811, 500_000_000)));
    assert!(!device.recent_attempt_time.as_ref().unwrap().is_set());
    assert_eq!(device.next_attempt_time.as_ref().unwrap().unix(), None);
}

#[test]
fn verdicts() {
    use Verdict::{AlreadyAssigned, Failed, Success, Unknown};
    let cases = [
        ("LicenseAssignSuccess", None, Success),
        ("LICENSEASSIGNSUCCESS", None, Success),
        ("LicenseRemoveSuccess", Some("Success"), Success),
        ("AddDeviceSucceed", None, Success),
        ("succeeded", None, Success),
        (" Success ", None, Success),
        ("LicenseAssignFailed", None, Failed),
        ("Failure", Some("Device Not Found"), Failed),
        ("DeviceRejected", None, Failed),
        ("InternalError", None, Failed),
        ("LicenseAssignFailed", Some("Device license preexisting"), AlreadyAssigned),
        ("Failure", Some("DEVICE LICENSE PREEXISTING"), AlreadyAssigned),
        ("LicenseAssignSuccess", Some("Device license preexisting"), AlreadyAssigned),
        ("LicenseRemoveFailed", Some("Device license preexisting"), Failed),
        ("UpgradePending", None, Unknown),
        ("Unsuccessful", None, Unknown),
        ("", None, Unknown),
    ];
    for (status, reason, expected) in cases {
        let outcome = DeviceOutcome::new("352099001761481", status).reason(reason.map(Reason::from));
        assert_eq!(outcome.verdict(), expected, "{status} {reason:?}");
    }
}

#[test]
fn device_lookup() {
    let lookup: DeviceLookup = canonical(concat!(
        r#"{"accountName":"0342073914-00001","deviceCount":1,"deviceList":[{"deviceId":"352099001761481","#,
        r#""mdn":"5555550142","model":"TRK9","make":"ACME","firmware":"1.4.0","fotaEligible":true,"status":"Active","#,
        r#""licenseAssigned":true,"protocol":"LWM2M","createTime":"2023-06-03 00:03:56.079 +0000 UTC","#,
        r#""lastConnectionTime":"2024-04-01T18:25:43.511Z"}]}"#
    ));
    let device = &lookup.device_list[0];
    assert_eq!(device.license_assigned, Some(true));
    assert_eq!(device.protocol.as_ref().map(Protocol::kind), Some(ProtocolKind::Lwm2m));

    let full: FotaDevice = canonical(concat!(
        r#"{"deviceId":"352099001761481","mdn":"1","model":"2","make":"3","firmware":"4","fotaEligible":false,"status":"5","#,
        r#""licenseAssigned":false,"protocol":"OMDADM","softwareList":[{"name":"6","version":"7","upgradeTime":"8"}],"#,
        r#""fileList":[{"name":"9","version":"10","upgradeTime":""}],"createTime":"","upgradeTime":"0001-01-01 00:00:00 +0000 UTC","#,
        r#""updateTime":"11","refreshTime":"12","statusTime":"13","lastConnectionTime":"14","requestStatus":"15","resultReason":"16","new":{}}"#
    ));
    assert_eq!(full.protocol.as_ref().map(Protocol::kind), Some(ProtocolKind::OmaDm));
    assert_eq!(full.extra.get("new"), Some("{}"));
    assert_eq!(full.file_list[0].name.as_deref(), Some("9"));

    let loose: FotaDevice = decode(
        r#"{"deviceId":352099001761481,"mdn":5555550142,"fotaEligible":"True","licenseAssigned":0,"softwareList":"none",
            "fileList":[null,{"name":7},"x"],"Reason":"r"}"#,
    );
    assert_eq!(loose.mdn.as_deref(), Some("5555550142"));
    assert_eq!((loose.fota_eligible, loose.license_assigned), (Some(true), Some(false)));
    assert!(loose.software_list.is_empty());
    assert_eq!(loose.file_list.len(), 1);
    assert_eq!(loose.result_reason, Some(Reason::from("r")));
    let vague: FotaDevice = decode(r#"{"deviceId":"1","fotaEligible":"maybe","licenseAssigned":null}"#);
    assert_eq!((vague.fota_eligible, vague.license_assigned), (None, None));
}

#[test]
fn protocols() {
    use ProtocolKind::{All, Http, Lwm2m, None, Other};
    for word in ["OMADM", "OMDADM", "OMD-DM", "OMA-DM", "OMA", "oma", "Omadm"] {
        assert_eq!(Protocol::from(word).kind(), ProtocolKind::OmaDm, "{word}");
        assert_eq!(Protocol::from(word).as_str(), word);
    }
    let kinds = ["lwm2m", "Http", "none", "ALL", "LoRa", ""].map(|word| Protocol::from(word).kind());
    assert_eq!(kinds, [Lwm2m, Http, None, All, Other, Other]);
}

#[test]
fn subscription() {
    let both: Subscription = canonical(concat!(
        r#"{"accountName":"0342073914-00001","purchaseType":"TS-HFOTA-MRC,TS-HFOTA-EVNT","licenseCount":250,"#,
        r#""licenseUsedCount":4,"updateTime":"2024-03-05T09:10:12.5Z"}"#
    ));
    assert_eq!(both.purchase_types().collect::<Vec<_>>(), [PurchaseType::Mrc, PurchaseType::Event]);
    let odd: Subscription = canonical(r#"{"purchaseType":" TS-HFOTA-MRC ,, TS-NEW"}"#);
    let types: Vec<_> = odd.purchase_types().collect();
    assert_eq!(types, [PurchaseType::Mrc, PurchaseType::Other("TS-NEW".into())]);
    let event_only: Subscription = decode(r#"{"licenseCount":0}"#);
    assert_eq!(event_only.license_count, Some(0));
    assert_eq!(event_only.purchase_types().count(), 0);
}

#[test]
fn tokens() {
    let token: AccessToken = canonical(
        r#"{"access_token":"fake-bearer","token_type":"Bearer","expires_in":3600,"scope":"ts.application.ro"}"#,
    );
    assert_eq!(token.access_token.expose(), "fake-bearer");
    same::<AccessToken>(
        r#"{"access_token":"fake-bearer","expires_in":3600}"#,
        &[
            r#"{"expires_in":"3600","access_token":"fake-bearer","refresh_token":null}"#,
            r#"{"expires_in":3600.0,"access_token":null,"access_token":"fake-bearer"}"#,
        ],
    );
    refused::<AccessToken>(&[
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":null}"#,
        r#"{"error":"invalid_client"}"#,
        "[]",
    ]);

    let login: LoginRequest = canonical(r#"{"username":"fake-user","password":"fake-password"}"#);
    assert_eq!(login, LoginRequest::new("fake-user", "fake-password"));
    let session: SessionToken = canonical(r#"{"sessionToken":"fake-session","expiresIn":0}"#);
    assert_eq!(session.session_token.unwrap().expose(), "fake-session");
    assert_eq!(decode::<SessionToken>("{}").session_token, None);
}

#[test]
fn secrets_do_not_print() {
    const CANARY: &str = "canary-3f57";
    let text = format!(
        r#"{{"access_token":"{CANARY}","refresh_token":"{CANARY}","id_token":"{CANARY}","sessionToken":"{CANARY}",
            "username":"fake-user","password":"{CANARY}","expiresIn":1}}"#
    );
    let shown = [
        format!("{:?} {:#?}", decode::<AccessToken>(&text), decode::<AccessToken>(&text)),
        format!("{:?} {:#?}", decode::<LoginRequest>(&text), decode::<LoginRequest>(&text)),
        format!("{:?} {:#?}", decode::<SessionToken>(&text), decode::<SessionToken>(&text)),
        format!("{0} {0:?} {0:>20}", Secret::from(CANARY)),
    ];
    for text in shown {
        assert!(!text.contains(CANARY), "{text}");
        assert!(text.contains("[redacted]"), "{text}");
    }
    // The wire carries the real text.
    assert!(serde_json::to_string(&Secret::from(CANARY)).unwrap().contains(CANARY));
    assert_eq!(Secret::from(CANARY), Secret::new(CANARY));
    assert_ne!(Secret::from(CANARY), Secret::from("canary-3f58"));
    assert_ne!(Secret::from(CANARY), Secret::from("canary"));
}

#[test]
fn unknown_fields_stay() {
    let text = r#"{"accountName":"a","hasMoreData":false,"deviceList":[{"deviceId":"1","zeta":{"b" : [1,2]},"alpha":null}],"beta":1e400}"#;
    let page: LicenseSummary = canonical(text);
    let names: Vec<_> = page.device_list[0].extra.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["zeta", "alpha"]);
    assert_eq!(page.extra.get("beta"), Some("1e400"));

    let mut device = LicensedDevice::new("1");
    device.extra.insert("deviceId", "\"2\"").unwrap();
    device.extra.insert("group", "1").unwrap();
    device.extra.insert("group", " [2] ").unwrap();
    assert_eq!(serde_json::to_string(&device).unwrap(), r#"{"deviceId":"1","group":[2]}"#);
    for bad in ["", "{", "1 2", "nul", "}"] {
        assert_eq!(device.extra.insert("bad", bad), Err(InvalidJson), "{bad}");
    }
    assert_eq!(device.extra.len(), 2);
    assert!(Extra::default().is_empty());
}

#[test]
fn known_words_need_no_heap_and_unknown_ones_stay() {
    for word in [
        "LicenseAssignSuccess",
        "LicenseAssignFailed",
        "LicenseRemoveSuccess",
        "LicenseRemoveFailed",
        "Success",
        "Failure",
    ] {
        assert!(!matches!(LicenseStatus::from(word), LicenseStatus::Other(_)), "{word}");
    }
    for word in ["licenseassignsuccess", "", "Ünknown\u{0}"] {
        let status: LicenseStatus = canonical(&serde_json::to_string(word).unwrap());
        assert!(matches!(status, LicenseStatus::Other(_)));
        assert_eq!(status.as_str(), word);
    }
    assert_eq!(LicenseStatus::Other("Success".into()), LicenseStatus::Success);
}

#[test]
fn sizes() {
    assert_eq!(size_of::<Imei>(), 8);
    assert_eq!(size_of::<Option<Imei>>(), 8);
    assert_eq!(size_of::<DeviceId>(), 16);
    assert_eq!(size_of::<Timestamp>(), 16);
    assert_eq!(size_of::<Option<Timestamp>>(), 16);
    assert_eq!(size_of::<Extra>(), 8);
    assert!(size_of::<LicensedDevice>() <= 40);
}
