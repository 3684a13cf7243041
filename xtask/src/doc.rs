//! `cargo xtask doc`: broken links and missing descriptions are errors.

use crate::context::{Context, watch};
use crate::failure::Outcome;

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let mut cargo = context.cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    watch(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}
