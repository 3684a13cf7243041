//! Licenses: the rules of listing (L1), assigning (L2) and removing (L3).

use std::collections::BTreeSet;

use fota_models::{
    DeviceId, DeviceOutcome, LicenseChange, LicenseStatus, LicenseSummary, LicensedDevice, Reason, TimeFormat,
};

use crate::accounts::{Account, DeviceState};
use crate::answers::stamp;
use crate::refusal::{self, Answer};
use crate::rules::Rules;
use crate::switches::{CursorAnswer, OverAssignment};

/// One page of the licensed devices after `cursor`.
pub(crate) fn list(
    account: &Account,
    cursor: &DeviceId,
    rules: &Rules<'_>,
) -> Result<LicenseSummary, Answer> {
    check_cursor(account, cursor, rules)?;
    let size = rules.switches.page();
    let mut page = Vec::with_capacity(size.min(account.licensed.len()));
    let mut after = account.licensed_after(cursor);
    for (turn, (device, assigned)) in after.by_ref().take(size).enumerate() {
        let time = stamp(assigned, rules.format(TimeFormat::Go, turn));
        page.push(LicensedDevice::new(device.clone()).assignment_time(time));
    }
    let more = after.next().is_some();
    let last = page.last().map_or(cursor, |last| &last.device_id).clone();
    let next = match rules.switches.cursor_answer {
        CursorAnswer::LastDevice => Some(last),
        CursorAnswer::Missing => None,
        CursorAnswer::Stuck => Some(cursor.clone()),
    };
    Ok(LicenseSummary::default()
        .account_name(account.name.to_string())
        .total_licenses(if account.event_only() { 0 } else { account.licenses })
        .assigned_licenses(account.assigned_licenses())
        .has_more_data(more)
        .last_seen_device_id(next)
        .max_page_size(u64::try_from(size).unwrap_or(u64::MAX))
        .device_list(page))
}

/// Gives each device a license, in the order of the request, as long as there are any.
pub(crate) fn assign(
    account: &mut Account,
    devices: &[DeviceId],
    rules: &Rules<'_>,
) -> Result<LicenseChange, Answer> {
    let devices = checked(devices, rules)?;
    if rules.switches.over_assignment == OverAssignment::WholeRequest && !account.event_only() {
        let needed =
            devices.iter().filter(|device| account.would_know(device, rules) && !account.is_licensed(device));
        if u64::try_from(needed.count()).unwrap_or(u64::MAX) > account.free_licenses() {
            return Err(refusal::invalid_parameter("Not enough licenses available"));
        }
    }
    let outcomes = devices.into_iter().map(|device| {
        let (done, reason) = assign_one(account, device, rules);
        let status = if done { LicenseStatus::AssignSuccess } else { LicenseStatus::AssignFailed };
        DeviceOutcome::new(device.clone(), status).reason(reason)
    });
    let outcomes = outcomes.collect();
    Ok(change(account, outcomes, rules))
}

/// Whether the device has a license now, and why.
pub(crate) fn assign_one(account: &mut Account, device: &DeviceId, rules: &Rules<'_>) -> (bool, Reason) {
    if device.imei().is_none() {
        return (false, Reason::from(INVALID_ID));
    }
    if !account.knows(device, rules) {
        return (false, Reason::DeviceNotFound);
    }
    if account.is_licensed(device) {
        return (true, Reason::Preexisting);
    }
    if account.event_only() {
        // Such accounts need no licenses; that this succeeds without taking any is our guess.
        return (true, Reason::Success);
    }
    if account.free_licenses() == 0 {
        return (false, Reason::from("No license available"));
    }
    account.licensed.insert(device.clone(), rules.unix_millis);
    account.updated = rules.unix_millis;
    // What happened under an earlier license does not bind this one.
    if let Some(state) = account.devices.get_mut(device) {
        state.upgraded = false;
        if let Some(magic) = rules.magic(device) {
            magic.mark(state);
        }
    }
    (true, Reason::Success)
}

/// Takes back the licenses that are unused.
pub(crate) fn remove(
    account: &mut Account,
    devices: &[DeviceId],
    rules: &Rules<'_>,
) -> Result<LicenseChange, Answer> {
    let devices = checked(devices, rules)?;
    let outcomes = devices.into_iter().map(|device| {
        let (done, reason) = remove_one(account, device, rules);
        let status = if done { LicenseStatus::RemoveSuccess } else { LicenseStatus::RemoveFailed };
        DeviceOutcome::new(device.clone(), status).reason(reason)
    });
    let outcomes = outcomes.collect();
    Ok(change(account, outcomes, rules))
}

/// Whether the device's license was taken back, and why.
pub(crate) fn remove_one(account: &mut Account, device: &DeviceId, rules: &Rules<'_>) -> (bool, Reason) {
    if device.imei().is_none() {
        return (false, Reason::from(INVALID_ID));
    }
    if !account.knows(device, rules) {
        return (false, Reason::DeviceNotFound);
    }
    let state = account.device(device).unwrap_or_default();
    if !account.is_licensed(device) {
        (false, Reason::from("Device has no license"))
    } else if state.upgrade_running {
        (false, Reason::from("License removal is not allowed while an upgrade is in progress"))
    } else if state.upgraded {
        (false, Reason::from("License removal is not allowed for a device that has been upgraded"))
    } else {
        account.licensed.remove(device);
        account.updated = rules.unix_millis;
        account.devices.insert(device.clone(), DeviceState { upgrade_scheduled: false, ..state });
        (true, Reason::Success)
    }
}

const INVALID_ID: &str = "Invalid device id format";

fn change(account: &Account, outcomes: Vec<DeviceOutcome>, rules: &Rules<'_>) -> LicenseChange {
    LicenseChange::default()
        .account_name(account.name.to_string())
        .total_licenses(if account.event_only() { 0 } else { account.licenses })
        .used_licenses(account.assigned_licenses())
        .device_list(rules.timed(outcomes))
}

/// The devices of a request, each once, in the order of their first mention.
pub(crate) fn checked<'d>(devices: &'d [DeviceId], rules: &Rules<'_>) -> Result<Vec<&'d DeviceId>, Answer> {
    if devices.is_empty() {
        return Err(refusal::invalid_parameter("Device list is empty"));
    }
    if let Some(most) = rules.switches.max_devices.filter(|most| devices.len() > *most) {
        return Err(refusal::invalid_parameter(&format!("Device list has more than {most} devices")));
    }
    let mut seen = BTreeSet::new();
    Ok(devices.iter().filter(|device| seen.insert(*device)).collect())
}

fn check_cursor(account: &Account, cursor: &DeviceId, rules: &Rules<'_>) -> Result<(), Answer> {
    let text = cursor.text();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refusal::invalid_parameter("Invalid device id format"));
    }
    if rules.switches.strict_cursor && &*text != "0" && !account.devices.contains_key(cursor) {
        return Err(refusal::invalid_parameter("LastSeenDeviceId Not Valid"));
    }
    Ok(())
}
