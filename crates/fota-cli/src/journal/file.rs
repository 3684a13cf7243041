//! One journal: made, read back, and appended to. Whoever has it open has it alone.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fota_core::bulk::{Counts, Event};
use fota_core::models::DeviceId;
use fs4::FileExt;

use super::line::{Header, Line, Successor, VERSION};
use crate::private::{private, sync_folder};

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) header: Header,
    path: PathBuf,
    file: File,
    continued: bool,
}

/// What an earlier process left in a journal.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) events: Vec<Event>,
    /// Nothing is left to do, or another run does it.
    pub(crate) finished: bool,
    /// Where the last whole line ends.
    end: u64,
}

/// Devices on one line of the input.
const DEVICES_A_LINE: usize = 1000;

impl Journal {
    /// Makes a journal. The header and the devices are on disk when this returns, and the file has its name
    /// only then: there is no half journal, whenever the process dies.
    pub(super) fn create(path: &Path, header: Header, devices: &[DeviceId]) -> io::Result<Self> {
        let part = path.with_extension("part");
        let file = private().open(&part)?;
        FileExt::try_lock(&file)
            .map_err(|_| io::Error::other("another process is making the same journal"))?;
        // Looked at under the lock: what was opened may by now be the finished journal of another process.
        if path.exists() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "another process has just begun this run",
            ));
        }
        let make = || {
            // What a process left that died while it made a journal of this name.
            file.set_len(0)?;
            write_start(&file, &header, devices)?;
            fs::rename(&part, path)?;
            sync_folder(path)
        };
        match make() {
            Ok(()) => Ok(Journal { header, path: path.to_owned(), file, continued: false }),
            Err(error) => {
                // A full disk has better uses.
                let _ = fs::remove_file(&part);
                Err(error)
            }
        }
    }

    /// Opens a journal and reads it. `Ok(None)` when another process has it open.
    pub(super) fn open(path: &Path) -> io::Result<Option<(Self, Contents)>> {
        let file = File::options().read(true).write(true).open(path)?;
        if FileExt::try_lock(&file).is_err() {
            return Ok(None);
        }
        let (header, contents) = read(&file)?;
        // What a crash tore in two is cut, so that the next line begins on its own.
        file.set_len(contents.end)?;
        let mut journal = Journal { header, path: path.to_owned(), file, continued: true };
        journal.file.seek(SeekFrom::End(0))?;
        Ok(Some((journal, contents)))
    }

    /// The header and whether the run is finished, without opening it for writing.
    pub(super) fn peek(path: &Path) -> io::Result<(Header, Contents)> {
        read(&File::open(path)?)
    }

    /// The name of the run.
    pub(crate) fn name(&self) -> String {
        super::store::name_of(&self.path)
    }

    /// Whether an earlier process began it.
    pub(crate) fn is_continued(&self) -> bool {
        self.continued
    }

    /// Writes events. They are on disk when this returns.
    pub(crate) fn append(&mut self, events: Vec<Event>) -> io::Result<()> {
        let lines: Vec<_> = events.into_iter().filter_map(Line::of).collect();
        self.write(&lines)
    }

    /// Marks the run as finished.
    pub(crate) fn finish(&mut self, counts: Counts) -> io::Result<()> {
        self.write(&[Line::Finished(counts.into())])
    }

    /// Marks the run as given up: it must never go on, for `by` has taken its place.
    pub(crate) fn replace(&mut self, by: Option<String>) -> io::Result<()> {
        self.write(&[Line::Replaced(Successor { by })])
    }

    fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        let start = self.file.stream_position()?;
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Half a line must not stand before a whole one, should there be room again.
            let _ = self.file.set_len(start).and_then(|()| self.file.seek(SeekFrom::Start(start)));
        }
        written
    }
}

fn write_start(file: &File, header: &Header, devices: &[DeviceId]) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    serde_json::to_writer(&mut out, header)?;
    out.write_all(b"\n")?;
    for devices in devices.chunks(DEVICES_A_LINE) {
        serde_json::to_writer(&mut out, &Line::Input(devices.to_vec()))?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    file.sync_all()
}

fn read(mut file: &File) -> io::Result<(Header, Contents)> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    let mut contents = Contents::default();
    let mut header: Option<Header> = None;
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text)?;
        if read == 0 || text.last() != Some(&b'\n') {
            break;
        }
        match &header {
            None => {
                let first: Header = serde_json::from_slice(&text)?;
                if first.version != VERSION {
                    let text = format!("it was written by version {} of this tool", first.tool);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
                header = Some(first);
            }
            Some(_) => match serde_json::from_slice::<Line>(&text)? {
                Line::Input(devices) => contents.devices.extend(devices),
                Line::Finished(_) | Line::Replaced(_) => contents.finished = true,
                line => contents.events.extend(line.event()),
            },
        }
        contents.end += read as u64;
    }
    let header = header.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no first line"))?;
    if contents.devices.len() != header.devices {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its list of devices is incomplete"));
    }
    Ok((header, contents))
}

#[cfg(test)]
mod tests {
    use fota_core::bulk::{Action, Outcome, Ticket};

    use super::super::line::Job;
    use super::*;

    fn ids(count: usize) -> Vec<DeviceId> {
        (0..count).map(|n| DeviceId::from(format!("{:015}", 352_099_001_000_000_usize + n))).collect()
    }

    fn events() -> Vec<Event> {
        vec![
            Event::Sending { ticket: Ticket::new(1), devices: ids(2) },
            Event::Settled {
                ticket: Ticket::new(1),
                outcomes: ids(2).into_iter().map(|id| (id, Outcome::Applied)).collect(),
            },
        ]
    }

    #[test]
    fn no_journal_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let header =
            || Header::new("2024-03-05T09:10:11Z".into(), Job::Change(Action::Assign), "a", "s", &ids(1));
        drop(Journal::create(&path, header(), &ids(1)).unwrap());
        let before = fs::read(&path).unwrap();
        let error = Journal::create(&path, header(), &ids(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    /// However few bytes of the last line reached the disk, everything before it is read, and what is
    /// appended later stands on its own line.
    #[test]
    fn a_torn_last_line_is_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let header = Header::new("t".into(), Job::Change(Action::Assign), "a", "s", &ids(1500));
        let mut journal = Journal::create(&path, header, &ids(1500)).unwrap();
        let [first, second] = <[Event; 2]>::try_from(events()).unwrap();
        journal.append(vec![first.clone()]).unwrap();
        let whole = fs::read(&path).unwrap().len();
        journal.append(vec![second.clone()]).unwrap();
        drop(journal);
        let text = fs::read(&path).unwrap();
        for cut in whole..text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            let (mut journal, contents) = Journal::open(&path).unwrap().unwrap();
            assert_eq!(
                (contents.devices.len(), contents.events),
                (1500, vec![first.clone()]),
                "cut at {cut}"
            );
            journal.append(vec![second.clone()]).unwrap();
            drop(journal);
            assert_eq!(Journal::peek(&path).unwrap().1.events.len(), 2);
        }
    }

    #[test]
    fn one_process_at_a_time_and_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let header = Header::new("t".into(), Job::Change(Action::Assign), "a", "s", &ids(1));
        let journal = Journal::create(&path, header, &ids(1)).unwrap();
        assert!(Journal::open(&path).unwrap().is_none());
        drop(journal);
        assert!(Journal::open(&path).unwrap().is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn damage_in_the_middle_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        for text in ["", "{}\n", "not json\n", "{\"version\":1}\n"] {
            fs::write(&path, text).unwrap();
            assert!(Journal::open(&path).is_err(), "{text:?}");
        }
        let header = Header::new("t".into(), Job::Change(Action::Assign), "a", "s", &ids(1));
        fs::remove_file(&path).unwrap();
        let mut journal = Journal::create(&path, header, &ids(1)).unwrap();
        journal.append(events()).unwrap();
        drop(journal);
        let text = fs::read_to_string(&path).unwrap().replacen("sending", "s\nending", 1);
        fs::write(&path, text).unwrap();
        assert!(Journal::open(&path).is_err());
    }
}
