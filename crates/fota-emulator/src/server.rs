//! The emulator behind a socket: its own accept loop on loopback, so that it can cut, reset and starve connections.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fota_core::{Credentials, Moment};
use fota_models::AccountName;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::connection;
use crate::emulator::Emulator;
use crate::faults::{Fault, InvalidFault};
use crate::log::{Counters, LogEntry};
use crate::settings::Settings;
use crate::snapshot::{Saver, Snapshot};

/// How often a state file is brought up to date when single changes are too costly to save.
const SAVE_INTERVAL: Duration = Duration::from_millis(200);

/// An emulator that listens on loopback, on a thread of its own, until it is dropped.
///
/// ```
/// use fota_emulator::{Server, Settings};
/// let server = Server::start(Settings::seeded(2500, 2000, 7))?;
/// assert!(server.base_url().starts_with("http://127.0.0.1:"));
/// server.advance(std::time::Duration::from_secs(3600));
/// assert_eq!(server.counters().token_requests, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    handle: Handle,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// An emulator of a hundred devices and sixty licenses on a random loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start() -> io::Result<Server> {
        Server::start(Settings::default())
    }
}

impl Server {
    /// Listens on a random loopback port.
    ///
    /// # Errors
    /// When no port can be had, or the state file cannot be read or written.
    pub fn start(settings: Settings) -> io::Result<Server> {
        Server::bind((Ipv4Addr::LOCALHOST, 0).into(), settings)
    }

    /// Listens on this address; port 0 means any.
    ///
    /// # Errors
    /// When the address is not loopback or is taken, or the state file cannot be read or written.
    pub fn bind(address: SocketAddr, settings: Settings) -> io::Result<Server> {
        check_loopback(address)?;
        let handle = Handle::new(settings)?;
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let served = handle.clone();
        let thread = thread::Builder::new().name("fota-emulator".to_owned()).spawn(move || {
            runtime.block_on(async move {
                if let Ok(listener) = TcpListener::from_std(listener) {
                    tokio::spawn(serve(listener, served));
                    // Either answer means that nobody holds the server any more.
                    let _ = stopped.await;
                }
            });
        })?;
        Ok(Server { handle, address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of all three services, for `Servers::at`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The name of the first account.
    pub fn account(&self) -> AccountName {
        self.with(|emulator| emulator.account_name())
    }

    /// The key, secret, user name and password that are accepted.
    pub fn credentials(&self) -> Credentials {
        self.with(|emulator| emulator.credentials())
    }

    /// What the `fota` command needs to know, as environment variables. The credentials are fixed, documented, and open nothing else.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        self.with(|emulator| {
            let Settings { client_id, client_secret, username, password, .. } = &emulator.settings;
            vec![
                ("FOTA_BASE_URL", self.base_url()),
                ("FOTA_ACCOUNT", emulator.account_name().to_string()),
                ("FOTA_CLIENT_ID", client_id.clone()),
                ("FOTA_CLIENT_SECRET", client_secret.expose().to_owned()),
                ("FOTA_USERNAME", username.clone()),
                ("FOTA_PASSWORD", password.expose().to_owned()),
            ]
        })
    }

    /// The same as lines for a shell: `export FOTA_BASE_URL=…`.
    pub fn env_lines(&self) -> String {
        let lines = self
            .environment()
            .into_iter()
            .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")));
        lines.collect()
    }

    /// The emulator's remote control, for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Looks at or changes the emulator between two requests.
    pub fn with<T>(&self, look: impl FnOnce(&mut Emulator) -> T) -> T {
        self.handle.with(look)
    }

    /// Moves the emulator's time forward.
    pub fn advance(&self, span: Duration) {
        self.handle.advance(span);
    }

    /// Adds fault rules.
    ///
    /// # Errors
    /// [`InvalidFault`] for the first rule that cannot be played; those before it are in force.
    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), InvalidFault> {
        self.handle.faults(faults)
    }

    /// The latest requests, oldest first.
    pub fn log(&self) -> Vec<LogEntry> {
        self.handle.log()
    }

    /// What happened so far, in numbers.
    pub fn counters(&self) -> Counters {
        self.handle.counters()
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.handle.connections()
    }

    /// Writes the state file now, if there is one and it is not up to date.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> io::Result<()> {
        self.handle.save()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread ends by itself; were it to have panicked, dropping is no place to say so.
            let _ = thread.join();
        }
        // Who must know whether it worked calls `save`.
        let _ = self.handle.save();
    }
}

/// A running emulator's remote control. Clones control the same emulator.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    emulator: Mutex<Emulator>,
    saver: Mutex<Option<Saver>>,
    /// Saving takes so little time that it may happen after every change.
    cheap: AtomicBool,
    started: Instant,
    manual_clock: bool,
    accepted: AtomicU64,
}

impl Handle {
    /// An emulator for [`serve`], its state read from the state file where there is one.
    ///
    /// # Errors
    /// When the state file exists but cannot be read, or cannot be written.
    pub fn new(settings: Settings) -> io::Result<Self> {
        let manual_clock = settings.manual_clock;
        let file = settings.state_file.clone();
        let mut emulator = Emulator::new(settings);
        let saver = match file {
            None => None,
            Some(file) => {
                if let Some(snapshot) = Snapshot::load(&file)? {
                    emulator.restore(snapshot);
                }
                Some(Saver::new(file))
            }
        };
        let shared = Shared {
            emulator: Mutex::new(emulator),
            saver: Mutex::new(saver),
            cheap: AtomicBool::new(false),
            started: Instant::now(),
            manual_clock,
            accepted: AtomicU64::new(0),
        };
        let handle = Handle { shared: Arc::new(shared) };
        // A file that cannot be written is better known now than after the first change.
        handle.save()?;
        Ok(handle)
    }

    /// Looks at or changes the emulator between two requests.
    pub fn with<T>(&self, look: impl FnOnce(&mut Emulator) -> T) -> T {
        look(&mut self.emulator())
    }

    /// Moves the emulator's time forward.
    pub fn advance(&self, span: Duration) {
        self.with(|emulator| emulator.advance(span));
    }

    /// Adds fault rules.
    ///
    /// # Errors
    /// [`InvalidFault`] for the first rule that cannot be played; those before it are in force.
    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), InvalidFault> {
        self.with(|emulator| faults.into_iter().try_for_each(|fault| emulator.add_fault(fault).map(|_| ())))
    }

    /// The latest requests, oldest first.
    pub fn log(&self) -> Vec<LogEntry> {
        self.with(|emulator| emulator.log().cloned().collect())
    }

    /// What happened so far, in numbers.
    pub fn counters(&self) -> Counters {
        self.with(|emulator| emulator.counters().clone())
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Writes the state file now, if there is one and it is not up to date.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let mut saver = self.shared.saver.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(saver) = saver.as_mut() else { return Ok(()) };
        // Only taking the snapshot keeps requests waiting, not writing it.
        let (snapshot, changes) = {
            let emulator = self.emulator();
            if saver.is_current(emulator.changes) {
                return Ok(());
            }
            (emulator.snapshot(), emulator.changes)
        };
        let cheap = saver.save(&snapshot, changes)?;
        self.shared.cheap.store(cheap, Ordering::SeqCst);
        Ok(())
    }

    /// The driver's time.
    pub(crate) fn now(&self) -> Moment {
        if self.shared.manual_clock { Moment::default() } else { Moment::new(self.shared.started.elapsed()) }
    }

    /// Saves what a request changed, unless that costs more than requests should.
    pub(crate) fn save_if_cheap(&self) {
        if self.shared.cheap.load(Ordering::SeqCst) {
            // A full disk must not take the service down; calling `save` tells.
            let _ = self.save();
        }
    }

    /// After a panic in a test's closure the emulator still answers.
    fn emulator(&self) -> MutexGuard<'_, Emulator> {
        self.shared.emulator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves an emulator on a listener of your own runtime, until the future is dropped.
///
/// # Errors
/// When the listener is not bound to loopback, or accepting fails for good.
pub async fn serve(listener: TcpListener, handle: Handle) -> io::Result<()> {
    check_loopback(listener.local_addr()?)?;
    let mut tasks = tokio::task::JoinSet::new();
    let saver = handle.clone();
    tasks.spawn(async move {
        loop {
            tokio::time::sleep(SAVE_INTERVAL).await;
            let saver = saver.clone();
            // Requests go on while a large state is written.
            let _ = tokio::task::spawn_blocking(move || saver.save()).await;
        }
    });
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                handle.shared.accepted.fetch_add(1, Ordering::SeqCst);
                // Small answers must not wait for each other.
                let _ = stream.set_nodelay(true);
                tasks.spawn(connection::run(stream, handle.clone()));
            }
            // Out of file handles, or the client has gone: neither concerns the next client.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while tasks.try_join_next().is_some() {}
    }
}

fn check_loopback(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_loopback() {
        Ok(())
    } else {
        let text = format!("the emulator listens on loopback only, and {} is not", address.ip());
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }
}
