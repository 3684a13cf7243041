//! What a simulation went through, so that one sees that it exercises something.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Sums over one seed or many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Seeds.
    pub seeds: u64,
    /// Hash of everything that happened, in order. Of many seeds: of all of them, in any order.
    pub hash: u64,
    /// Steps of the queue.
    pub steps: u64,
    /// Devices over all operators.
    pub devices: u64,
    /// Requests that reached the server.
    pub requests: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Requests for a change whose answer did not reach the operator.
    pub lost_answers: u64,
    /// Changes that took effect after their operator had stopped waiting for them.
    pub late_effects: u64,
    /// Operators that died or were cut off in the middle of work.
    pub crashes: u64,
    /// Runs that began with an earlier run's journal.
    pub resumes: u64,
    /// Runs that ended early by themselves.
    pub early_ends: u64,
    /// Times somebody else changed a settled device.
    pub meddled: u64,
    /// Outcomes by word.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Logins, good and bad.
    pub logins: u64,
    /// Seeds with a wrong password.
    pub wrong_passwords: u64,
    /// The time that went by in all the worlds.
    pub virtual_time: Duration,
}

impl Stats {
    pub(super) fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// Adds another's sums.
    pub fn add(&mut self, other: &Stats) {
        self.seeds += other.seeds;
        self.hash = self.hash.wrapping_add(other.hash);
        self.steps += other.steps;
        self.devices += other.devices;
        self.requests += other.requests;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.lost_answers += other.lost_answers;
        self.late_effects += other.late_effects;
        self.crashes += other.crashes;
        self.resumes += other.resumes;
        self.early_ends += other.early_ends;
        self.meddled += other.meddled;
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        self.logins += other.logins;
        self.wrong_passwords += other.wrong_passwords;
        self.virtual_time += other.virtual_time;
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
        };
        let days = self.virtual_time.as_secs() / 86_400;
        writeln!(f, "devices       {}", self.devices)?;
        writeln!(f, "requests      {} in {} steps, {days} days of their time", self.requests, self.steps)?;
        writeln!(f, "faults        {}: {}", self.faults.values().sum::<u64>(), words(&self.faults))?;
        writeln!(f, "lost answers  {}, of which {} took effect late", self.lost_answers, self.late_effects)?;
        writeln!(
            f,
            "processes     {} crashes, {} early ends, {} resumes",
            self.crashes, self.early_ends, self.resumes
        )?;
        writeln!(
            f,
            "logins        {}, with a wrong password in {} seeds",
            self.logins, self.wrong_passwords
        )?;
        writeln!(f, "meddled with  {} settled devices", self.meddled)?;
        writeln!(f, "outcomes      {}", words(&self.outcomes))?;
        write!(f, "trace hash    {:016x}", self.hash)
    }
}
