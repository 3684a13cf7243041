//! `cargo xtask simulate [--seeds N] [--base B] [--seed N [--story]]`: bulk runs in worlds made from seeds.
//!
//! Fresh seeds every time; the base is printed, and a failing seed prints how to replay it.

use crate::context::{Context, watch};
use crate::failure::Outcome;

pub(crate) fn run(context: &Context, arguments: &[String]) -> Outcome {
    let cargo = ["run", "--quiet", "--release", "--package", "fota-tests", "--bin", "simulate", "--"];
    watch(context.cargo(&cargo).args(arguments))
}
