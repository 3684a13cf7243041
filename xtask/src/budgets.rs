//! `cargo xtask budgets`: a dependency is a cost every user pays, so each crate has a number it may not exceed.

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// External crates each may pull in with default features on Linux, build-time ones of proc-macros included.
const BUDGETS: [(&str, usize); 6] = [
    ("fota-models", 12),
    ("fota-core", 26),
    ("fota-hyper", 62),
    ("fota-blocking", 50),
    ("fota-emulator", 48),
    ("fota-cli", 130),
];

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let workspace = Workspace::read(context)?;
    let mut findings = Vec::new();
    println!("{:<16} {:>5} {:>7}", "crate", "used", "budget");
    for (name, budget) in BUDGETS {
        let selection = ["--edges", "normal", "--target", "x86_64-unknown-linux-gnu", "--package", name];
        let tree = workspace.tree(context, &selection)?;
        let used = tree.len();
        println!("{name:<16} {used:>5} {budget:>7}");
        if used > budget {
            let names: Vec<String> =
                tree.into_iter().map(|one| format!("{} {}", one.name, one.version)).collect();
            findings.push(format!(
                "{name} pulls in {used} external crates, its budget is {budget}: {}",
                names.join(", ")
            ));
        }
    }
    Failure::unless_empty(findings)
}
