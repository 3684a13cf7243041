//! How far a long command is: how much is done, how fast it goes, and when it will end. Time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use super::layout::{Layout, width_of};

/// What is counted, from the first report on.
#[derive(Debug)]
pub(crate) struct Progress {
    noun: &'static str,
    all: Option<u64>,
    /// Reports of the last seconds, oldest first. The rate is theirs: what was long ago says little.
    recent: VecDeque<(Duration, u64)>,
    drawn: Option<Duration>,
    steps: u64,
}

/// The rate is that of this span.
const RECENT: Duration = Duration::from_secs(10);
/// Less says nothing about the rate.
const MEANINGFUL: Duration = Duration::from_millis(500);
/// A line that is rewritten more often cannot be read.
const REDRAW: Duration = Duration::from_millis(100);
/// Without an end in sight, a line for each so many.
const STRIDE: u64 = 10_000;
const WIDEST_BAR: usize = 24;
const NARROWEST_BAR: usize = 8;

impl Progress {
    /// `all`: where it ends, if that is known.
    pub(crate) fn new(noun: &'static str, all: Option<u64>) -> Self {
        Progress { noun, all, recent: VecDeque::new(), drawn: None, steps: 0 }
    }

    /// The line for a terminal; none when the last one is young.
    pub(crate) fn line(&mut self, done: u64, now: Duration, layout: Layout) -> Option<String> {
        self.note(done, now);
        let complete = self.all == Some(done);
        if self.drawn.is_some_and(|drawn| now.saturating_sub(drawn) < REDRAW) && !complete {
            return None;
        }
        self.drawn = Some(now);
        // A line that fills the terminal would move the next one.
        let width = layout.width.unwrap_or(80).saturating_sub(1);
        let mut line = String::new();
        for part in self.parts(done, now) {
            let longer = if line.is_empty() { part } else { format!("{line}, {part}") };
            if width_of(&longer) > width {
                break;
            }
            line = longer;
        }
        let frame = if layout.unicode { 1 } else { 3 };
        let room = width.saturating_sub(width_of(&line) + frame).min(WIDEST_BAR);
        match self.all {
            Some(all) if room >= NARROWEST_BAR => Some(format!("{} {line}", layout.bar(done, all, room))),
            _ => Some(line),
        }
    }

    /// The line for a log: one for each tenth, and none at the end, where the result itself follows.
    pub(crate) fn tenth(&mut self, done: u64, now: Duration) -> Option<String> {
        let first = self.recent.is_empty();
        self.note(done, now);
        let steps = match self.all {
            Some(0) => 0,
            Some(all) => u64::try_from(u128::from(done) * 10 / u128::from(all)).unwrap_or(10),
            None => done / STRIDE,
        };
        let before = std::mem::replace(&mut self.steps, steps);
        // What an earlier process did is no progress.
        (steps > before && !first && self.all != Some(done))
            .then(|| self.parts(done, now).collect::<Vec<_>>().join(", "))
    }

    fn note(&mut self, done: u64, now: Duration) {
        self.recent.push_back((now, done));
        // One report older than the span stays: the span starts there.
        while self.recent.get(1).is_some_and(|(then, _)| now.saturating_sub(*then) >= RECENT) {
            self.recent.pop_front();
        }
    }

    /// In a second.
    fn rate(&self, done: u64, now: Duration) -> Option<f64> {
        let (then, before) = *self.recent.front()?;
        let span = now.saturating_sub(then);
        let count = u32::try_from(done.saturating_sub(before)).unwrap_or(u32::MAX);
        (span >= MEANINGFUL && count > 0).then(|| f64::from(count) / span.as_secs_f64())
    }

    /// What there is to say, the most important first.
    fn parts(&self, done: u64, now: Duration) -> impl Iterator<Item = String> {
        let rate = self.rate(done, now);
        let percent = self.all.filter(|all| *all > 0).map(|all| u128::from(done) * 100 / u128::from(all));
        let left = self.all.zip(rate).and_then(|(all, rate)| {
            let left = u32::try_from(all.saturating_sub(done)).ok().filter(|left| *left > 0)?;
            Duration::try_from_secs_f64((f64::from(left) / rate).ceil()).ok()
        });
        let count = match self.all {
            Some(all) => format!("{done} of {all} {}", self.noun),
            None => format!("{done} {}", self.noun),
        };
        [
            Some(count),
            percent.map(|percent| format!("{percent} %")),
            left.map(|left| format!("{} left", span(left))),
            rate.map(|rate| if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }),
        ]
        .into_iter()
        .flatten()
    }
}

/// A span for people, in its two largest units.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(width: usize) -> Layout {
        Layout { width: Some(width), unicode: false }
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_line_tells_rate_and_time_left() {
        let mut progress = Progress::new("devices", Some(1000));
        assert_eq!(
            progress.line(0, ms(0), layout(80)).unwrap(),
            "[------------------------] 0 of 1000 devices, 0 %"
        );
        assert_eq!(
            progress.line(250, ms(2000), layout(80)).unwrap(),
            "[######------------------] 250 of 1000 devices, 25 %, 6 s left, 125/s"
        );
        assert_eq!(progress.line(260, ms(2050), layout(80)), None, "too soon to be read");
        assert!(progress.line(1000, ms(2090), layout(80)).unwrap().contains("1000 of 1000 devices, 100 %"));
    }

    #[test]
    fn the_line_fits_and_the_most_important_stays() {
        for width in 20..=200 {
            let mut progress = Progress::new("devices", Some(100_000));
            progress.line(1, ms(0), layout(width));
            let line = progress.line(34_567, ms(9000), layout(width)).unwrap();
            assert!(line.chars().count() < width, "{width}: {line}");
            assert_eq!(line.contains("34567 of 100000 devices"), width > 23, "{width}: {line}");
            assert_eq!(line.contains("18 s left"), width > 40, "{width}: {line}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut progress = Progress::new("devices", Some(100_000));
        for second in 0..60 {
            progress.note(second * 1000, ms(second * 1000));
        }
        // It stalls, then goes on ten times slower.
        for second in 60..90 {
            progress.note(59_000 + (second - 60) * 100, ms(second * 1000));
        }
        let rate = progress.rate(61_900, ms(89_000)).unwrap();
        assert!((90.0..110.0).contains(&rate), "{rate}");
        assert!(progress.recent.len() < 15, "{}", progress.recent.len());
    }

    #[test]
    fn what_was_done_before_counts_for_no_rate() {
        let mut progress = Progress::new("devices", Some(1000));
        progress.line(900, ms(0), layout(80));
        let line = progress.line(910, ms(1000), layout(80)).unwrap();
        assert!(line.contains("910 of 1000 devices, 91 %, 9 s left, 10/s"), "{line}");
    }

    #[test]
    fn a_log_gets_a_line_for_each_tenth() {
        let mut progress = Progress::new("devices", Some(200));
        let lines: Vec<String> = (0..=200).filter_map(|done| progress.tenth(done, ms(done * 100))).collect();
        assert_eq!(lines.len(), 9, "{lines:?}");
        assert_eq!(lines[0], "20 of 200 devices, 10 %, 18 s left, 10/s");
        // A jump over several tenths is one line; one that takes up earlier work is none.
        let mut progress = Progress::new("devices", Some(100));
        assert_eq!(progress.tenth(55, ms(0)), None);
        assert_eq!(progress.tenth(59, ms(400)), None);
        assert_eq!(progress.tenth(85, ms(410)).unwrap(), "85 of 100 devices, 85 %");
        assert_eq!(progress.tenth(100, ms(420)), None);
    }

    #[test]
    fn without_an_end_there_is_no_share() {
        let mut progress = Progress::new("devices", None);
        progress.tenth(0, ms(0));
        let lines: Vec<String> =
            (1..=45).filter_map(|page| progress.tenth(page * 1000, ms(page * 100))).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], "10000 devices, 10000/s");
        let line = Progress::new("devices", None).line(7, ms(0), layout(80)).unwrap();
        assert_eq!(line, "7 devices");
        assert_eq!(Progress::new("devices", Some(0)).tenth(0, ms(0)), None);
    }

    #[test]
    fn spans() {
        assert_eq!(
            [5, 65, 3600, 90_000].map(|s| span(Duration::from_secs(s))),
            ["5 s", "1 min 5 s", "1 h 0 min", "25 h 0 min"]
        );
    }
}
