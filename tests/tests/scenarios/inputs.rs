//! Input that could become another request than the one that was meant: it is encoded, or refused before anything
//! is sent.

use fota_core::licenses::ListPath;
use fota_core::models::{AccountName, DeviceId};
use fota_core::{Credentials, ErrorKind, Servers};
use fota_emulator::{AccountSettings, Settings};
use fota_tests::{Kind, Lab, Options, account, scenarios};

scenarios!(
    odd_account_names_arrive_unchanged,
    dot_segments_send_nothing,
    bad_device_lists_send_nothing,
    odd_credentials_arrive_unchanged,
    plain_http_to_strangers_is_refused,
);

const NAMES: [&str; 12] = [
    "a/b",
    "a b",
    "a#b",
    "a?b=c",
    "a%b",
    "100%",
    "%2F",
    "a+b&c=d",
    "...",
    "Zürich ☃ 試験 🚀",
    "\"quoted\" <tag> \\ {brace} |pipe| ^`",
    "a;b:c@d,e~f!g$h'i(j)*k",
];

fn odd_account_names_arrive_unchanged(kind: &dyn Kind) {
    let mut settings = Settings::seeded(1, 1, 7);
    for (name, licenses) in NAMES.iter().zip(100..) {
        settings = settings.account(AccountSettings::new(AccountName::new(name).unwrap(), licenses));
    }
    let lab = Lab::new(settings);
    for list_path in [ListPath::Query, ListPath::Index] {
        let client = lab.open_with(kind, |options| options.list_path = list_path);
        for (name, licenses) in NAMES.iter().zip(100..) {
            let account = AccountName::new(name).unwrap();
            let usage = client.usage(&account).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(usage.account_name.as_deref(), Some(*name));
            assert_eq!(usage.total_licenses, Some(licenses), "{name}");
            assert_eq!(client.subscription(&account).unwrap().license_count, Some(licenses), "{name}");
            let change = client.assign(&account, &[DeviceId::from("352099001761481")]).unwrap();
            assert_eq!(change.account_name.as_deref(), Some(*name));
        }
    }
    assert_eq!(lab.count("unknown"), 0);
}

/// Encoding cannot protect them: `..` would address the parent, with both tokens.
fn dot_segments_send_nothing(kind: &dyn Kind) {
    for name in ["", ".", "..", "a\r\nb", "a\0b"] {
        assert!(AccountName::new(name).is_err(), "{name:?}");
    }
    let lab = Lab::with_devices(&[], 1);
    let client = lab.open_with(kind, |options| options.list_path = ListPath::Index);
    for cursor in ["", ".", ".."] {
        let results = client.list(&account(), Some(DeviceId::from(cursor)));
        let [Err(error)] = results.as_slice() else { panic!("{cursor:?}: {results:?}") };
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidRequest, 0), "{cursor:?}: {error}");
    }
    assert_eq!((lab.requests(), lab.connections()), (0, 0), "not even a token is fetched for it");
}

fn bad_device_lists_send_nothing(kind: &dyn Kind) {
    let lab = Lab::with_devices(&[], 1);
    let client = lab.open(kind);
    let many: Vec<_> = (0..1001).map(|number| DeviceId::from(format!("{number:015}"))).collect();
    for devices in [vec![], many, vec![DeviceId::from("352099001761481"), DeviceId::from("")]] {
        let errors = [
            client.assign(&account(), &devices).unwrap_err(),
            client.remove(&account(), &devices).unwrap_err(),
            client.lookup(&account(), &devices).unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidRequest, 0), "{error}");
            assert!(!error.may_have_been_applied() && !error.is_retryable());
        }
    }
    assert_eq!((lab.requests(), lab.connections()), (0, 0));
}

fn odd_credentials_arrive_unchanged(kind: &dyn Kind) {
    let mut settings = Settings::seeded(1, 1, 7);
    settings.client_id = "fake+key/=&ü".into();
    settings.client_secret = "fake:secret %41 \"q\" ☃".into();
    settings.username = "fake \"user\" ü\t".into();
    settings.password = "fake pässword \"x\" {}\n&=+%".into();
    let lab = Lab::new(settings);
    lab.open(kind).usage(&account()).unwrap();
    assert_eq!(lab.logins(), (1, 1));
}

fn plain_http_to_strangers_is_refused(kind: &dyn Kind) {
    for base in ["http://192.0.2.1", "http://localhost.example.com"] {
        assert_eq!(Servers::at(base).unwrap_err().kind(), ErrorKind::InvalidRequest, "{base}");
    }
    // A line break in a key would be another header.
    let lab = Lab::with_devices(&[], 1);
    let split = Credentials::new("key", "secret", "user\r\nX: y", "password");
    let client = kind.open(Options::new(lab.servers(), split)).unwrap();
    client.usage(&account()).unwrap_err();
    assert_eq!(lab.count("unknown"), 0);
}
