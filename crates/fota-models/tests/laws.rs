//! Laws that hold for every value: round trips, total orders, and no panic whatever the bytes.
#![allow(clippy::unwrap_used, clippy::panic)]
use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use fota_models::*;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(value).unwrap();
    let again: T = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    prop_assert_eq!(&again, value, "{}", text);
    prop_assert_eq!(serde_json::to_string(&again).unwrap(), text.clone());
    // Also by way of bytes, and of a reader that borrows nothing.
    prop_assert_eq!(&serde_json::from_slice::<T>(text.as_bytes()).unwrap(), value);
    let tree: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value::<T>(tree).unwrap();
    Ok(())
}

macro_rules! round_trips {
    ($($name:ident: $type:ty;)*) => {
        proptest! {$(
            #[test]
            fn $name(value: $type) {
                round_trip(&value)?;
            }
        )*}

        fn decode_all(bytes: &[u8]) {
            $( let _ = serde_json::from_slice::<$type>(bytes); )*
        }
    };
}

round_trips! {
    account_name: AccountName;
    imei: Imei;
    device_id: DeviceId;
    timestamp: Timestamp;
    license_status: LicenseStatus;
    reason: Reason;
    purchase_type: PurchaseType;
    protocol: Protocol;
    secret: Secret;
    licensed_device: LicensedDevice;
    license_summary: LicenseSummary;
    device_list: DeviceList;
    device_outcome: DeviceOutcome;
    license_change: LicenseChange;
    software_package: SoftwarePackage;
    fota_device: FotaDevice;
    device_lookup: DeviceLookup;
    subscription: Subscription;
    access_token: AccessToken;
    login_request: LoginRequest;
    session_token: SessionToken;
    api_error: ApiError;
    gateway_fault: GatewayFault;
    oauth_error: OAuthError;
    soap_fault: SoapFault;
}

/// Bytes that get further than random ones: members and values that matter, glued at random.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        proptest::sample::select(
            &[
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"",
                "null",
                "true",
                "-1",
                "1e400",
                "1e30",
                "0.5",
                "deviceList",
                "\"deviceList\":[",
                "\"deviceId\":",
                "\"hasMoreData\":",
                "\"assignmentTime\":\"2024-",
                "\"fault\":{\"code\":",
                "\"errorCode\":\"",
                "\"error\":",
                "\\ud800",
                "<am:fault>",
                "<am:code>",
                "</am:code>",
                "&#x0;",
                "&lt",
                "<![CDATA[",
                "]]>",
                "<!--",
                "<?xml",
                "<faultcode>",
                "\u{feff}",
            ][..]
        )
        .prop_map(|part| part.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Turns a value into another JSON type.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in hostile()) {
        decode_all(&bytes);
        if let Some(fault) = ApiFault::parse(&bytes) {
            let _ = (fault.code(), fault.code_without_service(), fault.message(), fault.is_session_token());
            let _ = ApiFault::parse(&fault.to_body());
        }
    }

    #[test]
    fn no_text_panics(text: String) {
        prop_assert_eq!(Timestamp::parse(&text).to_string(), text.clone());
        let id = DeviceId::from(&*text);
        prop_assert_eq!(&*id.text(), &*text);
        prop_assert_eq!(&id, &DeviceId::from(text.clone()));
        let _ = (Imei::new(&text), Imei::with_luhn(&text), AccountName::new(&text));
        decode_all(serde_json::to_string(&text).unwrap().as_bytes());
    }

    /// Whatever type an entry or one of its fields has, the entries around it are read.
    #[test]
    fn no_entry_spoils_a_page(entry in any_json(), field in any_json()) {
        let good = r#"{"deviceId":"352099001761481"}"#;
        let page = format!(
            r#"{{"hasMoreData":true,"assignedLicenses":{field},"totalLicenses":{field},"lastSeenDeviceId":{field},
                "accountName":{field},"maxPageSize":{field},"deviceList":[{good},{entry},
                {{"deviceId":{field},"assignmentTime":{field}}},{good}]}}"#
        );
        let page: LicenseSummary = serde_json::from_str(&page).unwrap();
        prop_assert!(page.has_more_data);
        prop_assert_eq!(&page.device_list[0].device_id, "352099001761481");
        prop_assert_eq!(&page.device_list.last().unwrap().device_id, "352099001761481");

        let device = format!(
            r#"{{"deviceCount":{field},"deviceList":[{entry},{{"deviceId":"352099001761481","mdn":{field},
                "fotaEligible":{field},"protocol":{field},"softwareList":{field},"fileList":[{field}],
                "createTime":{field},"resultReason":{field}}}]}}"#
        );
        let lookup: DeviceLookup = serde_json::from_str(&device).unwrap();
        prop_assert_eq!(&lookup.device_list.last().unwrap().device_id, "352099001761481");

        let change = format!(
            r#"{{"licCount":{field},"deviceList":[{entry},{{"deviceId":"352099001761481","status":{field},
                "Reason":{field},"updatedTime":{field}}}]}}"#
        );
        let change: LicenseChange = serde_json::from_str(&change).unwrap();
        prop_assert_eq!(&change.device_list.last().unwrap().device_id, "352099001761481");
    }

    #[test]
    fn faults_round_trip(fault: ApiFault) {
        let body = fault.to_body();
        prop_assert_eq!(ApiFault::parse(&body), Some(fault), "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn ids_are_totally_ordered(a: DeviceId, b: DeviceId, c: DeviceId) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        let hash = |id: &DeviceId| { let mut h = DefaultHasher::new(); id.hash(&mut h); h.finish() };
        prop_assert!(a != b || hash(&a) == hash(&b));
    }

    #[test]
    fn numeric_ids_order_as_numbers(a in "[0-9]{1,20}", b in "[0-9]{1,20}", word in "[a-z]{0,3}") {
        let numbers = (a.parse::<u128>().unwrap(), b.parse::<u128>().unwrap());
        let expected = numbers.0.cmp(&numbers.1).then_with(|| a.cmp(&b));
        prop_assert_eq!(DeviceId::from(&*a).cmp(&DeviceId::from(&*b)), expected);
        prop_assert!(DeviceId::from(a) < DeviceId::from(word));
    }

    /// The packed form and the text form agree, leading zeros included.
    #[test]
    fn imeis_order_as_their_ids(a in "0{0,15}[0-9]{1,16}", b in "0{0,15}[0-9]{1,16}") {
        if let (Ok(x), Ok(y)) = (Imei::new(&a), Imei::new(&b)) {
            let numbers = (a.parse::<u64>().unwrap(), b.parse::<u64>().unwrap());
            prop_assert_eq!(x.cmp(&y), numbers.0.cmp(&numbers.1).then_with(|| a.cmp(&b)));
        }
    }

    #[test]
    fn imeis_keep_their_text(digits in "[0-9]{14,16}") {
        let imei = Imei::new(&digits).unwrap();
        prop_assert_eq!(&*imei.text(), &*digits);
        prop_assert_eq!(imei.len(), digits.len());
        prop_assert_eq!(Imei::with_luhn(&digits).is_ok(), imei.luhn_valid());
    }

    /// Exactly one last digit is right, and no single mistyped digit goes unnoticed.
    #[test]
    fn luhn_notices_one_wrong_digit(digits in "[0-9]{14}", at in 0..15_usize, other in 1..10_u8) {
        let imei = Imei::new(&format!("{digits}0")).unwrap();
        let mut right = format!("{digits}{}", imei.check_digit().unwrap()).into_bytes();
        prop_assert!(Imei::with_luhn(std::str::from_utf8(&right).unwrap()).is_ok());
        right[at] = b'0' + (right[at] - b'0' + other) % 10;
        prop_assert!(Imei::with_luhn(std::str::from_utf8(&right).unwrap()).is_err());
    }

    #[test]
    fn times_keep_their_instant(seconds in -62_167_219_200..=253_402_300_799_i64, nanos in 0..1_000_000_000_u32, format: TimeFormat) {
        let time = Timestamp::from_unix(seconds, nanos, format).unwrap();
        if time.is_set() {
            prop_assert_eq!(time.unix(), Some((seconds, nanos)));
        }
        let again = Timestamp::parse(&time.to_string());
        prop_assert_eq!(again, time);
    }
}

/// Every day of 10 000 years, against a calendar that counts.
#[test]
fn calendar_counts_every_day() {
    let (mut year, mut month, mut day) = (0, 1, 1);
    for days in 0..3_652_425_i64 {
        let time = Timestamp::from_unix(-62_167_219_200 + days * 86_400, 0, TimeFormat::Rfc3339).unwrap();
        let text = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
        assert_eq!(time.to_string(), text);
        assert_eq!(Timestamp::parse(&text), time);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 => 28 + i32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        day += 1;
        if day > last {
            (day, month) = (1, month + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
    }
    assert_eq!(year, 10_000);
}
