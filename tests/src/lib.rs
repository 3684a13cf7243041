//! The harness of the tests that cross crates: both adapters behind one trait, so that a scenario is written
//! once, and a lab with an emulator, a client and the record of what went over the wire.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test harness: it is not published, and it fails by panicking"
)]

mod adapter;
mod blocking;
mod capture;
mod hyper;
mod lab;
mod raw;
pub mod simulation;
mod tap;
mod tls;

pub use adapter::{Adapter, Kind, Options, Page, Walk};
pub use blocking::Blocking;
pub use capture::{Captured, capture_logs};
pub use hyper::Hyper;
pub use lab::{ACCOUNT, Lab, account, eventually};
pub use raw::{Raw, closed_port};
pub use tap::Tap;
pub use tls::{Authority, TlsFront};

use std::sync::mpsc;
use std::time::Duration;

/// Runs a scenario and fails it when it takes too long, so that a hang is a failure and not a stuck run.
pub fn in_time(limit: Duration, scenario: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let name = std::thread::current().name().unwrap_or("scenario").to_owned();
    let thread = std::thread::Builder::new()
        .name(name)
        .spawn(move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(scenario));
            let _ = done.send(());
            if let Err(panic) = result {
                std::panic::resume_unwind(panic);
            }
        })
        .unwrap();
    match finished.recv_timeout(limit) {
        Ok(()) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            panic!("not over after {limit:?}")
        }
    }
}

/// Makes two tests of each scenario, `hyper::name` and `blocking::name`. A scenario that is not listed is
/// unused code, which the lints refuse.
#[macro_export]
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        mod hyper {
            $(#[test]
            fn $name() {
                $crate::in_time(std::time::Duration::from_secs(40), || super::$name(&$crate::Hyper));
            })*
        }
        mod blocking {
            $(#[test]
            fn $name() {
                $crate::in_time(std::time::Duration::from_secs(40), || super::$name(&$crate::Blocking));
            })*
        }
    };
}
