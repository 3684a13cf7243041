//! `cargo xtask test` and `test-features`: the command of the README, then what it leaves switched off.

use crate::context::{Context, LIBRARIES, watch};
use crate::failure::Outcome;
use crate::workspace::Workspace;

/// The README's own command.
pub(crate) fn workspace(context: &Context, _: &[String]) -> Outcome {
    watch(&mut context.cargo(&["test", "--workspace"]))
}

/// The libraries that have features outside their default, with all of them.
pub(crate) fn features(context: &Context, _: &[String]) -> Outcome {
    let workspace = Workspace::read(context)?;
    let mut arguments = vec!["test", "--all-features"];
    for library in LIBRARIES {
        if workspace.member(library)?.has_optional_features() {
            arguments.extend(["--package", library]);
        }
    }
    watch(&mut context.cargo(&arguments))
}
