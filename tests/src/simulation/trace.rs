//! The story of a seed: always as a hash, so that two runs can be compared; in words only when somebody reads it.

use std::collections::VecDeque;

use fota_core::Moment;

/// What happened so far.
#[derive(Debug)]
pub(super) struct Trace {
    hash: u64,
    keep: usize,
    lines: VecDeque<String>,
}

impl Trace {
    pub(super) fn silent() -> Self {
        Trace::telling(0)
    }

    /// Keeps the last `keep` lines.
    pub(super) fn telling(keep: usize) -> Self {
        Trace { hash: 0xcbf2_9ce4_8422_2325, keep, lines: VecDeque::new() }
    }

    /// Notes an event: its numbers for the hash, its words for the reader.
    pub(super) fn note(&mut self, now: Moment, numbers: &[u64], words: impl FnOnce() -> String) {
        let nanos = u64::try_from(now.since_start().as_nanos()).unwrap_or(u64::MAX);
        for number in std::iter::once(&nanos).chain(numbers) {
            self.hash = (self.hash ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        if self.keep > 0 {
            if self.lines.len() == self.keep {
                self.lines.pop_front();
            }
            self.lines.push_back(format!("{:>12.3}s {}", now.since_start().as_secs_f64(), words()));
        }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}
