//! The fault rules in force: which of them a request meets, and how often each was used.

use std::collections::BTreeMap;

use fota_core::Moment;
use serde::Serialize;

use crate::effect::Effect;
use crate::faults::{Fault, InvalidFault};
use crate::routes::Route;
use crate::second_operator::SecondOperator;

/// The rules in force, in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    added: u64,
    /// Requests per operation, for the windows of rules.
    arrived: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// Matching requests so far.
    seen: u64,
    /// Requests the rule was used for.
    pub(crate) used: u64,
    #[serde(skip)]
    random: fastrand::Rng,
}

/// What a request meets.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// Other operators that act before the request is looked at.
    pub(crate) operators: Vec<Act>,
    /// The first rule that applies, and its number.
    pub(crate) fault: Option<(u64, Fault)>,
}

/// Another operator's turn.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) operator: SecondOperator,
    pub(crate) account: Option<String>,
    /// What this turn's chance is made from.
    pub(crate) seed: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<u64, InvalidFault> {
        fault.check()?;
        self.added += 1;
        let random = fastrand::Rng::with_seed(fault.seed);
        self.rules.push(Rule { id: self.added, fault, seen: 0, used: 0, random });
        Ok(self.added)
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules for this request: every other operator's, and the first of the others.
    pub(crate) fn meet(&mut self, route: &Route, now: Moment) -> Met {
        *self.arrived.entry(route.name()).or_default() += 1;
        let mut met = Met::default();
        for rule in &mut self.rules {
            let operator = match &rule.fault.effect {
                Effect::Operator(operator) => Some(operator.clone()),
                _ if met.fault.is_some() => continue,
                _ => None,
            };
            if !rule.applies(route, now, &self.arrived) {
                continue;
            }
            match operator {
                None => met.fault = Some((rule.id, rule.fault.clone())),
                Some(operator) => met.operators.push(Act {
                    operator,
                    account: rule.fault.account.clone(),
                    seed: rule.random.u64(..),
                }),
            }
        }
        met
    }
}

impl Rule {
    fn applies(&mut self, route: &Route, now: Moment, arrived: &BTreeMap<&'static str, u64>) -> bool {
        let fault = &self.fault;
        let requests = || arrived.iter().filter(|(name, _)| fault.covers(name)).map(|(_, count)| count).sum();
        if !fault.matches(route) || !fault.window.contains(now, requests) {
            return false;
        }
        self.seen += 1;
        let turn = self.seen.checked_sub(fault.skip).is_some_and(|past| past > 0 && past % fault.every == 0);
        let spent = fault.count.is_some_and(|count| self.used >= count);
        if !turn || spent || self.random.f64() >= fault.probability {
            return false;
        }
        self.used += 1;
        true
    }
}
