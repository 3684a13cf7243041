//! Files and folders for their owner alone, in which the guard, the session cache and the journals keep what they know.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

/// Read and write, made when missing, for the owner alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder, and those above it, for the owner alone.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file survives a power failure only when its folder has been written too.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        // Elsewhere folders cannot be opened.
        Some(folder) if cfg!(unix) => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
