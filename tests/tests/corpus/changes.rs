//! `POST /licenses/{acc}/assign` and `…/remove`: two names for the total, three for the reason, and words for
//! the outcome that the vendor never listed in one place.

use fota_core::licenses::{Assign, Remove};
use fota_core::models::{DeviceOutcome, LicenseChange, Reason, Timestamp, Verdict};

use crate::{Exactly, Normalized, check};

const EVER_UPGRADED: &str = "Not allowed to remove license for device that has ever upgraded firmware";

#[test]
fn assign() {
    let account = "0000123456-00001".to_owned();
    let vocabulary: Vec<_> =
        VOCABULARY.iter().zip(1..).map(|((word, _), id)| DeviceOutcome::new(id.to_string(), *word)).collect();
    let mut sku = outcome("352099001761481", "LicenseAssignSuccess", "Success");
    sku.extra.insert("sku", r#""TS-X""#).unwrap();
    let mut unknown = change(2, 1, vec![sku]).account_name(account.clone());
    unknown.extra.insert("requestId", r#""7b8f2a10""#).unwrap();
    check::<Assign>(vec![
        (
            "canonical.json",
            Exactly,
            change(
                250,
                4,
                vec![
                    outcome("352099001761481", "LicenseAssignSuccess", "Success"),
                    outcome("867234051200779", "LicenseAssignFailed", "Device Not Found"),
                ],
            )
            .account_name(account.clone()),
        ),
        (
            "total-of-the-manual.json",
            Normalized,
            change(250, 4, vec![outcome("352099001761481", "LicenseAssignSuccess", "Success")])
                .account_name(account.clone()),
        ),
        (
            "reasons-in-every-case.json",
            Normalized,
            change(
                3,
                1,
                vec![
                    outcome("1", "LicenseAssignFailed", "Internal error"),
                    outcome("2", "LicenseAssignFailed", "Internal error"),
                    outcome("3", "LicenseAssignFailed", "Internal error"),
                    outcome("4", "LicenseAssignFailed", "Internal error"),
                    outcome("5", "LicenseAssignFailed", ""),
                    DeviceOutcome::new("6", "LicenseAssignFailed"),
                ],
            ),
        ),
        (
            "words-of-version-2.json",
            Normalized,
            change(
                250,
                4,
                vec![
                    outcome("352099001761481", "Success", "Success"),
                    outcome("867234051200779", "Failure", "Device Not Found"),
                ],
            )
            .account_name(account.clone()),
        ),
        ("vocabulary.json", Exactly, change(1, 1, vocabulary)),
        (
            "already-licensed.json",
            Normalized,
            change(
                250,
                4,
                vec![
                    outcome("1", "LicenseAssignSuccess", "Device license preexisting"),
                    outcome("2", "LicenseAssignFailed", "DEVICE LICENSE PREEXISTING"),
                    outcome("3", "Failure", "already licensed"),
                ],
            ),
        ),
        // The vendor's own example for assign shows a campaign's device.
        (
            "copied-campaign-sample.json",
            Exactly,
            change(
                500,
                400,
                vec![
                    outcome("990013907835573", "UpgradePending", "UpgradePending")
                        .updated_time(Timestamp::from("2020-02-05T06:58:40Z"))
                        .recent_attempt_time(Timestamp::from("2020-01-15T06:58:40.19Z"))
                        .next_attempt_time(Timestamp::from("2020-02-01T00:00:00Z")),
                ],
            )
            .account_name(account.clone()),
        ),
        // These times make the vendor's SDK fail after the licenses were changed.
        (
            "times-in-go-style.json",
            Exactly,
            change(
                500,
                400,
                vec![
                    DeviceOutcome::new("990013907835573", "LicenseAssignSuccess")
                        .updated_time(Timestamp::from("2020-02-05 06:58:40.25 +0000 UTC"))
                        .recent_attempt_time(Timestamp::from("0001-01-01 00:00:00 +0000 UTC"))
                        .next_attempt_time(Timestamp::from("")),
                ],
            ),
        ),
        (
            "status-missing.json",
            Normalized,
            change(
                1,
                0,
                vec![DeviceOutcome::new("352099001761481", ""), DeviceOutcome::new("353328110034566", "")],
            ),
        ),
        ("zero-counts-no-devices.json", Exactly, change(0, 0, vec![]).account_name(account.clone())),
        ("list-null.json", Normalized, change(0, 0, vec![]).account_name(account)),
        ("unknown-fields.json", Exactly, unknown),
    ]);
}

#[test]
fn remove() {
    let account = "0000123456-00001".to_owned();
    check::<Remove>(vec![
        (
            "canonical.json",
            Exactly,
            change(
                250,
                3,
                vec![
                    outcome("352099001761481", "LicenseRemoveSuccess", "Success"),
                    outcome("353328110034566", "LicenseRemoveFailed", EVER_UPGRADED),
                ],
            )
            .account_name(account.clone()),
        ),
        (
            "refused-by-version-1.json",
            Normalized,
            change(1000, 1000, vec![outcome("353328110034566", "LicenseRemoveFailed", EVER_UPGRADED)])
                .account_name(account),
        ),
        (
            "careless-words.json",
            Normalized,
            change(1000, 999, vec![outcome("352099001761481", "LicenseAssignSuccess", "Success")]),
        ),
        (
            "preexisting-is-no-removal.json",
            Exactly,
            change(
                1,
                1,
                vec![outcome("352099001761481", "LicenseRemoveFailed", "Device license preexisting")],
            ),
        ),
    ]);
}

/// Every word seen, and some that only look like one.
const VOCABULARY: [(&str, Verdict); 13] = [
    ("LicenseAssignSuccess", Verdict::Success),
    ("AddDeviceSucceed", Verdict::Success),
    ("licenseassignSUCCEEDED", Verdict::Success),
    ("LicenseAssignFailed", Verdict::Failed),
    ("DeviceRejected", Verdict::Failed),
    ("InternalError", Verdict::Failed),
    ("UpgradedFailed", Verdict::Failed),
    ("UpgradePending", Verdict::Unknown),
    ("Accepted", Verdict::Unknown),
    ("", Verdict::Unknown),
    ("Success", Verdict::Success),
    // `Failure` holds `fail`.
    ("Failure", Verdict::Failed),
    ("SuccessUnknown", Verdict::Unknown),
];

/// A word of nobody's list must never count as done.
#[test]
fn verdicts() {
    for (word, verdict) in VOCABULARY {
        assert_eq!(DeviceOutcome::new("1", word).verdict(), verdict, "{word:?}");
    }
    let verdicts = |folder: &str, file: &str| -> Vec<Verdict> {
        let change: LicenseChange = serde_json::from_slice(&crate::read(folder, file)).unwrap();
        change.device_list.iter().map(DeviceOutcome::verdict).collect()
    };
    assert_eq!(verdicts("licenses.assign", "already-licensed.json"), [Verdict::AlreadyAssigned; 3]);
    assert_eq!(verdicts("licenses.assign", "status-missing.json"), [Verdict::Unknown; 2]);
    assert_eq!(verdicts("licenses.assign", "copied-campaign-sample.json"), [Verdict::Unknown]);
    assert_eq!(verdicts("licenses.remove", "canonical.json"), [Verdict::Success, Verdict::Failed]);
    assert_eq!(verdicts("licenses.remove", "careless-words.json"), [Verdict::Success]);
    assert_eq!(verdicts("licenses.remove", "preexisting-is-no-removal.json"), [Verdict::Failed]);
}

fn change(total: u64, used: u64, devices: Vec<DeviceOutcome>) -> LicenseChange {
    LicenseChange::default().total_licenses(total).used_licenses(used).device_list(devices)
}

fn outcome(id: &str, status: &str, reason: &str) -> DeviceOutcome {
    DeviceOutcome::new(id, status).reason(Reason::from(reason))
}
