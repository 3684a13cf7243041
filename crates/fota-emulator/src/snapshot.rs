//! The state between runs: licenses, devices, and failed logins, as one JSON document. Tokens and sessions die with the
//! process, as they do when a real service is restarted, and secrets are never written.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fota_models::{AccountName, DeviceId};
use serde::{Deserialize, Serialize};

use crate::accounts::{Account, DeviceState};
use crate::emulator::Emulator;
use crate::rate_limit::Limiter;

/// The version of the document that this crate writes and reads.
const FORMAT: u32 = 1;

/// An emulator's state at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    format: u32,
    strikes: u32,
    accounts: Vec<SavedAccount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SavedAccount {
    name: AccountName,
    purchase_type: String,
    licenses: u64,
    updated: i64,
    devices: Vec<SavedDevice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SavedDevice {
    id: DeviceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assigned: Option<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    upgraded: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    upgrade_running: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    upgrade_scheduled: bool,
}

impl Emulator {
    /// What there is to keep.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            format: FORMAT,
            strikes: self.strikes(),
            accounts: self.accounts.values().map(SavedAccount::of).collect(),
        }
    }

    /// Puts the accounts of a snapshot in the place of those of the same name, and restores failed logins.
    pub fn restore(&mut self, snapshot: Snapshot) {
        self.auth.set_strikes(snapshot.strikes);
        for saved in snapshot.accounts {
            let name = saved.name.to_string();
            // Limits are settings, not state.
            let limit = self.accounts.get(&name).and_then(Account::rate_limit);
            let mut account = saved.into_account();
            account.set_rate_limit(limit);
            self.accounts.insert(name, account);
        }
        self.changes += 1;
    }
}

impl Snapshot {
    /// Reads a snapshot; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else. The error names the file.
    pub fn load(file: &Path) -> io::Result<Option<Snapshot>> {
        let opened = match File::open(file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(about(file, "cannot be opened", error.kind(), &error)),
        };
        let snapshot: Snapshot = serde_json::from_reader(BufReader::new(opened)).map_err(|error| {
            let kind = if error.is_io() { io::ErrorKind::Other } else { io::ErrorKind::InvalidData };
            about(file, "is not an emulator's state", kind, &error)
        })?;
        if snapshot.format == FORMAT {
            Ok(Some(snapshot))
        } else {
            let found = format!("its format is {}, and only {FORMAT} can be read", snapshot.format);
            Err(about(file, "is of another version", io::ErrorKind::InvalidData, &found))
        }
    }

    /// Writes the snapshot in one step: a reader sees the old file or the new one, never half of it.
    ///
    /// # Errors
    /// When the file cannot be written. The error names the file; the old one is left as it was.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = file.with_file_name(name);
        let written = self.write(&temporary).and_then(|()| fs::rename(&temporary, file));
        written.map_err(|error| {
            // What is left of it is of no use.
            let _ = fs::remove_file(&temporary);
            about(file, "cannot be written", error.kind(), &error)
        })
    }

    fn write(&self, file: &Path) -> io::Result<()> {
        let mut writer = BufWriter::new(File::create(file)?);
        serde_json::to_writer(&mut writer, self)?;
        writer.write_all(b"\n")?;
        writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

impl SavedAccount {
    fn of(account: &Account) -> Self {
        let devices = account.devices.iter().map(|(id, state)| SavedDevice {
            id: id.clone(),
            assigned: account.licensed.get(id).copied(),
            upgraded: state.upgraded,
            upgrade_running: state.upgrade_running,
            upgrade_scheduled: state.upgrade_scheduled,
        });
        SavedAccount {
            name: account.name.clone(),
            purchase_type: account.purchase_type.clone(),
            licenses: account.licenses,
            updated: account.updated,
            devices: devices.collect(),
        }
    }

    fn into_account(self) -> Account {
        let licensed = self.devices.iter().filter_map(|device| Some((device.id.clone(), device.assigned?)));
        let licensed = licensed.collect();
        let devices = self.devices.into_iter().map(|device| {
            let SavedDevice { upgraded, upgrade_running, upgrade_scheduled, .. } = device;
            (device.id, DeviceState { upgraded, upgrade_running, upgrade_scheduled })
        });
        Account {
            name: self.name,
            purchase_type: self.purchase_type,
            licenses: self.licenses,
            updated: self.updated,
            devices: devices.collect(),
            licensed,
            limiter: Limiter::default(),
        }
    }
}

/// Keeps a state file up to date without slowing requests down much.
#[derive(Debug)]
pub(crate) struct Saver {
    file: PathBuf,
    saved: Option<u64>,
}

impl Saver {
    pub(crate) fn new(file: PathBuf) -> Self {
        Saver { file, saved: None }
    }

    pub(crate) fn is_current(&self, changes: u64) -> bool {
        self.saved == Some(changes)
    }

    /// Saves, and says whether that was quick.
    pub(crate) fn save(&mut self, snapshot: &Snapshot, changes: u64) -> io::Result<bool> {
        let started = Instant::now();
        snapshot.save(&self.file)?;
        self.saved = Some(changes);
        Ok(started.elapsed() < Duration::from_millis(50))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(value: &bool) -> bool {
    !*value
}

fn about(file: &Path, what: &str, kind: io::ErrorKind, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(kind, format!("the state file {} {what}: {why}", file.display()))
}
