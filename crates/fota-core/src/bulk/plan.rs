//! From "these devices shall have a license" to what has to be changed, and whether it fits.

use std::collections::HashSet;
use std::fmt;

use fota_models::{DeviceId, LicenseSummary};

/// The licenses of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pool {
    /// Bought.
    pub total: u64,
    /// On devices.
    pub used: u64,
}

impl Pool {
    /// The totals of a page; `None` unless the service told both.
    pub fn of(page: &LicenseSummary) -> Option<Self> {
        Some(Pool { total: page.total_licenses?, used: page.assigned_licenses? })
    }

    /// On no device. Zero when more are used than bought.
    pub fn free(self) -> u64 {
        self.total.saturating_sub(self.used)
    }

    /// On no device once so many licenses are taken back. Where more are used than bought, the first of them
    /// free nothing.
    pub fn free_after(self, removed: u64) -> u64 {
        self.total.saturating_sub(self.used.saturating_sub(removed))
    }
}

/// The difference between the wanted and the present state. Removals come first: they free licenses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Plan {
    /// Devices that need a license and have none, in the order they were wanted.
    pub assign: Vec<DeviceId>,
    /// Devices that have a license and shall not, in the order they were found.
    pub remove: Vec<DeviceId>,
    /// How many wanted devices have a license already.
    pub unchanged: usize,
    /// How many devices that are not wanted keep their license, because the plan does not prune.
    pub kept: usize,
}

impl Plan {
    /// What makes `current` into `wanted`. Without `prune`, licenses of other devices are left alone.
    pub fn new(
        wanted: impl IntoIterator<Item = DeviceId>,
        current: impl IntoIterator<Item = DeviceId>,
        prune: bool,
    ) -> Self {
        let mut seen = HashSet::new();
        let wanted: Vec<_> = wanted.into_iter().filter(|device| seen.insert(device.clone())).collect();
        let mut plan = Plan::default();
        let mut licensed = HashSet::new();
        for device in current {
            if !licensed.insert(device.clone()) {
                continue;
            }
            if seen.contains(&device) {
                plan.unchanged += 1;
            } else if prune {
                plan.remove.push(device);
            } else {
                plan.kept += 1;
            }
        }
        plan.assign = wanted.into_iter().filter(|device| !licensed.contains(device)).collect();
        plan
    }

    /// Whether nothing has to be changed.
    pub fn is_empty(&self) -> bool {
        self.assign.is_empty() && self.remove.is_empty()
    }

    /// Checks that the licenses suffice, counting those that the plan frees.
    ///
    /// # Errors
    /// [`DoesNotFit`] with the numbers.
    pub fn check(&self, pool: Pool) -> Result<(), DoesNotFit> {
        let needed = self.assign.len() as u64;
        let free = pool.free_after(self.remove.len() as u64);
        if needed > free { Err(DoesNotFit { needed, free, short_by: needed - free }) } else { Ok(()) }
    }
}

/// A plan needs more licenses than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoesNotFit {
    /// Licenses that the plan needs.
    pub needed: u64,
    /// Licenses that are free, those the plan frees included.
    pub free: u64,
    /// The difference.
    pub short_by: u64,
}

impl fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DoesNotFit { needed, free, short_by } = self;
        write!(f, "{needed} licenses are needed and {free} are free: short by {short_by}")
    }
}

impl std::error::Error for DoesNotFit {}
