//! No secret in any log line, however chatty, nor in what `Debug` prints.

use std::fmt::Write;
use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};

use crate::client::client;
use crate::service::{CANARY, DEVICES, account, service};

struct Lines(Mutex<String>);

static LINES: Lines = Lines(Mutex::new(String::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        writeln!(self.0.lock().unwrap(), "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

#[test]
fn no_secret_is_ever_logged_or_printed() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = service(|_| None);
    let client = client(&server);
    let licenses = client.licenses(&account());
    licenses.assign(DEVICES).unwrap();
    client.logout().unwrap();
    client.revoke().unwrap();
    let printed = format!("{client:?} {licenses:?} {:?} {:?}", licenses.list(), client.devices(&account()));
    let sent = format!("{:?}", server.requests());
    assert!(sent.contains(CANARY), "the secrets do travel");
    assert!(!printed.contains(CANARY), "{printed}");
    let logged = LINES.0.lock().unwrap().clone();
    assert!(logged.contains("ureq"), "the log is not empty: {logged}");
    assert!(!logged.contains(CANARY), "{logged}");
    // The wire is dumped in rows of 16 bytes; a secret could hide behind the end of one.
    assert!(!logged.contains("ureq_proto::util"), "{logged}");
}
