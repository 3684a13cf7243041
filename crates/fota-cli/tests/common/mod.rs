//! Runs the real binary: against the sandbox in a home of its own, or against `fota emulator` as a child.
#![allow(dead_code, reason = "every test file uses another part")]

#[cfg(unix)]
pub(crate) mod pty;

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;

/// The examples' fleet: 12 devices.
pub(crate) fn fleet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/fleet.csv")
}

/// The IMEIs of [`fleet`], read without any of our own code.
pub(crate) fn fleet_imeis() -> Vec<String> {
    let text = std::fs::read_to_string(fleet()).unwrap();
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

/// A home with nothing in it, and an environment that holds nothing of this machine's.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Home(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fota"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn fota(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Done {
        Done::of(self.command().args(arguments).output().unwrap())
    }

    pub(crate) fn fota_stdin(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its flags ends without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Done::of(child.wait_with_output().unwrap())
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        Done {
            code: output.status.code().expect("ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The error object on stderr.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let line = self
            .stderr
            .lines()
            .rfind(|line| line.starts_with("{\"error\""))
            .unwrap_or_else(|| panic!("{self:#?}"));
        serde_json::from_str::<Value>(line).unwrap()["error"].take()
    }
}

/// `fota emulator` on a port of its own, ended when dropped.
pub(crate) struct Emulator {
    child: Child,
    _notes: ChildStderr,
    pub(crate) exports: Vec<(String, String)>,
}

impl Emulator {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home
            .command()
            .arg("emulator")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let exports: Vec<_> = lines
            .take(6)
            .map(|line| {
                let line = line.unwrap();
                let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
                (name.to_owned(), value.trim_matches('\'').to_owned())
            })
            .collect();
        let notes = child.stderr.take().unwrap();
        assert_eq!(exports.len(), 6, "{exports:?}");
        Emulator { child, _notes: notes, exports }
    }

    /// A command in this emulator's environment.
    pub(crate) fn command(&self, home: &Home) -> Command {
        let mut command = home.command();
        command.envs(self.exports.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn fota(&self, home: &Home, arguments: &[&str]) -> Done {
        Done::of(self.command(home).args(arguments).output().unwrap())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
