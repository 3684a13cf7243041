//! Shows progress on stderr: one line that is rewritten on a terminal, a plain line now and then in a log.

use std::io::Write as _;
use std::time::Instant;

use super::progress::Progress;
use super::stream::stderr;
use super::{Layout, tell};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not at all.
    Off,
    /// A line for each tenth.
    Lines,
    /// One line that is rewritten.
    Live(Layout),
}

/// Counts something, and shows it.
#[derive(Debug)]
pub(crate) struct Meter {
    mode: Mode,
    progress: Progress,
    start: Instant,
}

impl Meter {
    pub(super) fn new(mode: Mode, noun: &'static str, all: Option<usize>) -> Self {
        let all = all.and_then(|all| u64::try_from(all).ok());
        Meter { mode, progress: Progress::new(noun, all), start: Instant::now() }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: usize) {
        let (done, now) = (u64::try_from(done).unwrap_or(u64::MAX), self.start.elapsed());
        match self.mode {
            Mode::Off => {}
            Mode::Lines => {
                if let Some(line) = self.progress.tenth(done, now) {
                    tell(line);
                }
            }
            Mode::Live(layout) => {
                if let Some(line) = self.progress.line(done, now, layout) {
                    rewrite(&line);
                }
            }
        }
    }
}

/// Writes over the progress line.
pub(super) fn rewrite(line: &str) {
    // If stderr is gone, so is the reader.
    let mut stream = stderr();
    let _ = write!(stream, "\r\u{1b}[K{line}").and_then(|()| stream.flush());
}
