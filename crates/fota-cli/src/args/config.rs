//! `fota config …` and `fota doctor`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  fota config explain")]
pub(crate) enum Config {
    /// Every setting: its value, and where it comes from
    ///
    /// Secrets are not read, no command for a secret is run, and nothing is sent.
    #[command(
        after_help = "Examples:\n  fota config explain\n  fota config explain --profile staging -o json | jq '.settings[] | select(.source == \"missing\")'"
    )]
    Explain,
    /// Print where the config file is, whether or not it exists
    #[command(after_help = "Example:\n  ${EDITOR:-vi} \"$(fota config path)\"")]
    Path,
    /// Print a config file to begin with
    #[command(
        after_help = "Example:\n  mkdir -p ~/.config/fota && fota config example > ~/.config/fota/config.toml"
    )]
    Example,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fota doctor
  fota doctor --offline
  fota doctor -o json | jq '.checks[] | select(.status == \"fail\")'")]
pub(crate) struct Doctor {
    /// Look at this machine only: no request, no name is looked up, no login
    #[arg(long)]
    pub(crate) offline: bool,
}
