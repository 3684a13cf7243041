//! Where the next listing of an account can start at the same time: an id for each page of the last whole one, in
//! the state directory. Nothing depends on it: without it, or with a wrong one, the list is the same, only later.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use fota_core::models::DeviceId;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::private::{make_folder, private};
use crate::settings::Environment;

/// Ids of fifty million devices' pages; anything longer was not written by us.
const MAX_LENGTH: u64 = 1024 * 1024;
const VERSION: u32 = 1;

/// The file of one account of one service.
#[derive(Debug)]
pub(super) struct Points {
    path: PathBuf,
    service: String,
    account: String,
}

/// What a listing leaves to the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// The most devices that were seen on a page.
    pub(super) page: usize,
    pub(super) starts: Vec<DeviceId>,
}

impl Points {
    /// Nothing is made or read yet. Nothing at all without a place for it.
    pub(super) fn new(connection: &Connection, environment: &Environment) -> Option<Self> {
        let folder = environment.folder("XDG_STATE_HOME", ".local/state")?.join("fota").join("lists");
        let (service, account) = (connection.service().to_owned(), connection.account.to_string());
        let name = format!("{:016x}.json", hash(&format!("{service}\n{account}")));
        Some(Points { path: folder.join(name), service, account })
    }

    /// What the last listing left. Whatever is wrong with the file, it left nothing.
    pub(super) fn read(&self) -> Left {
        let read = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            File::open(&self.path)?.take(MAX_LENGTH).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let entry = read().ok().and_then(|bytes| serde_json::from_slice::<Entry>(&bytes).ok());
        let ours = |entry: &Entry| {
            entry.version == VERSION && entry.service == self.service && entry.account == self.account
        };
        entry.filter(ours).map_or_else(Left::default, |entry| Left {
            page: entry.page,
            starts: entry.starts.into_iter().map(DeviceId::from).collect(),
        })
    }

    /// Leaves this to the next listing.
    pub(super) fn write(&self, left: &Left) -> io::Result<()> {
        if left.starts.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let entry = Entry {
            version: VERSION,
            service: self.service.clone(),
            account: self.account.clone(),
            page: left.page,
            starts: left.starts.iter().map(ToString::to_string).collect(),
        };
        if let Some(folder) = self.path.parent() {
            make_folder(folder)?;
        }
        // Another listing of the same account may end at the same time, so each has a file of its own at first.
        let new = self.path.with_extension(format!("{}.new", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = private().truncate(true).open(&new)?;
            file.write_all(&serde_json::to_vec(&entry)?)?;
            fs::rename(&new, &self.path)
        };
        write().inspect_err(|_| drop(fs::remove_file(&new)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    service: String,
    account: String,
    page: usize,
    starts: Vec<String>,
}

/// FNV-1a: the same in every version and on every machine. What it stands for is in the file, too.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
