//! Judges values: is it an IMEI, and is it there twice?

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use fota_models::Imei;

use super::digits;
use super::problem::{Cause, Place, Problem};

/// Collects good values and problems.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) imeis: Vec<Imei>,
    pub(super) problems: Vec<Problem>,
    seen: HashMap<Imei, Place>,
    unchecked: bool,
}

/// How far a check is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) good: usize,
    pub(super) problems: usize,
}

impl Check {
    /// `unchecked`: any number of 14 to 16 digits will do.
    pub(super) fn new(unchecked: bool) -> Self {
        Check { unchecked, ..Check::default() }
    }

    /// Takes one value. Space and quotes around it do not matter.
    pub(super) fn value(&mut self, place: Place, value: &str) {
        self.value_or(place, value, Cause::Value);
    }

    /// Takes one value; `cause` tells why it is no IMEI if it is none.
    pub(super) fn value_or(&mut self, place: Place, value: &str, cause: Cause) {
        let Some(imei) = self.imei(digits::bare(value)) else {
            return self.problem(Problem::new(place, value, cause));
        };
        match self.seen.entry(imei) {
            Entry::Vacant(entry) => {
                entry.insert(place);
                self.imeis.push(imei);
            }
            Entry::Occupied(first) => {
                let cause = Cause::Duplicate(*first.get());
                self.problem(Problem::new(place, value, cause));
            }
        }
    }

    /// The value as an IMEI that would be taken.
    pub(super) fn imei(&self, text: &str) -> Option<Imei> {
        let imei = if self.unchecked { Imei::new(text) } else { Imei::with_luhn(text) }.ok()?;
        let fits = self.unchecked || imei.len() == 15;
        (fits && text.bytes().any(|byte| byte != b'0')).then_some(imei)
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { good: self.imeis.len(), problems: self.problems.len() }
    }

    /// The problems since then.
    pub(super) fn since(&self, mark: Mark) -> &[Problem] {
        self.problems.get(mark.problems..).unwrap_or_default()
    }

    /// One problem that explains all since then.
    pub(super) fn replace_since(&mut self, mark: Mark, problem: Problem) {
        self.problems.truncate(mark.problems);
        self.problems.push(problem);
    }
}
