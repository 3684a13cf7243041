//! After the changes: does the list say what the file says? Others may have worked on the account meanwhile.

use std::collections::HashSet;

use fota_core::bulk::{Action, Outcome};
use fota_core::models::DeviceId;

use super::super::listing::Listing;
use super::apply::Device;

/// How the account differs from the file, refused changes left aside.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Wanted devices without a license, in the order of the file.
    pub(super) missing: Vec<DeviceId>,
    /// Devices with a license that are not wanted, where pruned.
    pub(super) surplus: usize,
    /// Devices whose change was refused, or for which no license was left.
    pub(super) refused: usize,
}

impl Difference {
    pub(super) fn is_none(&self) -> bool {
        self.missing.is_empty() && self.surplus == 0 && self.refused == 0
    }
}

/// Compares the list with the file. Refusals that the list proves moot are corrected: a device from which
/// somebody else took the license meanwhile is as wanted, though the service refused to take it again.
pub(super) fn compare(
    wanted: &[DeviceId],
    prune: bool,
    listing: &Listing,
    devices: &mut [Device],
) -> Difference {
    let licensed = listing.set();
    let mut refused = HashSet::new();
    for device in devices {
        if !device.held && !matches!(device.outcome, Outcome::Refused { .. }) {
            continue;
        }
        let wants_one = device.action == Action::Assign;
        if licensed.contains(&device.id) == wants_one {
            device.outcome = Outcome::Already;
            device.held = false;
        } else {
            refused.insert(&device.id);
        }
    }
    let missing =
        wanted.iter().filter(|id| !licensed.contains(id) && !refused.contains(id)).cloned().collect();
    let surplus = if prune {
        let wanted: HashSet<_> = wanted.iter().collect();
        licensed.iter().filter(|id| !wanted.contains(*id) && !refused.contains(*id)).count()
    } else {
        0
    };
    Difference { missing, surplus, refused: refused.len() }
}

/// Puts the results of a later round with those before: the last word on a device counts.
pub(super) fn merge(devices: &mut Vec<Device>, later: Vec<Device>) {
    let again: HashSet<DeviceId> = later.iter().map(|device| device.id.clone()).collect();
    devices.retain(|device| !again.contains(&device.id));
    devices.extend(later);
}

#[cfg(test)]
mod tests {
    use super::super::super::usage::Pool;
    use super::*;

    fn ids(texts: &[&str]) -> Vec<DeviceId> {
        texts.iter().map(|text| DeviceId::from(*text)).collect()
    }

    fn device(id: &str, action: Action, outcome: Outcome, held: bool) -> Device {
        Device { id: DeviceId::from(id), action, outcome, held }
    }

    fn refused() -> Outcome {
        Outcome::Refused { status: "LicenseRemoveFailed".into(), reason: None }
    }

    #[test]
    fn refusals_that_the_list_proves_moot_are_none() {
        let listing = Listing { devices: ids(&["1", "2", "8"]), pool: Pool::default() };
        let mut devices = [
            device("1", Action::Assign, Outcome::Applied, false),
            device("2", Action::Assign, refused(), false),
            device("3", Action::Assign, Outcome::NotAttempted, true),
            device("8", Action::Remove, refused(), false),
            device("9", Action::Remove, refused(), false),
        ];
        let difference = compare(&ids(&["1", "2", "3"]), true, &listing, &mut devices);
        assert_eq!(difference, Difference { missing: vec![], surplus: 0, refused: 2 });
        let outcomes: Vec<_> = devices.iter().map(|device| device.outcome.as_str()).collect();
        assert_eq!(outcomes, ["applied", "already", "notAttempted", "refused", "already"]);
    }

    #[test]
    fn what_others_changed_is_a_difference() {
        let listing = Listing { devices: ids(&["1", "7", "9"]), pool: Pool::default() };
        let mut devices = [
            device("1", Action::Assign, Outcome::Applied, false),
            device("2", Action::Assign, Outcome::Applied, false),
            device("9", Action::Remove, Outcome::Applied, false),
        ];
        let difference = compare(&ids(&["1", "2", "3"]), true, &listing, &mut devices);
        assert_eq!(difference, Difference { missing: ids(&["2", "3"]), surplus: 2, refused: 0 });
        let difference = compare(&ids(&["1", "2", "3"]), false, &listing, &mut devices);
        assert_eq!(difference.surplus, 0);
    }
}
