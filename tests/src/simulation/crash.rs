//! How operators die: with their process, or only their calls; and what else ends a run early.

use std::time::Duration;

use super::network::Operation;
use super::world::{Happening, World};

impl World<'_> {
    /// Whether the journal cannot be written this time. Once it was so, it may be so again until the next life.
    pub(super) fn disk_is_full(&mut self, operator: usize) -> bool {
        if self.operators[operator].full_disk {
            return self.random.bool();
        }
        self.crashes_left > 0 && self.random.f64() < self.scenario.crash_chance / 8.0 && {
            self.crashes_left -= 1;
            self.stats.fault("disk full");
            true
        }
    }

    /// A point at which an operator may die: its process with it, or only its own calls; or it is asked to stop.
    pub(super) fn dies(&mut self, operator: usize) -> bool {
        if self.crashes_left == 0 || self.random.f64() >= self.scenario.crash_chance {
            return self.operators[operator].run.is_none();
        }
        self.crashes_left -= 1;
        let process = self.operators[operator].process;
        if self.random.u8(..5) == 0 {
            self.trace
                .note(self.now, &[8, operator as u64], || format!("operator {operator} is asked to stop"));
            self.stats.fault("interrupted");
            if let Some(run) = &mut self.operators[operator].run {
                run.drain();
            }
            return false;
        }
        let all = self.random.u8(..4) > 0;
        for other in 0..self.operators.len() {
            if other == operator || all && self.operators[other].process == process {
                self.drop_run(other);
            }
        }
        if all {
            self.processes[process].shared = None;
        }
        // A login that was cut off has to be done again.
        self.login_reasons += 1;
        self.trace.note(self.now, &[9, operator as u64, u64::from(all)], || {
            let what = if all { "process dies" } else { "calls are dropped" };
            format!("operator {operator}: its {what}")
        });
        true
    }

    fn drop_run(&mut self, operator: usize) {
        let this = &mut self.operators[operator];
        if this.run.take().is_none() {
            return;
        }
        this.life += 1;
        self.stats.crashes += 1;
        for (_, job) in std::mem::take(&mut this.jobs) {
            if let Some(exchange) = job.exchange {
                let exchange = &mut self.exchanges[exchange];
                exchange.over = Some(self.step);
                self.login_faults += u64::from(exchange.operation == Operation::Login);
            }
        }
        self.ledger.ends(operator, &self.operators[operator].input);
        self.come_back(operator);
    }

    pub(super) fn come_back(&mut self, operator: usize) {
        let span = if self.random.u8(..8) == 0 {
            // Long enough for tokens to die of age.
            self.login_reasons += self.operators.len() as u64;
            Duration::from_secs(self.random.u64(0..5_000))
        } else {
            Duration::from_millis(self.random.u64(..30_000))
        };
        self.later(span, Happening::Start { operator });
    }
}
