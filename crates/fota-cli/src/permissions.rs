//! Who else may read or change a file: asked before a secret is read out of it, or a command.

use std::fs;
use std::path::Path;

use crate::error::Failure;

/// Refuses a file with a secret in it that somebody else than its owner can read.
#[cfg(unix)]
pub(crate) fn refuse_readable_by_others(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode() & 0o777;
    // A pipe (`<(…)` of a shell) has no readers to fear.
    if metadata.is_file() && mode & 0o077 != 0 {
        let shown = path.display();
        return Err(Failure::usage(format!(
            "{shown} holds a secret and is open to others (mode {mode:03o})"
        ))
        .hint(format!("run: chmod 600 '{shown}'")));
    }
    Ok(())
}

/// Refuses a file with a command in it that somebody else than its owner can change.
#[cfg(unix)]
pub(crate) fn refuse_writable_by_others(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 != 0 {
        let shown = path.display();
        return Err(Failure::usage(format!(
            "{shown} names a command to run and others can change it (mode {mode:03o})"
        ))
        .hint(format!("run: chmod go-w '{shown}'")));
    }
    Ok(())
}

/// As above.
#[cfg(not(unix))]
pub(crate) fn refuse_writable_by_others(_: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Other systems have other ways to say who may read a file; they are not looked at.
#[cfg(not(unix))]
pub(crate) fn refuse_readable_by_others(_: &Path) -> Result<(), Failure> {
    Ok(())
}
