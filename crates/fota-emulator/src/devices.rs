//! Devices: what the service knows of each listed one (D2). All but the license is made up from the IMEI.

use fota_models::{DeviceId, DeviceLookup, FotaDevice, Protocol, Reason, TimeFormat};

use crate::accounts::Account;
use crate::answers::stamp;
use crate::licenses::checked;
use crate::refusal::Answer;
use crate::rules::Rules;

pub(crate) fn lookup(
    account: &mut Account,
    devices: &[DeviceId],
    rules: &Rules<'_>,
) -> Result<DeviceLookup, Answer> {
    let devices = checked(devices, rules)?;
    let entries = devices.into_iter().enumerate().map(|(turn, device)| {
        if account.knows(device, rules) {
            known(account, device, turn, rules)
        } else {
            FotaDevice::new(device.clone())
                .request_status("Failure".to_owned())
                .result_reason(Reason::DeviceNotFound)
        }
    });
    let entries: Vec<_> = entries.collect();
    Ok(DeviceLookup::default()
        .account_name(account.name.to_string())
        .device_count(u64::try_from(entries.len()).unwrap_or(u64::MAX))
        .device_list(entries))
}

fn known(account: &Account, device: &DeviceId, turn: usize, rules: &Rules<'_>) -> FotaDevice {
    const DAY: i64 = 24 * 3600 * 1000;
    let text = device.text();
    let number = text.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let upgraded = account.device(device).is_some_and(|state| state.upgraded);
    // Times that depend on the device alone, so that looking twice gives the same.
    let created = 1_685_750_636_000 + i64::try_from(number % 10_000_000).unwrap_or(0) * 1000;
    let go = |millis| stamp(millis, rules.format(TimeFormat::Go, turn));
    FotaDevice::new(device.clone())
        .mdn(format!("555{:07}", number % 10_000_000))
        .model(format!("TRK{}", number % 9 + 1))
        .make("ACME".to_owned())
        .firmware(if upgraded { "1.5.2" } else { "1.4.0" }.to_owned())
        .fota_eligible(true)
        .license_assigned(account.is_licensed(device))
        .status("Active".to_owned())
        .protocol(Protocol::from("LWM2M"))
        .create_time(go(created))
        .status_time(go(created + DAY))
        .refresh_time(go(created + 2 * DAY))
        .last_connection_time(stamp(created + 3 * DAY, rules.format(TimeFormat::Rfc3339, turn)))
        .request_status("Success".to_owned())
}
