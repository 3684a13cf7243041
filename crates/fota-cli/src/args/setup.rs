//! `fota completions` and `fota man`: what a package installs beside the program.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(fota completions bash)
  fota completions zsh > ~/.zfunc/_fota
  fota completions fish > ~/.config/fish/completions/fota.fish")]
pub(crate) struct Completions {
    /// The shell that is to complete commands and flags
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  fota man ~/.local/share/man/man1 && man fota-licenses-assign")]
pub(crate) struct Man {
    /// The folder for the pages; it is made if it is not there
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
