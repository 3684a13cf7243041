//! `POST /devices/{acc}`: two formats of time in one object, and five spellings of one protocol.

use fota_core::devices::Lookup;
use fota_core::models::{
    DeviceLookup, FotaDevice, Protocol, ProtocolKind, Reason, SoftwarePackage, Timestamp,
};

use crate::{Exactly, Normalized, SameJson, check};

#[test]
fn lookups() {
    let account = "0000123456-00001".to_owned();
    let software = |name: &str, version: &str, time: &str| {
        SoftwarePackage::default()
            .name(name.to_owned())
            .version(version.to_owned())
            .upgrade_time(Timestamp::from(time))
    };
    let known = FotaDevice::new("352099001761481")
        .mdn("5555550142".to_owned())
        .model("TRK9".to_owned())
        .make("ACME".to_owned())
        .firmware("1.4.0".to_owned())
        .fota_eligible(true)
        .status("Active".to_owned())
        .license_assigned(true)
        .protocol(Protocol::LWM2M)
        .create_time(Timestamp::from("2023-06-03 00:03:56.079 +0000 UTC"))
        .last_connection_time(Timestamp::from("2024-04-01T18:25:43.511Z"));
    check::<Lookup>(vec![
        (
            "canonical.json",
            Exactly,
            lookup(
                1,
                vec![
                    known
                        .clone()
                        .software_list(vec![software("agent", "2.1", "2023-06-04 00:00:00 +0000 UTC")])
                        .file_list(vec![software("cfg.bin", "7", "2023-06-04T00:00:00Z")])
                        .upgrade_time(Timestamp::from("0001-01-01 00:00:00 +0000 UTC"))
                        .update_time(Timestamp::from("2023-06-03 00:03:56 +0000 UTC"))
                        .refresh_time(Timestamp::from("2023-06-03 00:03:56.079 +0000 UTC"))
                        .status_time(Timestamp::from("2023-06-03 00:03:56.0790 +0000 UTC"))
                        .request_status("Success".to_owned())
                        .result_reason(Reason::Success),
                ],
            )
            .account_name(account.clone()),
        ),
        ("times-of-two-formats.json", SameJson, lookup(1, vec![known]).account_name(account.clone())),
        (
            "only-ids.json",
            Exactly,
            lookup(
                2,
                vec![
                    FotaDevice::new("352099001761481"),
                    FotaDevice::new("353328110034566").license_assigned(false),
                ],
            )
            .account_name(account.clone()),
        ),
        (
            "protocols.json",
            Exactly,
            lookup(
                11,
                PROTOCOLS
                    .iter()
                    .zip(1..)
                    .map(|((word, _), id)| FotaDevice::new(id.to_string()).protocol(word.map(Protocol::from)))
                    .collect(),
            ),
        ),
        (
            "odd-types.json",
            Normalized,
            lookup(
                2,
                vec![
                    FotaDevice::new("352099001761481")
                        .mdn("5555550142".to_owned())
                        .fota_eligible(false)
                        .license_assigned(true)
                        .firmware("1.4".to_owned()),
                    // A flag that is neither says nothing; it must not read as "not licensed".
                    FotaDevice::new("353328110034566")
                        .license_assigned(false)
                        .software_list(vec![SoftwarePackage::default().name("agent".to_owned())]),
                ],
            )
            .account_name(account.clone()),
        ),
        (
            "not-found.json",
            Normalized,
            lookup(
                1,
                vec![
                    FotaDevice::new("867234051200779")
                        .request_status("Failure".to_owned())
                        .result_reason(Reason::DeviceNotFound),
                ],
            )
            .account_name(account),
        ),
    ]);
}

const PROTOCOLS: [(Option<&str>, ProtocolKind); 12] = [
    (Some("LWM2M"), ProtocolKind::Lwm2m),
    (Some("OMADM"), ProtocolKind::OmaDm),
    (Some("OMDADM"), ProtocolKind::OmaDm),
    (Some("OMD-DM"), ProtocolKind::OmaDm),
    (Some("OMA-DM"), ProtocolKind::OmaDm),
    (Some("OMA"), ProtocolKind::OmaDm),
    (Some("HTTP"), ProtocolKind::Http),
    (Some("NONE"), ProtocolKind::None),
    (Some("omadm"), ProtocolKind::OmaDm),
    (Some("MQTT"), ProtocolKind::Other),
    (Some(""), ProtocolKind::Other),
    (None, ProtocolKind::Other),
];

#[test]
fn protocol_kinds() {
    for (word, kind) in PROTOCOLS {
        assert_eq!(Protocol::from(word.unwrap_or_default()).kind(), kind, "{word:?}");
    }
}

fn lookup(count: u64, devices: Vec<FotaDevice>) -> DeviceLookup {
    DeviceLookup::default().device_count(count).device_list(devices)
}
