//! `GET /licenses/{acc}`: totals under two names or none, cursors that are no IMEIs, every style of time.

use fota_core::licenses::List;
use fota_core::models::{DeviceId, ImeiText, LicenseSummary, LicensedDevice, Timestamp};
use fota_core::{Paged, Pager};

use crate::{Exactly, Normalized, check, check_refused};

#[test]
fn pages() {
    let page = LicenseSummary::default;
    let account = || page().account_name("0000123456-00001".to_owned()).max_page_size(1000u64);
    let cursor = |id: &str| DeviceId::from(id);
    check::<List>(vec![
        (
            "canonical.json",
            Exactly,
            account()
                .total_licenses(250u64)
                .assigned_licenses(3u64)
                .has_more_data(true)
                .last_seen_device_id(cursor("353328110034566"))
                .device_list(vec![
                    device("352099001761481", "2024-03-05 09:10:11.5 +0000 UTC"),
                    device("353328110034566", "2024-03-05 09:10:12 +0000 UTC"),
                ]),
        ),
        (
            "total-singular.json",
            Normalized,
            account().total_licenses(250u64).assigned_licenses(3u64).last_seen_device_id(cursor("0")),
        ),
        (
            "total-absent-cursor-1000.json",
            Exactly,
            account()
                .assigned_licenses(1000u64)
                .has_more_data(true)
                .last_seen_device_id(cursor("1000"))
                .device_list(vec![device("352099001761481", "2017-11-29 20:15:42.738 +0000 UTC")]),
        ),
        // Generated clients write every name they know and leave one of them null.
        ("total-null-then-singular.json", Normalized, page().total_licenses(250u64).assigned_licenses(3u64)),
        // The vendor's SDK loses both of these zeros.
        (
            "zero-counts.json",
            Exactly,
            account().total_licenses(0u64).assigned_licenses(0u64).last_seen_device_id(cursor("0")),
        ),
        ("all-null.json", Normalized, page().account_name("0000123456-00001".to_owned())),
        ("list-absent.json", Normalized, account().total_licenses(5u64).assigned_licenses(0u64)),
        (
            "numbers-as-text.json",
            Normalized,
            account()
                .total_licenses(250u64)
                .assigned_licenses(3u64)
                .has_more_data(true)
                .last_seen_device_id(cursor("353328110034566"))
                .device_list(vec![LicensedDevice::new("353328110034566")]),
        ),
        (
            "numbers-odd.json",
            Normalized,
            page().account_name("342073914".to_owned()).total_licenses(250u64).max_page_size(1000u64),
        ),
        // The second number does not fit; to guess at it would be worse than to say nothing.
        ("numbers-huge.json", Normalized, page().total_licenses(u64::MAX)),
        (
            "cursor-number.json",
            Normalized,
            page().assigned_licenses(1u64).has_more_data(true).last_seen_device_id(cursor("1000")),
        ),
        (
            "cursor-empty.json",
            Exactly,
            page().assigned_licenses(1u64).has_more_data(true).last_seen_device_id(cursor("")),
        ),
        ("unknown-fields.json", Exactly, unknown_fields()),
        (
            "times-of-every-style.json",
            Exactly,
            page().assigned_licenses(12u64).device_list(
                TIMES
                    .iter()
                    .zip(1..)
                    .map(|((text, _), id)| device(&id.to_string(), text))
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            "ids-of-every-kind.json",
            Exactly,
            page()
                .assigned_licenses(7u64)
                .device_list(IDS.map(|(id, _)| LicensedDevice::new(id)).into_iter().collect::<Vec<_>>()),
        ),
        // Null, a flag and a list say nothing; a bare id, text or number, is a device; the rest of each odd
        // object is kept.
        (
            "entries-hostile.json",
            Normalized,
            page().assigned_licenses(2u64).device_list(vec![
                LicensedDevice::new("352099001761481"),
                device("", "2024-03-05 09:10:12 +0000 UTC"),
                LicensedDevice::new(""),
                LicensedDevice::new("353328110034566"),
                LicensedDevice::new("867234051200779"),
                LicensedDevice::new(""),
            ]),
        ),
        (
            "marked-and-spread-out.json",
            Normalized,
            page()
                .account_name("0000123456-00001".to_owned())
                .total_licenses(1u64)
                .assigned_licenses(1u64)
                .device_list(vec![device("352099001761481", "2024-03-05 09:10:12 +0000 UTC")]),
        ),
        ("fields-twice.json", Normalized, page().total_licenses(250u64).assigned_licenses(3u64)),
    ]);
}

#[test]
fn no_pages() {
    let errors = check_refused::<List>(&[
        ("page.html", "expected value at line 1 column 1"),
        ("empty.txt", "EOF while parsing"),
        ("spaces.txt", "EOF while parsing"),
        ("null.json", "LicenseSummary"),
        ("array.json", "LicenseSummary"),
        ("text.json", "LicenseSummary"),
        // An answer of some other service must not read as "no devices, no more pages".
        ("no-known-field.json", "none of the fields"),
        ("empty-object.json", "none of the fields"),
        ("list-is-an-object.json", "at deviceList"),
        ("list-is-a-text.json", "at deviceList"),
        // To read it as "no more" would end the listing early without a word.
        ("more-is-neither.json", "at hasMoreData"),
        ("truncated.json", "EOF while parsing"),
        ("two-values.json", "goes on after its JSON value"),
        ("not-utf-8.json", "not UTF-8"),
        ("error-with-a-good-status.json", "REQUEST_FAILED.UnexpectedError"),
    ]);
    let fault = errors.last().unwrap().fault().expect("the error shape is read under any status");
    assert_eq!(fault.code_without_service(), Some("REQUEST_FAILED.UnexpectedError"));
    assert!(errors.iter().rev().skip(1).all(|error| error.fault().is_none()));
}

/// Text, and the instant it means. `None`: it is not set, or not understood.
const TIMES: [(&str, Option<(i64, u32)>); 12] = [
    ("2017-11-29 20:15:42.738 +0000 UTC", Some((1_511_986_542, 738_000_000))),
    ("2017-11-29 20:15:42 +0000 UTC", Some((1_511_986_542, 0))),
    ("2017-11-29 20:15:42.7380 +0000 UTC", Some((1_511_986_542, 738_000_000))),
    ("2017-11-29T20:15:42.738Z", Some((1_511_986_542, 738_000_000))),
    ("2017-11-29T20:15:42Z", Some((1_511_986_542, 0))),
    ("2017-11-29T21:15:42.738+01:00", Some((1_511_986_542, 738_000_000))),
    ("2017-11-29 15:15:42.738 -0500 EST m=+0.000123", Some((1_511_986_542, 738_000_000))),
    ("", None),
    ("0001-01-01 00:00:00 +0000 UTC", None),
    ("0001-01-01T00:00:00Z", None),
    ("06 Oct 22 18:05 UTC", None),
    ("yesterday, about noon", None),
];

#[test]
fn instants() {
    for (index, (text, instant)) in TIMES.into_iter().enumerate() {
        let time = Timestamp::from(text);
        assert_eq!(time.unix(), instant, "{text:?}");
        assert_eq!(time.is_set(), !(7..=9).contains(&index), "{text:?}");
    }
}

/// Text, and whether it is an IMEI whose check digit is right (or that has none).
const IDS: [(&str, Option<bool>); 7] = [
    ("00442000000000", Some(true)),
    ("004420000000007", Some(false)),
    ("3520990017614823", Some(true)),
    ("352099001761480", Some(false)),
    ("A0000043A2B1C3", None),
    ("gerät/1 #?%", None),
    ("35209900176148", Some(true)),
];

#[test]
fn ids() {
    for (text, luhn) in IDS {
        let imei = DeviceId::from(text).imei();
        assert_eq!(imei.map(fota_core::models::Imei::luhn_valid), luhn, "{text}");
        if let Some(digits) = imei.map(|imei| -> ImeiText { imei.text() }) {
            assert_eq!(&*digits, text);
        }
    }
}

/// The pager goes on from where the corpus page ends, IMEI or not; an empty cursor counts as missing.
#[test]
fn cursors_lead_on() {
    for (file, next) in [
        ("canonical.json", Some("353328110034566")),
        ("total-absent-cursor-1000.json", Some("1000")),
        ("cursor-number.json", Some("1000")),
        ("zero-counts.json", None),
        ("list-absent.json", None),
    ] {
        let mut pager = Pager::new(List::new("0000123456-00001".parse().unwrap()));
        pager.accept(page(file)).unwrap();
        assert_eq!(pager.cursor().map(ToString::to_string).as_deref(), next, "{file}");
        assert_eq!(pager.request().map(|list| list.cursor().to_string()).as_deref(), next, "{file}");
    }
    let mut pager = Pager::new(List::new("0000123456-00001".parse().unwrap()));
    let error = pager.accept(page("cursor-empty.json")).unwrap_err();
    assert_eq!(error.kind(), fota_core::ErrorKind::Paging);
}

fn page(file: &str) -> LicenseSummary {
    serde_json::from_slice(&crate::read("licenses.list", file)).unwrap()
}

fn device(id: &str, time: &str) -> LicensedDevice {
    LicensedDevice::new(id).assignment_time(Timestamp::from(time))
}

fn unknown_fields() -> LicenseSummary {
    let mut device = device("352099001761481", "2024-03-05T09:10:12.5Z");
    // Kept as written: spaces, escapes and all.
    device.extra.insert("group", r#"{"id": 7, "tags": [ "a", null ]}"#).unwrap();
    device.extra.insert("nickname", r#""Küche \u2603""#).unwrap();
    let mut page = LicenseSummary::default()
        .account_name("0000123456-00001".to_owned())
        .total_licenses(2u64)
        .assigned_licenses(1u64)
        .device_list(vec![device]);
    page.extra.insert("region", r#""us-east""#).unwrap();
    page.extra.insert("nextPageHint", "12345678901234567890123").unwrap();
    page
}
