//! An account at a service of its own, and a home from which `fota licenses sync` runs.

#![allow(dead_code, reason = "every test file uses another part")]

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

use fota_emulator::{Fault, LogEntry, Server, Settings};

use super::common::{Done, Home};

pub(crate) struct Account {
    pub(crate) home: Home,
    pub(crate) server: Server,
    /// All devices, in ascending order.
    pub(crate) devices: Vec<String>,
}

impl Account {
    /// So many devices, of which the first few are licensed; ten to a page of the list.
    pub(crate) fn new(devices: usize, pool: u64, held: usize) -> Self {
        let settings = Settings::seeded(devices, pool, 7).assigned(0).page_size(10);
        let server = Server::start(settings).unwrap();
        let devices: Vec<String> = server.with(|emulator| {
            emulator
                .account(emulator.account_name().as_str())
                .unwrap()
                .devices()
                .map(ToString::to_string)
                .collect()
        });
        let account = Account { home: Home::new(), server, devices };
        if held > 0 {
            let file = account.file("before.txt", &account.devices[..held]);
            account.fota(&["licenses", "assign", "-q", "--from", &file]).expect(0);
            account.server.with(fota_emulator::Emulator::clear_log);
        }
        account
    }

    /// A file with these devices, one a line.
    pub(crate) fn file(&self, name: &str, devices: &[String]) -> String {
        self.home.write(name, devices.join("\n") + "\n").to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command();
        command.envs(self.server.environment()).args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn fota(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments).output().unwrap())
    }

    pub(crate) fn sync(&self, file: &str, flags: &[&str]) -> Done {
        self.fota(&[&["licenses", "sync", "--from", file], flags].concat())
    }

    pub(crate) fn licensed(&self) -> BTreeSet<String> {
        self.server.with(|emulator| {
            let account = emulator.account(emulator.account_name().as_str()).unwrap();
            account.licensed().map(ToString::to_string).collect()
        })
    }

    pub(crate) fn fault(&self, rule: &str) {
        self.server.faults([rule.parse::<Fault>().unwrap()]).unwrap();
    }

    /// Requests for changes and for lookups; a sync with nothing to do has none of either.
    pub(crate) fn writes(&self) -> u64 {
        let counters = self.server.counters();
        ["licenses.assign", "licenses.remove", "devices.lookup"]
            .map(|name| counters.operation(name))
            .iter()
            .sum()
    }

    /// The requests of these operations, in order.
    pub(crate) fn log(&self, operations: &[&str]) -> Vec<LogEntry> {
        self.server.log().into_iter().filter(|entry| operations.contains(&entry.operation)).collect()
    }
}

pub(crate) fn done(output: Output) -> Done {
    Done {
        code: output.status.code().expect("ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn set(devices: &[String]) -> BTreeSet<String> {
    devices.iter().cloned().collect()
}
