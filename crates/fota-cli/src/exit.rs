//! The exit codes: the part of the interface that scripts and cron jobs read.

use std::process::ExitCode;

/// How a command ended. The numbers are a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for is so.
    Done = 0,
    /// Something that should not happen: an answer that makes no sense, a disk that is full.
    Unexpected = 1,
    /// The command line or a setting is wrong; nothing was sent.
    Usage = 2,
    /// The input holds values that are no IMEIs, or asks for what cannot or must not be done; nothing was sent.
    Input = 3,
    /// The credentials were refused.
    Auth = 4,
    /// The service refused some devices; the outcome of every device is known.
    Refused = 5,
    /// The outcome of some devices is not known, or their turn never came.
    Unfinished = 6,
    /// The service cannot be reached or does not work; nothing was changed.
    Unavailable = 7,
    /// Too many logins failed before, perhaps in other processes; none was sent.
    Guard = 8,
    /// A dry run found changes to make.
    Pending = 9,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// For the end of `fota --help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done
    1  something unexpected
    2  wrong command line or setting; nothing was sent
    3  the input is not all IMEIs, or its plan cannot be carried out; nothing was sent
    4  the credentials were refused
    5  some devices were refused; the outcome of each is known
    6  some devices are unresolved or their turn did not come
    7  the service is not available; nothing was changed
    8  too many failed logins on record; none was sent
    9  there is something to change (--dry-run --detailed-exitcode)
  130  interrupted";
