//! What an emulator starts from: credentials that everybody may know, accounts, and fleets made from a seed.

use std::path::PathBuf;

use fota_models::{AccountName, DeviceId, Secret};

use crate::clock::{DEFAULT_START, system_seconds};
use crate::faults::{Fault, InvalidFault};
use crate::fleet;
use crate::rate_limit::RateLimit;
use crate::switches::Switches;

/// The OAuth key that the emulator accepts by default. Not a secret: it opens nothing else.
pub const CLIENT_ID: &str = "emulator-key";
/// The OAuth secret that the emulator accepts by default.
pub const CLIENT_SECRET: &str = "emulator-secret-not-real";
/// The user whose login the emulator accepts by default.
pub const USERNAME: &str = "emulator-user";
/// The password of that user.
pub const PASSWORD: &str = "emulator-password-not-real";
/// The account that exists by default.
pub const ACCOUNT: &str = "0000123456-00001";

/// What an emulator starts from.
///
/// ```
/// use fota_emulator::Settings;
/// // 2,500 devices, 2,000 licenses of which 1,500 are assigned; the same ones for the same seed.
/// let settings = Settings::seeded(2500, 2000, 7);
/// // The same with nothing assigned yet.
/// let settings = Settings::seeded(2500, 2000, 7).assigned(0);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The OAuth key.
    pub client_id: String,
    /// The OAuth secret.
    pub client_secret: Secret,
    /// The user.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// The accounts; the first one is [`Emulator::account_name`](crate::Emulator::account_name).
    pub accounts: Vec<AccountSettings>,
    /// Answers to the open questions.
    pub switches: Switches,
    /// Any well-formed IMEI becomes a device of the account at first sight.
    pub adopt_unknown: bool,
    /// The [magic IMEIs](crate::MAGIC) do their tricks. On by default: no other device begins like them.
    pub magic: bool,
    /// Rules in force from the start, checked on their way in.
    pub(crate) faults: Vec<Fault>,
    /// What tokens, and the fleet of [`seeded`](Self::seeded), are made from.
    pub seed: u64,
    /// The wall time at the start, in seconds since 1970. Fixed by default, so that runs can be repeated.
    pub start: u64,
    /// Time stands still unless [advanced](crate::Emulator::advance). Only for the server: without it, the driver passes the time.
    pub manual_clock: bool,
    /// A file that keeps the state between runs. Only for the server.
    pub state_file: Option<PathBuf>,
}

impl Settings {
    /// One account without licenses and devices.
    pub fn empty() -> Self {
        Settings {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::from(CLIENT_SECRET),
            username: USERNAME.to_owned(),
            password: Secret::from(PASSWORD),
            accounts: vec![AccountSettings::new(default_account(), 0)],
            switches: Switches::default(),
            adopt_unknown: false,
            magic: true,
            faults: Vec::new(),
            seed: 0,
            start: DEFAULT_START,
            manual_clock: false,
            state_file: None,
        }
    }

    /// One account with this many devices and licenses. Three quarters of the licenses that the devices could use are
    /// assigned, so that listing has something to walk; [`assigned`](Self::assigned) changes that.
    pub fn seeded(devices: usize, licenses: u64, seed: u64) -> Self {
        let useful = devices.min(usize::try_from(licenses).unwrap_or(usize::MAX));
        let mut account = AccountSettings::new(default_account(), licenses);
        account.fleet = fleet::Fleet { devices, seed };
        account.assigned = useful / 4 * 3 + useful % 4 * 3 / 4;
        Settings { accounts: vec![account], seed, ..Settings::empty() }
    }

    /// The same with this many licenses of the first account assigned at the start; at most what licenses and devices allow.
    pub fn assigned(mut self, assigned: usize) -> Self {
        if let Some(account) = self.accounts.first_mut() {
            account.assigned = assigned;
        }
        self
    }

    /// The same with these devices added to the first account, without licenses.
    pub fn devices<D: Into<DeviceId>>(mut self, devices: impl IntoIterator<Item = D>) -> Self {
        if let Some(account) = self.accounts.first_mut() {
            account.devices.extend(devices.into_iter().map(Into::into));
        }
        self
    }

    /// The same with one more account.
    pub fn account(mut self, account: AccountSettings) -> Self {
        self.accounts.push(account);
        self
    }

    /// The same with these switches.
    pub fn switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// The same with this page size.
    pub fn page_size(mut self, devices: usize) -> Self {
        self.switches.page_size = devices;
        self
    }

    /// The same, taking any well-formed IMEI for a device of the account.
    pub fn adopt_unknown(mut self, adopt: bool) -> Self {
        self.adopt_unknown = adopt;
        self
    }

    /// The same, with [magic IMEIs](crate::MAGIC) or without.
    pub fn magic(mut self, magic: bool) -> Self {
        self.magic = magic;
        self
    }

    /// The same with fault rules that are in force from the start, and again after a reset.
    ///
    /// # Errors
    /// [`InvalidFault`] for the first rule that cannot be played.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Result<Self, InvalidFault> {
        for fault in faults {
            fault.check()?;
            self.faults.push(fault);
        }
        Ok(self)
    }

    /// The same with a limit on the first account's requests.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        if let Some(account) = self.accounts.first_mut() {
            account.rate_limit = Some(limit);
        }
        self
    }

    /// The same, with time that stands still unless advanced.
    pub fn manual_clock(mut self) -> Self {
        self.manual_clock = true;
        self
    }

    /// The same, with the wall time that this machine has now.
    pub fn starting_now(mut self) -> Self {
        self.start = system_seconds();
        self
    }

    /// The same, keeping its state in a file. It need not exist yet.
    pub fn state_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.state_file = Some(file.into());
        self
    }
}

/// A fleet of a hundred devices and sixty licenses.
impl Default for Settings {
    fn default() -> Self {
        Settings::seeded(100, 60, 7)
    }
}

/// What one account starts from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccountSettings {
    /// Its name.
    pub name: AccountName,
    /// How it pays, as the service writes it: `TS-HFOTA-MRC`, `TS-HFOTA-EVNT`, or both with a comma.
    pub purchase_type: String,
    /// Licenses it has bought.
    pub licenses: u64,
    /// Devices, besides those of a seeded fleet.
    pub devices: Vec<DeviceId>,
    /// How many licenses of the fleet are assigned at the start.
    pub assigned: usize,
    /// How many requests it may make; none means any number.
    pub rate_limit: Option<RateLimit>,
    pub(crate) fleet: fleet::Fleet,
}

impl AccountSettings {
    /// An account with a monthly subscription to this many licenses.
    pub fn new(name: AccountName, licenses: u64) -> Self {
        AccountSettings {
            name,
            purchase_type: "TS-HFOTA-MRC".to_owned(),
            licenses,
            devices: Vec::new(),
            assigned: 0,
            rate_limit: None,
            fleet: fleet::Fleet::default(),
        }
    }

    /// The same with a limit on its requests.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// An account that is billed per upgrade and has no licenses.
    pub fn event_billed(name: AccountName) -> Self {
        AccountSettings { purchase_type: "TS-HFOTA-EVNT".to_owned(), ..AccountSettings::new(name, 0) }
    }

    /// The same with these devices added.
    pub fn devices<D: Into<DeviceId>>(mut self, devices: impl IntoIterator<Item = D>) -> Self {
        self.devices.extend(devices.into_iter().map(Into::into));
        self
    }
}

/// The name that [`ACCOUNT`] spells, made from its numbers: that cannot fail.
pub(crate) fn default_account() -> AccountName {
    AccountName::numbered(123_456, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_account_is_the_documented_one() {
        assert_eq!(default_account().as_str(), ACCOUNT);
    }
}
