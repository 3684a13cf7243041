//! The login guard: what this machine remembers of failed logins, so that a cron job with a wrong password
//! stops after two of them. Five in a row lock the user for good, and each process begins with the first.
//!
//! There is a record for each service, user name and password, under a name that is derived from the three
//! and tells none of them. Corrected credentials have another name, so they start fresh.

mod record;
mod stop;
mod transport;

use std::io::{self, Read as _, Write as _};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fota_core::{Credentials, Endpoint as _, Secret, Servers, Tokens};
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};

pub(crate) use record::Failures;
pub(crate) use stop::Stop;
pub(crate) use transport::GuardedTransport;

use record::Record;

use crate::error::Failure;
use crate::private::{make_folder, private, sync_folder};
use crate::settings::Environment;

/// After this many failed logins, no more are sent.
pub(crate) const LIMIT: u32 = 2;
/// How often a lock that another process holds is tried.
pub(crate) const POLL: Duration = Duration::from_millis(10);
/// How long a command that logs in nowhere waits for one that does.
const PATIENCE: Duration = Duration::from_secs(10);
const SALT_LENGTH: usize = 32;
/// Makes each guess costly for one who has got hold of the records, and takes a moment otherwise.
const ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);

/// The guard of one service, user name and password.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    salt: Vec<u8>,
    record: PathBuf,
    /// Where logins go.
    login: http::Uri,
}

impl Guard {
    /// Makes sure that failures can be remembered. Nothing is sent before that.
    pub(crate) fn open(
        environment: &Environment,
        servers: &Servers,
        credentials: &Credentials,
    ) -> Result<Self, Failure> {
        let folder = environment
            .folder("XDG_STATE_HOME", ".local/state")
            .ok_or_else(|| {
                Failure::usage("there is no place to remember failed logins")
                    .hint("set XDG_STATE_HOME or HOME")
            })?
            .join("fota")
            .join("guard");
        // The login as it will be sent, but for the token: its address and body are what must not be repeated.
        let nobody = Secret::from("-");
        let login = credentials.login().to_request(servers, Some(&Tokens::new(&nobody, &nobody)?))?;
        make_folder(&folder).map_err(|error| Stop::broken("make", &folder, error))?;
        let salt = salt(&folder.join("salt"))?;
        let record = folder.join(name(&salt, &login));
        let guard = Guard { salt, record, login: login.uri().clone() };
        Record::open(&guard.record)?;
        Ok(guard)
    }

    /// The failures so far, or nothing when another process is about to log in and the last word is its.
    ///
    /// # Errors
    /// [`Stop::Blocked`] when there are too many, so that no request has to be made to find out.
    pub(crate) fn check(&self) -> Result<Option<Failures>, Stop> {
        let mut record = Record::open(&self.record)?;
        if !record.try_lock()? {
            return Ok(None);
        }
        record.failures()?.within_limit().map(Some)
    }

    /// A name for something else that belongs to secrets, and tells none of them either.
    pub(crate) fn keyed_name(&self, secret: &Secret) -> String {
        derive(&self.salt, secret)
    }

    /// Forgets the failures, and tells what they were; nothing when the record could not be read.
    pub(crate) fn reset(&self) -> Result<Option<Failures>, Stop> {
        let mut record = Record::open(&self.record)?;
        wait_for(&mut record)?;
        let failures = match record.failures() {
            Ok(failures) => Some(failures),
            Err(Stop::Damaged(_)) => None,
            Err(stop) => return Err(stop),
        };
        record.cut(0)?;
        Ok(failures)
    }
}

fn wait_for(record: &mut Record) -> Result<(), Stop> {
    let start = Instant::now();
    while !record.try_lock()? {
        if start.elapsed() >= PATIENCE {
            return Err(Stop::Busy(PATIENCE));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// The record's file name. The login's body is user name and password, as JSON: no two pairs look the same.
fn name(salt: &[u8], login: &http::Request<bytes::Bytes>) -> String {
    let address = login.uri().to_string();
    let secret = Secret::from(format!("{address}\n{}", String::from_utf8_lossy(login.body())));
    derive(salt, &secret)
}

fn derive(salt: &[u8], secret: &Secret) -> String {
    let mut derived = [0; 16];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, secret.expose().as_bytes(), &mut derived);
    format!("{:032x}", u128::from_be_bytes(derived))
}

/// Random bytes of this machine, so that records of two machines cannot be compared, nor guesses prepared.
fn salt(path: &Path) -> Result<Vec<u8>, Stop> {
    let broken = |error| Stop::broken("use", path, error);
    let mut file = private().open(path).map_err(broken)?;
    let mut salt = Vec::new();
    file.read_to_end(&mut salt).map_err(broken)?;
    if salt.is_empty() {
        // The first command of all, or one of several that came first at the same time.
        drop(file);
        let mut record = Record::open(path)?;
        wait_for(&mut record)?;
        file = record.into_file();
        file.read_to_end(&mut salt).map_err(broken)?;
        if salt.is_empty() {
            salt = vec![0; SALT_LENGTH];
            SystemRandom::new()
                .fill(&mut salt)
                .map_err(|_| broken(io::Error::other("the system gives no random numbers")))?;
            file.write_all(&salt).and_then(|()| file.sync_all()).map_err(broken)?;
            sync_folder(path).map_err(broken)?;
        }
    }
    if salt.len() == SALT_LENGTH { Ok(salt) } else { Err(Stop::NoSalt(path.to_owned())) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn login(base: &str, username: &str, password: &str) -> http::Request<bytes::Bytes> {
        let nobody = Secret::from("-");
        let tokens = Tokens::new(&nobody, &nobody).unwrap();
        let credentials = Credentials::new("fake-key", "fake-secret", username, password);
        credentials.login().to_request(&Servers::at(base).unwrap(), Some(&tokens)).unwrap()
    }

    #[test]
    fn names_differ_when_anything_does() {
        let here = "http://127.0.0.1:1";
        let first = name(b"salt", &login(here, "user", "pass"));
        assert_eq!(first, name(b"salt", &login(here, "user", "pass")));
        assert_eq!(first.len(), 32);
        for other in [
            name(b"tlas", &login(here, "user", "pass")),
            name(b"salt", &login("http://127.0.0.1:2", "user", "pass")),
            name(b"salt", &login(here, "users", "pass")),
            name(b"salt", &login(here, "user", "spass")),
            name(b"salt", &login(here, "user", "Pass")),
            name(b"salt", &login(here, "user\",\"password\":\"pass", "pass")),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn the_salt_is_made_once_even_by_many() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("salt");
        let salts: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| salt(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(salts.iter().all(|salt| *salt == salts[0]), "{salts:?}");
        assert!(salts[0].len() == SALT_LENGTH && salts[0] != vec![0; SALT_LENGTH]);
        fs::write(&path, b"short").unwrap();
        assert!(matches!(salt(&path), Err(Stop::NoSalt(_))));
    }
}
