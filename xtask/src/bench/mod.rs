//! `cargo xtask bench`: what a call costs with ours and with other clients, in one table.
//!
//! `--check` measures only ours, only what repeats (instructions and allocations), and compares it with
//! `crates/fota-bench/budgets.toml`; that is what `ci` runs. `--bless` writes that file. Times are never checked.

mod budget;
mod measure;
mod report;

use crate::context::{Context, watch};
use crate::failure::{Failure, Outcome};
use measure::Bench;

/// Features of `fota-bench` that are built together. Each client is a program of its own, and no client is built
/// with a feature that another one asks of a crate they share.
const OURS: &str = "ours-hyper,ours-blocking";
const OTHERS: [&str; 3] = ["reference,raw-hyper", "reqwest-json", "reference-blocking,raw-ureq"];

pub(crate) fn run(context: &Context, arguments: &[String]) -> Outcome {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            build(context, &[OURS])?;
            build(context, &OTHERS)?;
            report::print(&Bench::new(context)?)
        }
        ["--check"] => {
            build(context, &[OURS])?;
            budget::check(context, &Bench::new(context)?)
        }
        ["--bless"] => {
            build(context, &[OURS])?;
            budget::bless(context, &Bench::new(context)?)
        }
        other => Err(Failure::new(format!("`{}` means nothing to bench", other.join(" ")))),
    }
}

/// The same as `--check`, for `ci`, which passes no arguments.
pub(crate) fn check(context: &Context, _: &[String]) -> Outcome {
    run(context, &["--check".to_owned()])
}

fn build(context: &Context, features: &[&str]) -> Outcome {
    for features in features {
        let cargo = ["build", "--quiet", "--release", "--package", "fota-bench", "--features", features];
        watch(&mut context.cargo(&cargo))?;
    }
    Ok(())
}
