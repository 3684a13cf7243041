//! `cargo xtask clippy`: no warning, whatever the features.

use crate::context::{Context, LIBRARIES, watch};
use crate::failure::Outcome;

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let clippy = |selection: &[&str]| {
        let mut arguments = vec!["clippy"];
        arguments.extend_from_slice(selection);
        arguments.extend_from_slice(&["--", "-D", "warnings"]);
        watch(&mut context.cargo(&arguments))
    };
    clippy(&["--workspace", "--all-targets"])?;
    clippy(&["--workspace", "--all-targets", "--all-features"])?;
    // One by one: together, each would get the features another asks of it.
    for library in LIBRARIES {
        clippy(&["--package", library, "--lib", "--no-default-features"])?;
    }
    Ok(())
}
