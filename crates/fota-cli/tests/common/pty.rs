//! A command on a pseudo-terminal, as an operator sits before it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// The program, arguments and variables of `command`, on a terminal of so many columns.
    pub(crate) fn start(command: &Command, columns: u16) -> Self {
        Terminal::start_with_stdout(command, columns, None)
    }

    /// The same with stdout elsewhere.
    pub(crate) fn start_with_stdout(command: &Command, columns: u16, stdout: Option<File>) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(24, columns)).unwrap();
        let mut on_pty = pty_process::blocking::Command::new(command.get_program())
            .env_clear()
            .envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8")])
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .args(command.get_args());
        if let Some(file) = stdout {
            on_pty = on_pty.stdout(file);
        }
        let child = on_pty.spawn(pts).unwrap();
        let keyboard = File::from(OwnedFd::from(pty));
        let mut screen = keyboard.try_clone().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let write = Arc::clone(&seen);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Linux ends a terminal whose last process is gone with an error.
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                write.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Terminal { child, keyboard, seen, reader }
    }

    pub(crate) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.seen().contains(text) {
            assert!(start.elapsed() < PATIENCE, "no {text:?} in {:?}", self.seen());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The exit code, and all that was written, with plain line ends.
    pub(crate) fn end(mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("no end: {:?}", self.seen());
            }
            thread::sleep(Duration::from_millis(5));
        };
        self.reader.join().unwrap();
        let seen = self.seen.lock().unwrap();
        let text = std::str::from_utf8(&seen).unwrap().replace("\r\n", "\n");
        (status.code().expect("ended by itself"), text)
    }
}

/// What is on the screen when a line that was rewritten is gone: no more than fota's own two movements.
pub(crate) fn screen(text: &str) -> String {
    text.split('\n')
        .map(|line| line.rsplit("\r\u{1b}[K").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Without colors.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').expect("nothing but colors").1;
    }
    out + rest
}
