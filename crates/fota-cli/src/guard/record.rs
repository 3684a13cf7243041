//! One record: a file with a line for every login that was sent and did not turn out to be good.
//!
//! ```text
//! sent 1767323045     written and synced before the login leaves, with the time in seconds since 1970
//! refused             the service answered it, and refused the user name and password
//! ```
//!
//! A good login empties the file; one whose answer says nothing about the password is cut off again. Each
//! step is one append or one cut, so what a crash leaves behind counts too much rather than too little. The
//! file is also its own lock. It is never deleted, for then two processes could hold locks on two files.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fota_core::models::{TimeFormat, Timestamp};
use fs4::{FileExt, TryLockError};

use super::{LIMIT, Stop};
use crate::private::{private, sync_folder};

/// A record is a few lines; anything longer was not written by us.
const MAX_LENGTH: u64 = 4096;

/// An open record. Everything but opening and locking needs the lock, which ends with the value.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    file: File,
}

/// What is known of the logins that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Failures {
    /// How many were sent.
    pub(crate) logins: u32,
    /// How many of them were refused. Of the others nobody knows.
    pub(crate) refused: u32,
    /// When the last one was sent, in seconds since 1970.
    pub(crate) last: u64,
}

impl Record {
    pub(super) fn open(path: &Path) -> Result<Self, Stop> {
        let file = private().open(path).map_err(|error| Stop::broken("write", path, error))?;
        Ok(Record { path: path.to_owned(), file })
    }

    /// Whether the lock is ours now.
    pub(super) fn try_lock(&mut self) -> Result<bool, Stop> {
        match FileExt::try_lock(&self.file) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(Stop::broken("lock", &self.path, error)),
        }
    }

    pub(super) fn failures(&mut self) -> Result<Failures, Stop> {
        let mut bytes = Vec::new();
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.file).take(MAX_LENGTH).read_to_end(&mut bytes))
            .map_err(|error| Stop::broken("read", &self.path, error))?;
        parse(&bytes).ok_or_else(|| Stop::Damaged(self.path.clone()))
    }

    /// Notes that a login is about to be sent. Gives the length to [`Record::cut`] to if it should not count.
    pub(super) fn sent(&mut self) -> Result<u64, Stop> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs());
        let before = self.append(&format!("sent {now}\n"))?;
        if before == 0 {
            sync_folder(&self.path).map_err(|error| Stop::broken("write", &self.path, error))?;
        }
        Ok(before)
    }

    /// Notes that the login was refused.
    pub(super) fn refused(&mut self) -> Result<(), Stop> {
        self.append("refused\n").map(drop)
    }

    /// Forgets all behind `length`.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), Stop> {
        self.file
            .set_len(length)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| Stop::broken("write", &self.path, error))
    }

    /// The file, with its lock and from its start.
    pub(super) fn into_file(self) -> File {
        self.file
    }

    fn append(&mut self, line: &str) -> Result<u64, Stop> {
        let broken = |error| Stop::broken("write", &self.path, error);
        let before = self.file.seek(SeekFrom::End(0)).map_err(broken)?;
        match self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data()) {
            Ok(()) => Ok(before),
            Err(error) => {
                // A disk that is full takes half a line. Should this fail too, the record is damaged, and says so.
                let _ = self.file.set_len(before);
                Err(broken(error))
            }
        }
    }
}

impl Failures {
    /// These failures, if one more login may be tried.
    pub(super) fn within_limit(self) -> Result<Self, Stop> {
        if self.logins < LIMIT { Ok(self) } else { Err(Stop::Blocked(self)) }
    }
}

/// How many, when, and of how many nobody knows whether the service counts them.
impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failures { logins, refused, last } = *self;
        write!(f, "{logins} failed login{}", if logins == 1 { "" } else { "s" })?;
        let last =
            i64::try_from(last).ok().and_then(|last| Timestamp::from_unix(last, 0, TimeFormat::Rfc3339));
        if let Some(last) = last.filter(|_| logins > 0) {
            write!(f, ", the last at {last}")?;
        }
        match logins.saturating_sub(refused) {
            0 => Ok(()),
            unclear => write!(f, " ({unclear} without a clear answer)"),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Failures> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut failures = Failures::default();
    for line in text.split_inclusive('\n') {
        // A line without an end is half a line.
        match line.strip_suffix('\n')?.split_once(' ') {
            Some(("sent", time)) => {
                failures.last = time.parse().ok()?;
                failures.logins += 1;
            }
            None if line == "refused\n" && failures.refused < failures.logins => failures.refused += 1,
            _ => return None,
        }
    }
    Some(failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_write_is_read() {
        let failures = |logins, refused, last| Some(Failures { logins, refused, last });
        for (text, expected) in [
            ("", failures(0, 0, 0)),
            ("sent 1\n", failures(1, 0, 1)),
            ("sent 1\nrefused\nsent 5\n", failures(2, 1, 5)),
            ("sent 1\nsent 5\nrefused\n", failures(2, 1, 5)),
            ("sent 1", None),
            ("sent 1\nref", None),
            ("sent\n", None),
            ("sent -1\n", None),
            ("refused\n", None),
            ("sent 1\nrefused\nrefused\n", None),
            ("sent 1\n\n", None),
            ("{}\n", None),
            ("\0\0\0\0\0\0\0\n", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(parse(b"sent 1\n\xff\n"), None);
    }

    #[test]
    fn what_was_noted_is_read_again_and_what_was_cut_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("record");
        let mut record = Record::open(&path).unwrap();
        assert!(record.try_lock().unwrap());
        assert!(!Record::open(&path).unwrap().try_lock().unwrap(), "one at a time");
        assert_eq!(record.sent().unwrap(), 0);
        record.refused().unwrap();
        let first = record.failures().unwrap();
        assert_eq!((first.logins, first.refused), (1, 1));
        let before = record.sent().unwrap();
        assert_eq!(record.failures().unwrap().logins, 2);
        record.cut(before).unwrap();
        assert_eq!(record.failures().unwrap(), first);
        record.cut(0).unwrap();
        assert_eq!(record.failures().unwrap(), Failures::default());
        drop(record);
        assert!(Record::open(&path).unwrap().try_lock().unwrap(), "the lock ends with the value");
    }

    #[test]
    fn failures_in_words() {
        let text = |logins, refused| Failures { logins, refused, last: 1_767_323_045 }.to_string();
        assert_eq!(text(1, 1), "1 failed login, the last at 2026-01-02T03:04:05Z");
        assert_eq!(
            text(2, 1),
            "2 failed logins, the last at 2026-01-02T03:04:05Z (1 without a clear answer)"
        );
        assert_eq!(Failures::default().to_string(), "0 failed logins");
    }
}
