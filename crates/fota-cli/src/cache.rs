//! The session cache: tokens that commands hand on to each other, for those who ask for it.
//!
//! There is a file for each service and set of credentials, under a name that tells none of them, and for its
//! owner alone. It is also its own lock, held from looking for tokens until they are there, so that of many
//! commands one logs in and the others find what it got. It is emptied but never deleted, for then two
//! processes could hold locks on two files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fota_core::auth::Token;
use fota_core::{Credentials, Endpoint as _, SavedTokens, Secret, Servers, Service, Tokens};
use fs4::{FileExt, TryLockError};
use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::guard::{Guard, POLL};
use crate::output::escape;
use crate::private::{make_folder, private, sync_folder};
use crate::settings::Environment;

/// Tokens are not that long; anything longer was not written by us.
const MAX_LENGTH: u64 = 64 * 1024;
const VERSION: u32 = 1;

/// Where the tokens of one set of credentials are.
#[derive(Debug)]
pub(crate) struct Cache {
    path: PathBuf,
}

/// The file while its lock is ours. The lock ends with the value.
#[derive(Debug)]
pub(crate) struct Locked {
    file: File,
}

/// Why the cache is of no use to this command.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another process had the lock all this time.
    Busy(Duration),
    /// Others than the owner may use the file, with this mode.
    Open(PathBuf, u32),
    /// The file cannot be made, read or written.
    Broken(PathBuf, io::Error),
}

/// What the file holds.
#[derive(Debug)]
pub(crate) enum Contents {
    /// Nothing.
    Empty,
    /// Tokens, perhaps dead ones.
    Tokens(SavedTokens),
    /// Something that we did not write, or only half of it.
    Damaged,
}

impl Cache {
    /// Nothing is made or read yet.
    pub(crate) fn new(
        environment: &Environment,
        servers: &Servers,
        credentials: &Credentials,
        guard: &Guard,
    ) -> Result<Self, Failure> {
        let folder = environment
            .folder("XDG_STATE_HOME", ".local/state")
            .ok_or_else(|| Failure::usage("there is no place to keep sessions"))?;
        let name = guard.keyed_name(&identity(servers, credentials)?);
        Ok(Cache { path: folder.join("fota").join("sessions").join(name) })
    }

    /// Whether there may be something in it.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Takes the lock, as soon as no other process has it, if the file is for its owner alone.
    pub(crate) async fn lock(&self, patience: Duration) -> Result<Locked, Trouble> {
        let locked = self.lock_any(patience).await?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata = locked.file.metadata().map_err(|error| self.broken(error))?;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(Trouble::Open(self.path.clone(), mode));
            }
        }
        Ok(locked)
    }

    /// The same, whoever may read the file: to end what others may have read.
    pub(crate) async fn lock_any(&self, patience: Duration) -> Result<Locked, Trouble> {
        let open = || -> io::Result<File> {
            if let Some(folder) = self.path.parent() {
                make_folder(folder)?;
            }
            let file = private().open(&self.path)?;
            sync_folder(&self.path)?;
            Ok(file)
        };
        let file = open().map_err(|error| self.broken(error))?;
        let start = Instant::now();
        // Not a lock that waits by itself: it could neither be limited nor given up.
        loop {
            match FileExt::try_lock(&file) {
                Ok(()) => return Ok(Locked { file }),
                Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                    return Err(Trouble::Busy(patience));
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
                Err(TryLockError::Error(error)) => return Err(self.broken(error)),
            }
        }
    }

    pub(crate) fn broken(&self, error: io::Error) -> Trouble {
        Trouble::Broken(self.path.clone(), error)
    }
}

impl Locked {
    pub(crate) fn read(&mut self) -> io::Result<Contents> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        (&self.file).take(MAX_LENGTH).read_to_end(&mut bytes)?;
        let text = Secret::from(String::from_utf8(bytes).unwrap_or_else(|_| "not text".to_owned()));
        if text.is_empty() {
            return Ok(Contents::Empty);
        }
        Ok(match serde_json::from_str::<Entry>(text.expose()) {
            Ok(entry) if entry.version == VERSION => Contents::Tokens(entry.tokens_at(now())),
            // The parser's message could quote a token.
            _ => Contents::Damaged,
        })
    }

    pub(crate) fn write(&mut self, tokens: &SavedTokens) -> io::Result<()> {
        let text = Secret::from(serde_json::to_string(&Entry::at(now(), tokens))?);
        self.replace(text.expose().as_bytes())
    }

    /// Removes what is in it, and lets nobody but the owner in from now on.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.replace(b"")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            self.file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    /// A crash half-way leaves nothing, or what cannot be read and is not used.
    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(content)?;
        self.file.sync_data()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &PathBuf| escape::terminal(&path.to_string_lossy()).to_string();
        match self {
            Trouble::Busy(waited) => {
                write!(f, "another command had it for {} s", waited.as_secs().max(1))
            }
            Trouble::Open(path, mode) => write!(
                f,
                "{} is open to others (mode {mode:03o}); fota auth logout ends and removes what is in it",
                shown(path)
            ),
            Trouble::Broken(path, error) => write!(f, "cannot use {}: {error}", shown(path)),
        }
    }
}

/// The file's content. Its times are those of the wall clock, in seconds since 1970. Should that clock be set
/// back, the service refuses what is dead, and the command logs in.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    version: u32,
    access_token: Secret,
    access_token_expires: u64,
    session_token: Secret,
    session_used: u64,
}

impl Entry {
    fn at(now: u64, tokens: &SavedTokens) -> Self {
        Entry {
            version: VERSION,
            access_token: tokens.access_token.clone(),
            access_token_expires: now.saturating_add(tokens.bearer_left.as_secs()),
            session_token: tokens.session_token.clone(),
            session_used: now.saturating_sub(tokens.session_idle.as_secs()),
        }
    }

    fn tokens_at(self, now: u64) -> SavedTokens {
        SavedTokens {
            access_token: self.access_token,
            bearer_left: Duration::from_secs(self.access_token_expires.saturating_sub(now)),
            session_token: self.session_token,
            session_idle: Duration::from_secs(now.saturating_sub(self.session_used)),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs())
}

/// All that the tokens belong to: the three services, the key and its secret, the user name and the password.
fn identity(servers: &Servers, credentials: &Credentials) -> Result<Secret, Failure> {
    let nobody = Secret::from("-");
    let token = Token::new(credentials.client().clone()).to_request(servers, None)?;
    let login = credentials.login().to_request(servers, Some(&Tokens::new(&nobody, &nobody)?))?;
    // Key and secret as they are sent, and so with the user name and the password.
    let key = token.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let [oauth, m2m, fota] =
        [Service::Oauth, Service::M2m, Service::Fota].map(|service| servers.base(service));
    let body = String::from_utf8_lossy(login.body());
    Ok(Secret::from(format!("{oauth}\n{m2m}\n{fota}\n{key}\n{body}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> SavedTokens {
        SavedTokens {
            access_token: Secret::from("canary-bearer"),
            bearer_left: Duration::from_secs(3000),
            session_token: Secret::from("canary-session"),
            session_idle: Duration::from_secs(7),
        }
    }

    #[test]
    fn time_passes_for_tokens_in_the_file() {
        let entry = Entry::at(1_000_000, &tokens());
        let later = entry.tokens_at(1_000_600);
        assert_eq!((later.bearer_left.as_secs(), later.session_idle.as_secs()), (2400, 607));
        let earlier = Entry::at(1_000_000, &tokens()).tokens_at(999_000);
        assert_eq!((earlier.bearer_left.as_secs(), earlier.session_idle.as_secs()), (4000, 0));
        let dead = Entry::at(1_000_000, &tokens()).tokens_at(1_010_000);
        assert_eq!((dead.bearer_left.as_secs(), dead.session_idle.as_secs()), (0, 10_007));
    }

    #[test]
    fn identities_differ_when_anything_does() {
        let identity = |base: &str, [key, secret, user, password]: [&str; 4]| {
            identity(&Servers::at(base).unwrap(), &Credentials::new(key, secret, user, password)).unwrap()
        };
        let first = identity("http://127.0.0.1:1", ["k", "s", "u", "p"]);
        assert_eq!(first, identity("http://127.0.0.1:1", ["k", "s", "u", "p"]));
        for other in [
            identity("http://127.0.0.1:2", ["k", "s", "u", "p"]),
            identity("http://127.0.0.1:1", ["x", "s", "u", "p"]),
            identity("http://127.0.0.1:1", ["k", "x", "u", "p"]),
            identity("http://127.0.0.1:1", ["k", "s", "x", "p"]),
            identity("http://127.0.0.1:1", ["k", "s", "u", "x"]),
            identity("http://127.0.0.1:1", ["k", "s", "u\",\"p", ""]),
        ] {
            assert_ne!(first, other);
        }
    }
}
