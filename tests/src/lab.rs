//! A lab: an emulator on a socket of its own, whose time moves only when told, and what the tests ask it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fota_core::Servers;
use fota_core::models::{AccountName, DeviceId};
use fota_emulator::{DeviceState, Effect, Emulator, Fault, Server, Settings, Switches};

use crate::adapter::{Adapter, Kind, Options};

/// The emulator's account.
pub const ACCOUNT: &str = fota_emulator::ACCOUNT;

/// [`ACCOUNT`], parsed.
pub fn account() -> AccountName {
    ACCOUNT.parse().unwrap()
}

/// An emulator that a test owns.
#[derive(Debug)]
pub struct Lab {
    server: Server,
}

impl Lab {
    pub fn new(settings: Settings) -> Self {
        Lab { server: Server::start(settings.manual_clock()).unwrap() }
    }

    /// An account with these devices and this many licenses.
    pub fn with_devices(devices: &[&str], licenses: u64) -> Self {
        Lab::new(Settings::seeded(0, licenses, 7).devices(devices.iter().copied()))
    }

    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Connections that were accepted.
    pub fn connections(&self) -> u64 {
        self.server.connections()
    }

    /// What a program finds in its environment to reach the emulator.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        self.server.environment()
    }

    pub fn servers(&self) -> Servers {
        Servers::at(&self.base_url()).unwrap()
    }

    pub fn options(&self) -> Options {
        Options::new(self.servers(), self.with(|emulator| emulator.credentials()))
    }

    /// A client with the right credentials.
    pub fn open(&self, kind: &dyn Kind) -> Box<dyn Adapter> {
        self.open_with(kind, |_| {})
    }

    /// The same, with other options.
    pub fn open_with(&self, kind: &dyn Kind, change: impl FnOnce(&mut Options)) -> Box<dyn Adapter> {
        let mut options = self.options();
        change(&mut options);
        kind.open(options).unwrap()
    }

    /// Looks at the emulator, or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Emulator) -> T) -> T {
        self.server.with(look)
    }

    pub fn switch(&self, switches: Switches) {
        self.with(|emulator| *emulator.switches_mut() = switches);
    }

    pub fn advance(&self, span: Duration) {
        self.with(|emulator| emulator.advance(span));
    }

    pub fn fault(&self, fault: Fault) {
        self.with(|emulator| emulator.add_fault(fault)).unwrap();
    }

    /// The next request of this operation meets this, once.
    pub fn once(&self, operation: &str, effect: Effect) {
        self.fault(Fault::new(operation, effect).once());
    }

    /// Requests of an operation that arrived.
    pub fn count(&self, operation: &str) -> u64 {
        self.with(|emulator| emulator.counters().operation(operation))
    }

    /// Requests of any operation that arrived.
    pub fn requests(&self) -> u64 {
        self.with(|emulator| emulator.counters().requests)
    }

    /// Token requests and logins that arrived.
    pub fn logins(&self) -> (u64, u64) {
        self.with(|emulator| (emulator.counters().token_requests, emulator.counters().logins))
    }

    /// The paths of an operation's requests, in order.
    pub fn paths(&self, operation: &str) -> Vec<String> {
        self.with(|emulator| {
            emulator
                .log()
                .filter(|entry| entry.operation == operation)
                .map(|entry| entry.path.clone())
                .collect()
        })
    }

    /// The statuses that an operation's requests were answered with, in order.
    pub fn statuses(&self, operation: &str) -> Vec<Option<u16>> {
        self.with(|emulator| {
            emulator.log().filter(|entry| entry.operation == operation).map(|entry| entry.status).collect()
        })
    }

    /// The ledger: who holds a license, in ascending order.
    pub fn licensed(&self) -> Vec<DeviceId> {
        self.with(|emulator| emulator.account(ACCOUNT).unwrap().licensed().cloned().collect())
    }

    pub fn set_device(&self, device: &str, state: DeviceState) {
        self.with(|emulator| {
            emulator.account_mut(ACCOUNT).unwrap().set_device(DeviceId::from(device), state);
        });
    }
}

/// Waits for what another thread brings about.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(5), "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
