//! `cargo xtask fmt`: there is one way to lay out the code, and rustfmt knows it.

use crate::context::{Context, watch};
use crate::failure::Outcome;

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    watch(&mut context.cargo(&["fmt", "--all", "--check"]))
}
