//! `--sandbox`: the whole job on a pretend account, with no credentials and no network. The service is an
//! emulator inside this process, and its state waits in a file for the next command.

use std::fs::{self, File};
use std::io;

use fota_core::Servers;
use fota_core::proxy::Proxies;
use fota_emulator::{Server, Settings as Emulated};
use fs4::FileExt;

use crate::error::Failure;
use crate::exit::Exit;
use crate::output::Console;
use crate::settings::{Environment, Settings, Timing};

/// The licenses of the pretend account.
const POOL: u64 = 100;

/// The running emulator. Other sandbox commands wait until it stops.
#[derive(Debug)]
pub(crate) struct Sandbox {
    server: Server,
    // Held until the state is written.
    _lock: File,
}

impl Sandbox {
    /// Starts it with the state that the last command left, or with a new account.
    pub(crate) fn start(environment: &Environment, console: &Console) -> Result<Self, Failure> {
        let folder = environment
            .folder("XDG_STATE_HOME", ".local/state")
            .ok_or_else(|| {
                Failure::usage("the sandbox has no place to keep its state")
                    .hint("set XDG_STATE_HOME or HOME")
            })?
            .join("fota");
        let broken = |what: &str, error: io::Error| {
            Failure::new(
                Exit::Unexpected,
                "sandbox",
                format!("cannot {what} in {}: {error}", folder.display()),
            )
            .hint("set XDG_STATE_HOME to a folder that can be written")
        };
        fs::create_dir_all(&folder).map_err(|error| broken("make a folder", error))?;
        let lock = File::options().create(true).append(true).open(folder.join("sandbox.lock"));
        let lock = lock.map_err(|error| broken("make a lock file", error))?;
        if FileExt::try_lock(&lock).is_err() {
            console.note("waiting for another sandbox command to end");
            FileExt::lock(&lock).map_err(|error| broken("lock the state", error))?;
        }
        let state = folder.join("sandbox.json");
        let emulated = Emulated::seeded(0, POOL, 0).adopt_unknown(true).starting_now().state_file(&state);
        let server = Server::start(emulated).map_err(|error| {
            Failure::new(Exit::Unexpected, "sandbox", format!("the sandbox cannot start: {error}"))
                .hint(format!("to begin afresh, delete {}", state.display()))
        })?;
        Ok(Sandbox { server, _lock: lock })
    }

    /// Settings that lead to it.
    pub(crate) fn settings(&self, timing: Timing) -> Result<Settings, Failure> {
        Ok(Settings {
            account: self.server.account(),
            servers: Servers::at(&self.server.base_url())?,
            credentials: self.server.credentials(),
            timing,
            cacert: None,
            proxies: Proxies::none(),
            session_cache: false,
        })
    }

    /// Stops it and keeps its state.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.server.save().map_err(|error| {
            Failure::new(Exit::Unexpected, "sandbox", format!("cannot keep the sandbox's state: {error}"))
        })
    }
}
