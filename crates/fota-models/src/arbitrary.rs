//! Strategies for every type, so that users can property-test their own code with awkward but valid values.
//!
//! What they make survives a round trip: unknown fields carry names that no type knows, and answers have the
//! field without which they would be refused.
use proptest::arbitrary::{Arbitrary, any};
use proptest::option::of;
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};
use proptest::sample::select;

use crate::{
    AccessToken, AccountName, ApiError, ApiFault, DeviceId, DeviceList, DeviceLookup, DeviceOutcome, Extra,
    FotaDevice, GatewayFault, Imei, LicenseChange, LicenseStatus, LicenseSummary, LicensedDevice,
    LoginRequest, OAuthError, Protocol, PurchaseType, Reason, Secret, SessionToken, SoapFault,
    SoftwarePackage, Subscription, TimeFormat, Timestamp, Verdict,
};

/// `Arbitrary` by a boxed strategy, without parameters.
macro_rules! arbitrary {
    ($($type:ty => $strategy:expr;)*) => {$(
        impl Arbitrary for $type {
            type Parameters = ();
            type Strategy = BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                $strategy.boxed()
            }
        }
    )*};
}

/// A wire struct from strategies for its fields.
macro_rules! record {
    ($type:ty { $($field:ident: $strategy:expr),* $(,)? }) => {{
        let record = any::<Extra>().prop_map(|extra| {
            let mut record = <$type>::default();
            record.extra = extra;
            record
        });
        $( let record = (record, $strategy).prop_map(|(record, value)| record.$field(value)); )*
        record
    }};
}

arbitrary! {
    AccountName => prop_oneof!["[0-9]{10}-[0-9]{5,6}", any::<String>()]
        .prop_filter_map("not a name", |name| AccountName::new(name).ok());
    Imei => "[0-9]{14,16}".prop_filter_map("not an IMEI", |digits| Imei::new(&digits).ok());
    DeviceId => prop_oneof![
        6 => "[0-9]{15}",
        1 => "0{0,16}[0-9]{0,3}",
        1 => "[0-9]{13,17}",
        2 => text(),
    ]
    .prop_map(DeviceId::from);
    TimeFormat => select(&[TimeFormat::Rfc3339, TimeFormat::Go][..]);
    Timestamp => timestamp();
    LicenseStatus => prop_oneof![
        select(&["LicenseAssignSuccess", "LicenseAssignFailed", "LicenseRemoveSuccess", "LicenseRemoveFailed",
            "Success", "Failure", "UpgradePending", "licenseassignsuccess"][..]).prop_map(str::to_owned),
        text(),
    ]
    .prop_map(LicenseStatus::from);
    Reason => prop_oneof![
        select(&["Success", "Device license preexisting", "Device Not Found", "Internal error"][..])
            .prop_map(str::to_owned),
        text(),
    ]
    .prop_map(Reason::from);
    Verdict => select(&[Verdict::Success, Verdict::AlreadyAssigned, Verdict::Failed, Verdict::Unknown][..]);
    PurchaseType => prop_oneof![
        select(&["TS-HFOTA-MRC", "TS-HFOTA-EVNT"][..]).prop_map(str::to_owned),
        text(),
    ]
    .prop_map(PurchaseType::from);
    Protocol => prop_oneof![
        select(&["LWM2M", "OMADM", "OMDADM", "OMD-DM", "OMA", "HTTP", "NONE", "all", "lwm2m"][..])
            .prop_map(str::to_owned),
        text(),
    ]
    .prop_map(|word| Protocol::from(&*word));
    Secret => text().prop_map(Secret::from);
    Extra => prop_oneof![4 => Just(Extra::default()), 1 => extra()];

    LicensedDevice => record!(LicensedDevice { device_id: any::<DeviceId>(), assignment_time: any::<Option<Timestamp>>() });
    LicenseSummary => record!(LicenseSummary {
        account_name: of(text()),
        total_licenses: any::<Option<u64>>(),
        assigned_licenses: count(),
        has_more_data: any::<bool>(),
        last_seen_device_id: any::<Option<DeviceId>>(),
        max_page_size: count(),
        device_list: list::<LicensedDevice>(),
    });
    DeviceList => record!(DeviceList { device_list: list::<DeviceId>() });
    DeviceOutcome => record!(DeviceOutcome {
        device_id: any::<DeviceId>(),
        status: any::<LicenseStatus>(),
        reason: any::<Option<Reason>>(),
        updated_time: any::<Option<Timestamp>>(),
        recent_attempt_time: any::<Option<Timestamp>>(),
        next_attempt_time: any::<Option<Timestamp>>(),
    });
    LicenseChange => record!(LicenseChange {
        account_name: of(text()),
        total_licenses: count(),
        used_licenses: count(),
        device_list: list::<DeviceOutcome>(),
    });
    SoftwarePackage => record!(SoftwarePackage {
        name: of(text()),
        version: of(text()),
        upgrade_time: any::<Option<Timestamp>>(),
    });
    FotaDevice => record!(FotaDevice {
        device_id: any::<DeviceId>(),
        mdn: of(text()),
        model: of(text()),
        make: of(text()),
        firmware: of(text()),
        fota_eligible: any::<Option<bool>>(),
        status: of(text()),
        license_assigned: any::<Option<bool>>(),
        protocol: any::<Option<Protocol>>(),
        software_list: list::<SoftwarePackage>(),
        file_list: list::<SoftwarePackage>(),
        create_time: any::<Option<Timestamp>>(),
        upgrade_time: any::<Option<Timestamp>>(),
        update_time: any::<Option<Timestamp>>(),
        refresh_time: any::<Option<Timestamp>>(),
        status_time: any::<Option<Timestamp>>(),
        last_connection_time: any::<Option<Timestamp>>(),
        request_status: of(text()),
        result_reason: any::<Option<Reason>>(),
    });
    DeviceLookup => record!(DeviceLookup {
        account_name: of(text()),
        device_count: count(),
        device_list: list::<FotaDevice>(),
    });
    Subscription => record!(Subscription {
        account_name: text().prop_map(Some),
        purchase_type: of(prop_oneof![Just("TS-HFOTA-MRC, TS-HFOTA-EVNT".to_owned()), text()]),
        license_count: count(),
        license_used_count: count(),
        update_time: any::<Option<Timestamp>>(),
    });
    AccessToken => record!(AccessToken {
        access_token: text().prop_filter("empty", |token| !token.is_empty()),
        token_type: of(text()),
        expires_in: count(),
        scope: of(text()),
        refresh_token: any::<Option<Secret>>(),
    });
    LoginRequest => record!(LoginRequest { username: text(), password: any::<Secret>() });
    SessionToken => record!(SessionToken { session_token: any::<Option<Secret>>(), expires_in: count() });

    ApiError => record!(ApiError { error_code: text().prop_map(Some), error_message: of(text()) });
    GatewayFault => record!(GatewayFault {
        code: of(prop_oneof![Just("900901".to_owned()), text()]),
        kind: of(text()),
        message: of(text()),
        description: of(text()),
    });
    OAuthError => record!(OAuthError {
        error: text().prop_map(Some),
        error_description: of(text()),
        error_uri: of(text()),
        cause: of(text()),
    });
    SoapFault => record!(SoapFault { code: of(text()), string: of(text()) });
    ApiFault => prop_oneof![
        any::<ApiError>().prop_map(ApiFault::Api),
        any::<GatewayFault>().prop_map(ApiFault::Gateway),
        any::<OAuthError>().prop_map(ApiFault::OAuth),
        (of(xml_text()), of(xml_text()), of(xml_text()), of(xml_text())).prop_map(|(code, kind, message, description)| {
            let fault = GatewayFault::default().code(code).kind(kind).message(message).description(description);
            ApiFault::GatewayXml(fault)
        }),
        (xml_text(), of(xml_text()))
            .prop_map(|(code, string)| ApiFault::Soap(SoapFault::default().code(code).string(string))),
    ];
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => "[ -~]{0,20}",
        1 => any::<String>(),
        1 => select(&["", "0", "null", "true", "\u{0}", "\"\\/\u{8}\u{c}\n\r\t", "é€😀", "\u{feff}", " x ", "<&>'\""][..])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

/// XML has no way to write control characters, and space around an element's text means nothing.
fn xml_text() -> BoxedStrategy<String> {
    text().prop_map(|text| text.replace(char::is_control, "").trim().to_owned()).boxed()
}

fn count() -> BoxedStrategy<Option<u64>> {
    of(prop_oneof![Just(0), Just(u64::MAX), 0..5000_u64, any::<u64>()]).boxed()
}

fn list<T: Arbitrary + 'static>() -> BoxedStrategy<Vec<T>> {
    proptest::collection::vec(any::<T>(), 0..4).boxed()
}

fn timestamp() -> BoxedStrategy<Timestamp> {
    let years_0_to_9999 = -62_167_219_200..=253_402_300_799_i64;
    prop_oneof![
        4 => (years_0_to_9999, 0..1_000_000_000_u32, any::<TimeFormat>())
            .prop_filter_map("out of range", |(seconds, nanos, format)| Timestamp::from_unix(seconds, nanos, format)),
        2 => "20[0-9]{2}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,10})?(Z| \\+0000 UTC| -0500 EST)"
            .prop_map(|text| Timestamp::parse(&text)),
        1 => select(&["", "0001-01-01 00:00:00 +0000 UTC", "0001-01-01T00:00:00Z", "2024-02-29 09:10:11.50 +0000 UTC m=+0.5"][..])
            .prop_map(Timestamp::parse),
        1 => text().prop_map(|text| Timestamp::parse(&text)),
    ]
    .boxed()
}

fn extra() -> BoxedStrategy<Extra> {
    let json = select(
        &[
            "null",
            "0",
            "-1.5e300",
            "\"\"",
            "[1, 2]",
            "{\"a\" : {\"b\":[]}}",
            "\"\\u00e9\"",
            "12345678901234567890123",
        ][..],
    );
    proptest::collection::vec(("x-[ -~]{0,6}", json), 1..4)
        .prop_map(|members| {
            let mut extra = Extra::default();
            for (name, json) in members {
                // The samples are JSON, so there is nothing to report.
                let _ = extra.insert(&name, json);
            }
            extra
        })
        .boxed()
}
