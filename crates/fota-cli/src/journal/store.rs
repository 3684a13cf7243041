//! All journals of the user: making one, finding the one to go on with, listing them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fota_core::bulk::Event;
use fota_core::models::{DeviceId, TimeFormat, Timestamp};
use fs4::{FileExt, TryLockError};

use super::file::{Contents, Journal};
use super::line::{Header, Job, sha256};
use crate::error::Failure;
use crate::exit::Exit;
use crate::private::{make_folder, private};
use crate::settings::Environment;

/// The folder of the journals.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// A run to go on with.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(crate) journal: Journal,
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) events: Vec<Event>,
}

/// A run, for the list.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) header: Header,
    pub(crate) finished: bool,
    /// Devices whose outcome is known.
    pub(crate) known: usize,
}

impl Store {
    /// The folder, made if it is not there.
    pub(crate) fn open(environment: &Environment) -> Result<Self, Failure> {
        let folder = environment.folder("XDG_STATE_HOME", ".local/state").ok_or_else(|| {
            Failure::usage("there is no place to keep the journal of the run")
                .hint("set XDG_STATE_HOME or HOME")
        })?;
        let folder = folder.join("fota").join("runs");
        make_folder(&folder).map_err(|error| unusable(&folder, "made", &error))?;
        Ok(Store { folder })
    }

    #[cfg(test)]
    pub(super) fn at(folder: PathBuf) -> Self {
        Store { folder }
    }

    /// The journal to write: that of an unfinished run of the same job, with its events, or a new one.
    pub(crate) fn begin(
        &self,
        header: Header,
        devices: &[DeviceId],
    ) -> Result<(Journal, Vec<Event>), Failure> {
        for path in self.paths()?.into_iter().rev() {
            // A journal that cannot be read is none of this job's business.
            let Ok((found, contents)) = Journal::peek(&path) else { continue };
            if contents.finished || !found.is_same_job(&header) {
                continue;
            }
            let (journal, contents) = open_path(&path)?;
            return Ok((journal, contents.events));
        }
        Ok((self.create(header, devices)?, Vec::new()))
    }

    /// A new journal, whatever others there are.
    pub(crate) fn create(&self, header: Header, devices: &[DeviceId]) -> Result<Journal, Failure> {
        let path = self.fresh_path(&header)?;
        Journal::create(&path, header, devices).map_err(|error| unusable(&path, "written", &error))
    }

    /// Held while a sync of that account is at work, so that no other process on this machine plans one.
    pub(crate) fn lock_sync(&self, account: &str, service: &str) -> Result<File, Failure> {
        let hash = sha256(&format!("{account}\n{service}"));
        let path = self.folder.join(format!("sync-{}.lock", hash.get(..16).unwrap_or_default()));
        let file = private().open(&path).map_err(|error| unusable(&path, "locked", &error))?;
        match FileExt::try_lock(&file) {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                let text =
                    format!("another process is working on a sync of account {account}; nothing was sent");
                Err(Failure::new(Exit::Usage, "run_in_progress", text).hint("wait for it to end"))
            }
            Err(TryLockError::Error(error)) => Err(unusable(&path, "locked", &error)),
        }
    }

    /// Every sync of that account that was cut short. They stay open, so that no other process goes on with
    /// them meanwhile.
    pub(crate) fn unfinished_syncs(
        &self,
        account: &str,
        service: &str,
    ) -> Result<Vec<(Journal, Vec<Event>)>, Failure> {
        let mut found = Vec::new();
        for path in self.paths()? {
            let is_open = Journal::peek(&path)
                .is_ok_and(|(header, contents)| !contents.finished && header.is_sync_of(account, service));
            if is_open {
                let (journal, contents) = open_path(&path)?;
                // Another process may have ended it in between.
                if !contents.finished {
                    found.push((journal, contents.events));
                }
            }
        }
        Ok(found)
    }

    /// The unfinished run of that name; without a name, the newest one.
    pub(crate) fn resume(&self, name: Option<&str>) -> Result<Resumed, Failure> {
        let list = || Failure::usage("").hint("fota runs lists the runs");
        let paths = self.paths()?;
        let path = if let Some(name) = name {
            let path = self.folder.join(format!("{name}.jsonl"));
            let none = || list().with_message(format!("there is no run {name:?}"));
            paths.contains(&path).then_some(path).ok_or_else(none)?
        } else {
            let open = |path: &PathBuf| Journal::peek(path).is_ok_and(|(_, contents)| !contents.finished);
            let none = || list().with_message("every run is finished; there is nothing to resume");
            paths.into_iter().rev().find(open).ok_or_else(none)?
        };
        let (journal, contents) = open_path(&path)?;
        if contents.finished {
            return Err(list().with_message(format!("the run {} is finished", journal.name())));
        }
        Ok(Resumed { journal, devices: contents.devices, events: contents.events })
    }

    /// Every run that can be read, oldest first.
    pub(crate) fn list(&self) -> Result<Vec<Entry>, Failure> {
        let entries = self.paths()?.into_iter().filter_map(|path| {
            let (header, contents) = Journal::peek(&path).ok()?;
            let known = contents.events.iter().map(|event| match event {
                Event::Settled { outcomes, .. } => outcomes.len(),
                _ => 0,
            });
            Some(Entry { name: name_of(&path), header, finished: contents.finished, known: known.sum() })
        });
        Ok(entries.collect())
    }

    /// The journals by age.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        let read = || -> io::Result<Vec<PathBuf>> {
            fs::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
        };
        let mut paths = read().map_err(|error| unusable(&self.folder, "read", &error))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        paths.sort_by_cached_key(|path| age(path));
        Ok(paths)
    }

    /// A name no other run has, which tells when this one began: to the second, and by a number among the runs
    /// of that second, whatever they do.
    fn fresh_path(&self, header: &Header) -> Result<PathBuf, Failure> {
        let compact: String = header.started.chars().filter(char::is_ascii_alphanumeric).collect();
        let action = header.job().map_or("run", Job::as_str);
        let short = header.input.get(..6).unwrap_or_default();
        let same_second =
            self.paths()?.into_iter().map(|path| age(&path)).filter(|age| age.second == compact);
        let name = match same_second.map(|age| age.number).max() {
            None => format!("{compact}-{action}-{short}"),
            Some(last) => format!("{compact}-{action}-{short}-{}", last.saturating_add(1)),
        };
        Ok(self.folder.join(format!("{name}.jsonl")))
    }
}

/// What the name of a journal tells about its age, in the order by which they are sorted.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    second: String,
    number: u32,
    name: String,
}

fn age(path: &Path) -> Age {
    let name = name_of(path);
    let mut parts = name.splitn(4, '-');
    let second = parts.next().unwrap_or_default().to_owned();
    // The first of its second has no number.
    let number = parts.nth(2).and_then(|number| number.parse().ok()).unwrap_or(1);
    Age { second, number, name }
}

/// The present, as a header has it.
pub(crate) fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or_default();
    Timestamp::from_unix(seconds, 0, TimeFormat::Rfc3339).unwrap_or_default().to_string()
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn open_path(path: &Path) -> Result<(Journal, Contents), Failure> {
    match Journal::open(path) {
        Ok(Some(opened)) => Ok(opened),
        Ok(None) => Err(Failure::new(
            Exit::Usage,
            "run_in_progress",
            format!("another process is working on the run {}", name_of(path)),
        )
        .hint("wait for it to end")),
        Err(error) => Err(unusable(path, "read", &error)),
    }
}

fn unusable(path: &Path, verb: &str, error: &io::Error) -> Failure {
    let text = format!("the journal {} cannot be {verb}: {error}; nothing was sent", path.display());
    Failure::new(Exit::Unexpected, "journal", text)
        .hint("without a journal, a run that is cut short could not be continued; make room, or set XDG_STATE_HOME to a folder that can be written")
}

#[cfg(test)]
mod tests {
    use fota_core::bulk::{Action, Counts};

    use super::*;

    const SECOND: &str = "2026-03-05T09:10:11Z";

    fn header(started: &str, action: Action, device: usize) -> (Header, Vec<DeviceId>) {
        let devices = vec![DeviceId::from(format!("{device:015}"))];
        (Header::new(started.to_owned(), Job::Change(action), "account", "service", &devices), devices)
    }

    /// Runs of one second stand in the order in which they began: the same job again, and others between.
    #[test]
    fn runs_of_the_same_second_keep_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_owned());
        let mut names = Vec::new();
        for round in 0..6 {
            for (action, device) in [(Action::Remove, 1), (Action::Assign, 2), (Action::Assign, 1)] {
                let (header, devices) = header(SECOND, action, device);
                let journal = store.create(header, &devices).unwrap();
                names.push(journal.name());
                let listed: Vec<String> = store.list().unwrap().into_iter().map(|run| run.name).collect();
                assert_eq!(listed, names, "round {round}");
                drop(journal);
                assert_eq!(Some(&store.resume(None).unwrap().journal.name()), names.last());
            }
        }
        assert!(names[17].ends_with("-18") && !names[0].ends_with("-1"), "{names:?}");
        let (later, devices) = header("2026-03-05T09:10:12Z", Action::Assign, 1);
        names.push(store.create(later, &devices).unwrap().name());
        let (earlier, devices) = header("2026-03-05T09:10:10Z", Action::Remove, 1);
        names.insert(0, store.create(earlier, &devices).unwrap().name());
        let listed: Vec<String> = store.list().unwrap().into_iter().map(|run| run.name).collect();
        assert_eq!(listed, names);
    }

    /// The newest unfinished run is taken up, whatever the names of finished ones look like.
    #[test]
    fn the_same_job_goes_on_with_its_newest_run() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_owned());
        let begin = || {
            let (header, devices) = header(SECOND, Action::Assign, 1);
            store.create(header, &devices).unwrap()
        };
        let (first, second, mut third) = (begin().name(), begin().name(), begin());
        third.finish(Counts::default()).unwrap();
        drop(third);
        assert_ne!(first, second);
        let (header, devices) = header(SECOND, Action::Assign, 1);
        let (journal, _) = store.begin(header, &devices).unwrap();
        assert_eq!((journal.name(), journal.is_continued()), (second, true));
    }
}
