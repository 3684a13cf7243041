//! The devices a command is about: as arguments or in a file. Commands that take devices flatten this, so that
//! the flags mean the same everywhere.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Input {
    /// IMEIs of 15 digits
    #[arg(value_name = "IMEI", required_unless_present = "from")]
    pub(crate) imeis: Vec<String>,
    /// Read IMEIs from a file, or from stdin with "-": one a line, CSV, JSON or JSON lines
    ///
    /// A table or an object names the IMEI imei, deviceId, device or esn. Lines that start with # are skipped.
    /// `fota imei check` says what is wrong with a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// The column or key of the file that holds the IMEIs, by its name in the header
    #[arg(long, value_name = "NAME", requires = "from")]
    pub(crate) column: Option<String>,
    /// Go on without the values that are no IMEIs, and say on stderr which they are
    #[arg(long)]
    pub(crate) skip_invalid: bool,
    /// Take every number of 14 to 16 digits, whatever its check digit, as the service may list it
    #[arg(long)]
    pub(crate) unchecked: bool,
}

impl Input {
    /// Whether stdin is taken by the input, so that nobody can be asked there.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.from.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }
}
