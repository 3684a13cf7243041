//! Who was refused in past runs, and why. Reads line by line, because a journal can be larger than memory.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use fota_core::bulk::{Action, Event, Outcome};
use fota_core::models::DeviceId;

use super::line::{Header, Line, VERSION};
use super::store::{Store, name_of};
use crate::error::Failure;

/// The refused devices of an account, those of the newest run first, each once for each kind of change.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// The runs that were read, newest first.
    pub(crate) runs: Vec<PastRun>,
    /// The reasons, in the order in which they were found.
    pub(crate) causes: Vec<Cause>,
    pub(crate) devices: Vec<Refusal>,
    /// Journals that cannot be read.
    pub(crate) unreadable: usize,
    /// Whether there were so many refused devices that older runs were left unread.
    pub(crate) cut: bool,
}

/// A run of this machine.
#[derive(Debug)]
pub(crate) struct PastRun {
    pub(crate) name: String,
    pub(crate) started: String,
}

/// What the service said about a refused device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cause {
    pub(crate) is_removal: bool,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
}

/// A device that was refused; `run` and `cause` count in the lists beside it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) device: DeviceId,
    pub(crate) run: usize,
    pub(crate) cause: usize,
}

impl Store {
    /// Who was refused in the runs of this account and service. After `most` devices no older run is read.
    pub(crate) fn refusals(&self, account: &str, service: &str, most: usize) -> Result<Refusals, Failure> {
        let mut reader = Reader { account, service, most, ..Reader::default() };
        for path in self.paths()?.iter().rev() {
            if reader.found.devices.len() >= most {
                reader.found.cut = true;
                break;
            }
            if reader.journal(path).is_err() {
                reader.found.unreadable += 1;
            }
        }
        Ok(reader.found)
    }
}

#[derive(Default)]
struct Reader<'a> {
    account: &'a str,
    service: &'a str,
    most: usize,
    found: Refusals,
    numbers: BTreeMap<Cause, usize>,
    seen: HashSet<(DeviceId, bool)>,
}

impl Reader<'_> {
    fn journal(&mut self, path: &Path) -> io::Result<()> {
        let mut file = BufReader::new(File::open(path)?);
        let mut text = Vec::new();
        file.read_until(b'\n', &mut text)?;
        let header: Header = serde_json::from_slice(&text)?;
        if header.version != VERSION {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        if header.account != self.account || header.service != self.service {
            return Ok(());
        }
        let is_removal = header.action() == Some(Action::Remove);
        let run = self.found.runs.len();
        self.found.runs.push(PastRun { name: name_of(path), started: header.started });
        loop {
            text.clear();
            file.read_until(b'\n', &mut text)?;
            // What a crash tore in two is no line.
            if text.last() != Some(&b'\n') {
                return Ok(());
            }
            if let Some(Event::Settled { outcomes, .. }) = serde_json::from_slice::<Line>(&text)?.event() {
                for (device, outcome) in outcomes {
                    self.outcome(device, outcome, run, is_removal);
                }
            }
        }
    }

    fn outcome(&mut self, device: DeviceId, outcome: Outcome, run: usize, is_removal: bool) {
        let Outcome::Refused { status, reason } = outcome else { return };
        if self.seen.contains(&(device.clone(), is_removal)) {
            return;
        }
        if self.found.devices.len() >= self.most {
            self.found.cut = true;
            return;
        }
        self.seen.insert((device.clone(), is_removal));
        let cause = Cause {
            is_removal,
            status: clipped(status.as_str()),
            reason: reason.as_deref().map(clipped).filter(|text| !text.trim().is_empty()),
        };
        let causes = &mut self.found.causes;
        let cause = *self.numbers.entry(cause.clone()).or_insert_with(|| {
            causes.push(cause);
            causes.len() - 1
        });
        self.found.devices.push(Refusal { device, run, cause });
    }
}

/// A service may say a lot; its first words tell.
fn clipped(text: &str) -> String {
    const MOST: usize = 200;
    let mut clipped: String = text.chars().take(MOST).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}
