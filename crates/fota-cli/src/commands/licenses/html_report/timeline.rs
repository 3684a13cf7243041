//! Assignments over time: counted by day, and by month or year when the days become too many.

use std::collections::BTreeMap;

use fota_core::models::{TimeFormat, Timestamp};

/// How many devices got their license when.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// By the first day of each span.
    counts: BTreeMap<i64, u64>,
    finest: Unit,
    /// Devices for which no time is told.
    pub(super) untimed: u64,
    /// Devices whose time makes no sense.
    pub(super) unreadable: u64,
}

/// The span of one bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    #[default]
    Day,
    Week,
    Month,
    Year,
}

/// One bar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    /// For the axis.
    pub(super) label: String,
    /// For the table.
    pub(super) name: String,
    pub(super) devices: u64,
}

/// Spans that are kept apart while counting.
const DISTINCT: usize = 4000;
/// Bars; what is older is put together.
const BARS: usize = 60;
/// 3000-01-01, in days since 1970.
const END: i64 = 376_200;

impl Timeline {
    /// Counts a device.
    pub(super) fn add(&mut self, time: Option<&Timestamp>) {
        let Some(time) = time.filter(|time| time.is_set()) else {
            self.untimed += 1;
            return;
        };
        match time.unix().map(|(seconds, _)| seconds.div_euclid(86_400)).filter(|day| (0..END).contains(day))
        {
            Some(day) => *self.counts.entry(start_of(day, self.finest)).or_default() += 1,
            None => self.unreadable += 1,
        }
        if self.counts.len() > DISTINCT {
            self.finest = if self.finest == Unit::Day { Unit::Month } else { Unit::Year };
            let counts = std::mem::take(&mut self.counts);
            for (day, devices) in counts {
                *self.counts.entry(start_of(day, self.finest)).or_default() += devices;
            }
        }
    }

    /// Devices with a time.
    pub(super) fn timed(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The first and the last day, as far as they are known.
    pub(super) fn range(&self) -> Option<(i64, i64)> {
        Some((*self.counts.first_key_value()?.0, *self.counts.last_key_value()?.0))
    }

    /// The bars from the first to the last assignment, without gaps, and what each of them spans.
    pub(super) fn buckets(&self) -> (Unit, Vec<Bucket>) {
        let Some((first, last)) = self.range() else { return (Unit::Day, Vec::new()) };
        let unit = match last - first {
            0..=31 => Unit::Day,
            32..=182 => Unit::Week,
            183..=1500 => Unit::Month,
            _ => Unit::Year,
        };
        let unit = unit.max(self.finest);
        let mut sums: BTreeMap<i64, u64> = BTreeMap::new();
        let mut start = start_of(first, unit);
        while start <= last {
            sums.insert(start, 0);
            start = start_of(start + unit.longest(), unit);
        }
        for (day, devices) in &self.counts {
            *sums.entry(start_of(*day, unit)).or_default() += devices;
        }
        let mut older = None;
        if let Some((day, _)) = sums.iter().nth(sums.len().saturating_sub(BARS)).filter(|_| sums.len() > BARS)
        {
            let kept = sums.split_off(&day.clone());
            older = Some((sums.values().sum::<u64>(), kept.keys().next().copied().unwrap_or_default()));
            sums = kept;
        }
        let older = older.map(|(devices, day)| {
            let name = format!("before {}", unit.name(day));
            Bucket { label: name.clone(), name, devices }
        });
        let buckets = sums.into_iter().map(|(day, devices)| Bucket {
            label: unit.label(day),
            name: unit.name(day),
            devices,
        });
        (unit, older.into_iter().chain(buckets).collect())
    }
}

impl Unit {
    pub(super) fn word(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Year => "year",
        }
    }

    /// Days after the start of a span at which the next one has surely begun, and not ended.
    fn longest(self) -> i64 {
        match self {
            Unit::Day => 1,
            Unit::Week => 7,
            Unit::Month => 31,
            Unit::Year => 366,
        }
    }

    fn label(self, day: i64) -> String {
        let (year, month, of_month) = date(day);
        match self {
            Unit::Day | Unit::Week => format!("{} {of_month}", short(month)),
            Unit::Month => format!("{} {year}", short(month)),
            Unit::Year => year.to_string(),
        }
    }

    fn name(self, day: i64) -> String {
        match self {
            Unit::Day => iso(day),
            Unit::Week => format!("week of {}", iso(day)),
            Unit::Month | Unit::Year => self.label(day),
        }
    }
}

/// The day as `2024-03-05`.
pub(super) fn iso(day: i64) -> String {
    moment(day * 86_400).chars().take(10).collect()
}

/// A moment as `2024-03-05T09:10:11Z`.
pub(super) fn moment(seconds: i64) -> String {
    Timestamp::from_unix(seconds, 0, TimeFormat::Rfc3339).unwrap_or_default().to_string()
}

/// Year, month and day of the month.
fn date(day: i64) -> (i64, i64, i64) {
    let text = iso(day);
    let mut parts = text.split('-').map(|part| part.parse().unwrap_or(1));
    let mut next = || parts.next().unwrap_or(1);
    (next(), next(), next())
}

/// The day on which the span begins that `day` is in. Weeks begin on Monday.
fn start_of(day: i64, unit: Unit) -> i64 {
    match unit {
        Unit::Day => day,
        Unit::Week => day - (day + 3).rem_euclid(7),
        Unit::Month => day - date(day).2 + 1,
        Unit::Year => {
            let january = Timestamp::parse(&format!("{:04}-01-01T00:00:00Z", date(day).0));
            january.unix().map_or(day, |(seconds, _)| seconds.div_euclid(86_400))
        }
    }
}

fn short(month: i64) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    usize::try_from(month - 1).ok().and_then(|index| NAMES.get(index)).copied().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(times: &[&str]) -> Timeline {
        let mut timeline = Timeline::default();
        for time in times {
            timeline.add(Some(&Timestamp::parse(time)));
        }
        timeline
    }

    fn bars(times: &[&str]) -> Vec<(String, u64)> {
        timeline(times).buckets().1.into_iter().map(|bucket| (bucket.name, bucket.devices)).collect()
    }

    fn bar(name: &str, devices: u64) -> (String, u64) {
        (name.to_owned(), devices)
    }

    #[test]
    fn days_weeks_months_and_years_without_gaps() {
        assert_eq!(
            bars(&["2024-02-28T23:59:59Z", "2024-03-01 00:00:00 +0000 UTC", "2024-02-28T00:00:00Z"]),
            [bar("2024-02-28", 2), bar("2024-02-29", 0), bar("2024-03-01", 1)]
        );
        let weeks = bars(&["2024-01-07T10:00:00Z", "2024-01-08T10:00:00Z", "2024-02-20T10:00:00Z"]);
        assert_eq!(
            weeks[..3],
            [bar("week of 2024-01-01", 1), bar("week of 2024-01-08", 1), bar("week of 2024-01-15", 0)]
        );
        assert_eq!(weeks.len(), 8);
        let months = bars(&["2023-01-31T10:00:00Z", "2024-02-29T10:00:00Z", "2024-02-01T00:00:00Z"]);
        assert_eq!((months.len(), &months[0], &months[13]), (14, &bar("Jan 2023", 1), &bar("Feb 2024", 2)));
        let years = bars(&["2016-12-31T10:00:00Z", "2024-01-01T00:00:00Z"]);
        assert_eq!((years.len(), &years[0], &years[8]), (9, &bar("2016", 1), &bar("2024", 1)));
    }

    #[test]
    fn what_is_no_time_is_counted_apart() {
        let mut timeline = timeline(&[
            "",
            "0001-01-01 00:00:00 +0000 UTC",
            "soon",
            "9999-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
        ]);
        timeline.add(None);
        assert_eq!((timeline.untimed, timeline.unreadable, timeline.timed()), (3, 3, 0));
        assert_eq!(timeline.buckets().1, []);
    }

    #[test]
    fn a_stray_time_leaves_the_bars_readable() {
        let bars = bars(&["1970-01-01T00:00:00Z", "1971-05-01T00:00:00Z", "2999-12-31T00:00:00Z"]);
        assert_eq!(bars.len(), BARS + 1);
        assert_eq!(bars[0], bar("before 2940", 2));
        assert_eq!(bars[BARS], bar("2999", 1));
    }

    #[test]
    fn a_thousand_years_of_days_need_no_memory() {
        let mut timeline = Timeline::default();
        for day in (0..END).step_by(7) {
            timeline.add(Timestamp::from_unix(day * 86_400, 0, TimeFormat::Go).as_ref());
            assert!(timeline.counts.len() <= DISTINCT);
        }
        assert_eq!(timeline.timed(), u64::try_from((END + 6) / 7).unwrap());
        assert_eq!(timeline.finest, Unit::Year);
        assert_eq!(iso(END), "3000-01-01");
    }
}
