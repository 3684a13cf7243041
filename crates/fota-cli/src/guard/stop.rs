//! Why the guard keeps a login back, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Failures;
use crate::exit::Exit;

/// A login that is not sent. It travels through the client as the cause of an error.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Too many logins failed.
    Blocked(Failures),
    /// Another process was logging in all this time.
    Busy(Duration),
    /// The record is not what we wrote.
    Damaged(PathBuf),
    /// The salt is not what we wrote.
    NoSalt(PathBuf),
    /// The record cannot be read or written.
    Broken {
        /// What cannot be done.
        verb: &'static str,
        /// To what.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Stop {
    pub(super) fn broken(verb: &'static str, path: &Path, error: io::Error) -> Self {
        Stop::Broken { verb, path: path.to_owned(), error }
    }

    /// The guard's word at the bottom of an error, if it is the guard's.
    pub(crate) fn behind(error: &fota_core::Error) -> Option<&Stop> {
        let mut cause = error.source();
        while let Some(source) = cause {
            if let Some(stop) = source.downcast_ref() {
                return Some(stop);
            }
            cause = source.source();
        }
        None
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Stop::Blocked(_) => Exit::Guard,
            Stop::Busy(_) => Exit::Unavailable,
            Stop::Damaged(_) | Stop::NoSalt(_) | Stop::Broken { .. } => Exit::Unexpected,
        }
    }

    pub(crate) fn hint(&self) -> String {
        const RESET: &str = "fota auth reset-guard";
        match self {
            Stop::Blocked(_) => format!(
                "correct FOTA_USERNAME and FOTA_PASSWORD, and the next command logs in; or, if you have checked \
                 that they are right, run with the same settings: {RESET}"
            ),
            Stop::Busy(_) => "try again later".to_owned(),
            Stop::Damaged(_) => {
                format!("check FOTA_USERNAME and FOTA_PASSWORD, then run with the same settings: {RESET}")
            }
            Stop::NoSalt(path) => format!(
                "check FOTA_USERNAME and FOTA_PASSWORD, then delete the folder {}",
                path.parent().unwrap_or(path).display()
            ),
            Stop::Broken { .. } => "set XDG_STATE_HOME to a folder that can be written".to_owned(),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Blocked(failures) => write!(
                f,
                "no login is attempted: {failures}, with this user name and password; five in a row lock the user"
            ),
            Stop::Busy(waited) => write!(
                f,
                "another command with the same user name and password is logging in, and was not done after {} s",
                waited.as_secs().max(1)
            ),
            Stop::Damaged(path) => write!(
                f,
                "no login is attempted, for the record of failed ones is damaged: {}",
                path.display()
            ),
            Stop::NoSalt(path) => write!(
                f,
                "no login is attempted, for the records of failed ones cannot be told apart: {} is damaged",
                path.display()
            ),
            Stop::Broken { verb, path, error } => write!(
                f,
                "no login is attempted, for it could not be remembered if it failed: cannot {verb} {}: {error}",
                path.display()
            ),
        }
    }
}

/// The cause is told by `Display` already.
impl Error for Stop {}
