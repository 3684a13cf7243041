//! Accounts: what they have bought, which devices they own, and which of those hold a license.

use std::collections::BTreeMap;
use std::ops::Bound;

use fota_models::{AccountName, DeviceId};

use crate::fleet;
use crate::rate_limit::{Limiter, RateLimit};
use crate::rules::Rules;
use crate::settings::AccountSettings;

/// One account's ledger. Listing costs as much as the page, not as the fleet.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) name: AccountName,
    pub(crate) purchase_type: String,
    pub(crate) licenses: u64,
    /// Milliseconds since 1970 of the last change.
    pub(crate) updated: i64,
    pub(crate) devices: BTreeMap<DeviceId, DeviceState>,
    /// Milliseconds since 1970 of the assignment.
    pub(crate) licensed: BTreeMap<DeviceId, i64>,
    pub(crate) limiter: Limiter,
}

/// What decides whether a device's license can be taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceState {
    /// Its firmware was upgraded since it got its license.
    pub upgraded: bool,
    /// An upgrade is running.
    pub upgrade_running: bool,
    /// An upgrade is scheduled but has not started; taking the license back cancels it.
    pub upgrade_scheduled: bool,
}

impl Account {
    pub(crate) fn new(settings: &AccountSettings, start: i64) -> Self {
        const YEAR: u64 = 365 * 24 * 3600 * 1000;
        let fleet = settings.fleet;
        let imeis = fleet.imeis();
        let assigned = settings.assigned.min(usize::try_from(settings.licenses).unwrap_or(usize::MAX));
        let mut random = fastrand::Rng::with_seed(fleet.seed ^ 0x0071_11e5);
        let chosen = fleet::choose(imeis.len(), assigned, fleet.seed);
        let licensed = imeis.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(imei, _)| {
            let ago = i64::try_from(random.u64(0..YEAR)).unwrap_or(0);
            (DeviceId::from(*imei), start - ago)
        });
        let licensed = licensed.collect();
        let devices = imeis.into_iter().map(DeviceId::from).chain(settings.devices.iter().cloned());
        Account {
            name: settings.name.clone(),
            purchase_type: settings.purchase_type.clone(),
            licenses: settings.licenses,
            updated: start,
            devices: devices.map(|device| (device, DeviceState::default())).collect(),
            licensed,
            limiter: Limiter::new(settings.rate_limit),
        }
    }

    /// Its name.
    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// Licenses bought.
    pub fn total_licenses(&self) -> u64 {
        self.licenses
    }

    /// Licenses on devices.
    pub fn assigned_licenses(&self) -> u64 {
        u64::try_from(self.licensed.len()).unwrap_or(u64::MAX)
    }

    /// Licenses on no device.
    pub fn free_licenses(&self) -> u64 {
        self.licenses.saturating_sub(self.assigned_licenses())
    }

    /// All devices, in ascending order.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &DeviceId> {
        self.devices.keys()
    }

    /// The devices that hold a license, in ascending order.
    pub fn licensed(&self) -> impl ExactSizeIterator<Item = &DeviceId> {
        self.licensed.keys()
    }

    /// Whether the device holds a license.
    pub fn is_licensed(&self, device: &DeviceId) -> bool {
        self.licensed.contains_key(device)
    }

    /// What is known of a device of the account.
    pub fn device(&self, device: &DeviceId) -> Option<DeviceState> {
        self.devices.get(device).copied()
    }

    /// Changes what is known of a device; adds the device when the account does not have it.
    pub fn set_device(&mut self, device: DeviceId, state: DeviceState) {
        self.devices.insert(device, state);
    }

    /// Buys or cancels licenses. Those on devices stay there.
    pub fn set_total_licenses(&mut self, licenses: u64) {
        self.licenses = licenses;
    }

    /// How many requests the account may make.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.limiter.limit
    }

    /// Sets how many requests the account may make, with nothing used up yet.
    pub fn set_rate_limit(&mut self, limit: Option<RateLimit>) {
        self.limiter = Limiter::new(limit);
    }

    /// Billed per upgrade only: there is nothing to assign.
    pub(crate) fn event_only(&self) -> bool {
        !self.purchase_type.split(',').any(|word| word.trim() == "TS-HFOTA-MRC")
    }

    /// Whether the account has the device, or would take it for one of its own.
    pub(crate) fn would_know(&self, device: &DeviceId, rules: &Rules<'_>) -> bool {
        match rules.magic(device) {
            Some(magic) => magic.exists(),
            None => self.devices.contains_key(device) || rules.adopt && device.imei().is_some(),
        }
    }

    /// The same, and a device that was not known becomes one of the account's.
    pub(crate) fn knows(&mut self, device: &DeviceId, rules: &Rules<'_>) -> bool {
        let magic = rules.magic(device);
        let known = self.would_know(device, rules);
        if known && (rules.adopt || magic.is_some()) {
            let state = self.devices.entry(device.clone()).or_default();
            if let Some(magic) = magic {
                magic.mark(state);
            }
        }
        known
    }

    /// The licensed devices after a cursor, with the times of their assignment.
    pub(crate) fn licensed_after(&self, cursor: &DeviceId) -> impl Iterator<Item = (&DeviceId, i64)> {
        self.licensed
            .range((Bound::Excluded(cursor), Bound::Unbounded))
            .map(|(device, assigned)| (device, *assigned))
    }
}

impl DeviceState {
    /// A device whose firmware was upgraded since it got its license.
    pub fn upgraded() -> Self {
        DeviceState { upgraded: true, ..DeviceState::default() }
    }

    /// A device on which an upgrade is running.
    pub fn upgrade_running() -> Self {
        DeviceState { upgrade_running: true, ..DeviceState::default() }
    }

    /// A device for which an upgrade is scheduled.
    pub fn upgrade_scheduled() -> Self {
        DeviceState { upgrade_scheduled: true, ..DeviceState::default() }
    }
}
