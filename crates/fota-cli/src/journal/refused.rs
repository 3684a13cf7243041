//! Who was refused in past runs, and why. Reads line by line, because a journal can be larger than memory.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use fota_core::bulk::{Action, Event, Outcome};
use fota_core::models::DeviceId;

use super::line::{Header, Job, Line, VERSION};
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
        let mut removals = Removals::of(&header);
        let run = self.found.runs.len();
        self.found.runs.push(PastRun { name: name_of(path), started: header.started });
        loop {
            text.clear();
            file.read_until(b'\n', &mut text)?;
            // What a crash tore in two is no line.
            if text.last() != Some(&b'\n') {
                return Ok(());
            }
            let line = match serde_json::from_slice::<Line>(&text)? {
                Line::Input(devices) => {
                    removals.note(devices);
                    continue;
                }
                line => line,
            };
            if let Some(Event::Settled { outcomes, .. }) = line.event() {
                for (device, outcome) in outcomes {
                    let is_removal = removals.contain(&device);
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

/// Which devices of a run were to lose their license.
enum Removals {
    All,
    None,
    /// So many more of the input, besides these.
    First(usize, HashSet<DeviceId>),
}

impl Removals {
    fn of(header: &Header) -> Self {
        match header.job() {
            Some(Job::Change(Action::Remove)) => Removals::All,
            Some(Job::Sync(plan)) => Removals::First(plan.remove, HashSet::new()),
            Some(Job::Change(_)) | None => Removals::None,
        }
    }

    fn note(&mut self, input: Vec<DeviceId>) {
        if let Removals::First(left, devices) = self {
            let taken = input.len().min(*left);
            devices.extend(input.into_iter().take(taken));
            *left -= taken;
        }
    }

    fn contain(&self, device: &DeviceId) -> bool {
        match self {
            Removals::All => true,
            Removals::None => false,
            Removals::First(_, devices) => devices.contains(device),
        }
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

#[cfg(test)]
mod tests {
    use fota_core::bulk::Ticket;

    use super::super::file::Journal;
    use super::*;

    const HOUR: [&str; 4] =
        ["2024-03-05T09:00:00Z", "2024-03-05T10:00:00Z", "2024-03-05T11:00:00Z", "2024-03-05T12:00:00Z"];

    fn refused(device: &str, reason: &str) -> (DeviceId, Outcome) {
        (device.into(), Outcome::Refused { status: "Failed".into(), reason: Some(reason.into()) })
    }

    fn run(store: &Store, started: &str, action: Action, account: &str, outcomes: Vec<(DeviceId, Outcome)>) {
        run_job(store, started, Job::Change(action), account, outcomes);
    }

    fn run_job(store: &Store, started: &str, job: Job, account: &str, outcomes: Vec<(DeviceId, Outcome)>) {
        let devices: Vec<_> = outcomes.iter().map(|(device, _)| device.clone()).collect();
        let header = Header::new(started.into(), job, account, "s", &devices);
        let (mut journal, _): (Journal, _) = store.begin(header, &devices).unwrap();
        let ticket = Ticket::new(1);
        journal.append(vec![Event::Settled { ticket, outcomes }]).unwrap();
        journal.finish(fota_core::bulk::Counts::default()).unwrap();
    }

    fn store(folder: &Path) -> Store {
        Store::at(folder.to_owned())
    }

    fn told(found: &Refusals) -> Vec<(String, &str, &str, bool)> {
        let row = |refusal: &Refusal| {
            let cause = &found.causes[refusal.cause];
            let started = found.runs[refusal.run].started.as_str();
            (refusal.device.to_string(), started, cause.reason.as_deref().unwrap(), cause.is_removal)
        };
        found.devices.iter().map(row).collect()
    }

    #[test]
    fn each_device_with_its_newest_reason() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        run(&store, HOUR[0], Action::Assign, "a", vec![refused("1", "old"), refused("2", "old")]);
        run(&store, HOUR[1], Action::Assign, "a", vec![refused("1", "new"), ("3".into(), Outcome::Applied)]);
        run(&store, HOUR[2], Action::Remove, "a", vec![refused("1", "upgraded")]);
        run(&store, HOUR[3], Action::Assign, "other", vec![refused("9", "not ours")]);
        let found = store.refusals("a", "s", 100).unwrap();
        assert_eq!(
            told(&found),
            [
                ("1".into(), HOUR[2], "upgraded", true),
                ("1".into(), HOUR[1], "new", false),
                ("2".into(), HOUR[0], "old", false)
            ]
        );
        assert_eq!((found.runs.len(), found.unreadable, found.cut), (3, 0, false));
        assert_eq!(store.refusals("a", "elsewhere", 100).unwrap().devices.len(), 0);
    }

    #[test]
    fn a_sync_refuses_removals_and_assignments() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let plan = super::super::Planned { remove: 1, assign: 1, ..Default::default() };
        let outcomes = vec![refused("1", "upgraded"), refused("2", "unknown")];
        run_job(&store, HOUR[0], Job::Sync(plan), "a", outcomes);
        let found = store.refusals("a", "s", 100).unwrap();
        assert_eq!(
            told(&found),
            [("1".into(), HOUR[0], "upgraded", true), ("2".into(), HOUR[0], "unknown", false)]
        );
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        run(&store, HOUR[0], Action::Assign, "a", vec![refused("1", "old")]);
        run(&store, HOUR[1], Action::Assign, "a", vec![refused("2", &"x".repeat(999)), refused("3", "y")]);
        let found = store.refusals("a", "s", 2).unwrap();
        assert_eq!((found.devices.len(), found.runs.len(), found.cut), (2, 1, true));
        assert_eq!(found.causes[0].reason.as_ref().unwrap().chars().count(), 201);
        assert!(store.refusals("a", "s", 1).unwrap().cut);
        assert!(!store.refusals("a", "s", 3).unwrap().cut);
    }

    #[test]
    fn a_torn_line_is_no_damage_and_a_strange_file_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        run(&store, HOUR[0], Action::Assign, "a", vec![refused("1", "old")]);
        let path = store.paths().unwrap().remove(0);
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"{\"settled\":{\"tick");
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("zzz.jsonl"), "not a journal\n").unwrap();
        let found = store.refusals("a", "s", 9).unwrap();
        assert_eq!((told(&found).len(), found.unreadable), (1, 1));
    }
}
