//! `crates/fota-bench/budgets.toml`: what a call of ours may cost. Instructions and allocations repeat from run to run;
//! times do not, and have no budget.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;

use super::measure::{BLOCKING, Bench, HYPER, OPERATIONS};
use crate::context::Context;
use crate::failure::{Failure, Outcome};

/// What `--bless` allows above the instructions it measured: for another C library's `memcpy`, not for growth.
const SLACK: f64 = 1.03;
/// And above the allocations: a body that comes in one more piece.
const SPARE: f64 = 1.0;

/// What one call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

/// By client, then by operation.
type Budgets = BTreeMap<String, BTreeMap<String, Cost>>;

pub(super) fn check(context: &Context, bench: &Bench<'_>) -> Outcome {
    let budgets: Budgets = toml::from_str(&std::fs::read_to_string(file(context))?)?;
    Failure::unless_empty(compare(&budgets, &measured(bench)?))
}

pub(super) fn bless(context: &Context, bench: &Bench<'_>) -> Outcome {
    let mut text = String::from(
        "# What a call of ours may cost at most: see docs/performance.md. Checked by `cargo xtask bench --check`, written by\n\
         # `--bless`. Raising a number is a change to argue for in the commit message.\n",
    );
    for (client, operations) in measured(bench)? {
        for (operation, cost) in operations {
            let (instructions, allocations) =
                ((cost.instructions * SLACK).ceil(), (cost.allocations + SPARE).ceil());
            write!(
                text,
                "\n[{client}.{operation}]\ninstructions = {instructions:.1}\nallocations = {allocations:.1}\n"
            )?;
        }
    }
    std::fs::write(file(context), text)?;
    Ok(())
}

fn file(context: &Context) -> PathBuf {
    context.root.join("crates/fota-bench/budgets.toml")
}

fn measured(bench: &Bench<'_>) -> Outcome<Budgets> {
    let stub = bench.stub(0)?;
    let mut all = Budgets::new();
    for client in [HYPER, BLOCKING] {
        for operation in OPERATIONS {
            let cost = Cost {
                instructions: bench.instructions(client, operation, &stub)?,
                allocations: bench.allocations(client, operation, &stub)?,
            };
            all.entry(client.to_owned()).or_default().insert(operation.to_owned(), cost);
        }
    }
    Ok(all)
}

/// Prints both numbers of each call, and gives those that are too high or have no budget.
fn compare(budgets: &Budgets, measured: &Budgets) -> Vec<String> {
    let mut findings = Vec::new();
    println!("{:<16} {:>14} {:>10} {:>12} {:>7}", "call", "instructions", "budget", "allocations", "budget");
    for (client, operations) in measured {
        for (operation, cost) in operations {
            let name = format!("{client} {operation}");
            let Some(budget) = budgets.get(client).and_then(|budgets| budgets.get(operation)) else {
                findings.push(format!("{name} has no budget in budgets.toml"));
                continue;
            };
            println!(
                "{name:<16} {:>14.0} {:>10.0} {:>12.1} {:>7.0}",
                cost.instructions, budget.instructions, cost.allocations, budget.allocations
            );
            for (what, cost, budget) in [
                ("instructions", cost.instructions, budget.instructions),
                ("allocations", cost.allocations, budget.allocations),
            ] {
                if cost > budget {
                    findings
                        .push(format!("{name} takes {cost:.1} {what} per call, its budget is {budget:.1}"));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(instructions: f64, allocations: f64) -> Budgets {
        let operations = BTreeMap::from([("list".to_owned(), Cost { instructions, allocations })]);
        BTreeMap::from([("hyper".to_owned(), operations)])
    }

    #[test]
    fn either_number_breaks_a_budget_and_so_does_a_missing_one() {
        let budgets = one(1000.0, 10.0);
        assert_eq!(compare(&budgets, &one(1000.0, 10.0)), Vec::<String>::new());
        assert_eq!(compare(&budgets, &one(1000.5, 10.0)).len(), 1);
        assert_eq!(compare(&budgets, &one(1000.5, 10.1)).len(), 2);
        assert_eq!(compare(&Budgets::new(), &one(1.0, 1.0)).len(), 1);
    }
}
