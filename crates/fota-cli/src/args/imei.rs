//! `fota imei …`: the doctor for files of IMEIs.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  fota imei check fleet.csv")]
pub(crate) enum Imei {
    /// Say what is wrong with files of IMEIs, line by line
    ///
    /// Nothing is sent, and no account is needed. Ends with 0 when every value is an IMEI that is there once, and
    /// with 3 after a report of all that is not. People see the first 20 problems; the other outputs list all.
    #[command(after_help = "Examples:
  fota imei check fleet.csv
  fota imei check --column modem east.csv west.json
  fota imei check 352099001761481 35-332811-003456-6
  fota licenses list -o csv | fota imei check - -o json | jq .reasons")]
    Check(CheckImeis),
}

#[derive(Debug, Args)]
pub(crate) struct CheckImeis {
    /// Files, "-" for stdin, or IMEIs; a file whose name is only digits needs ./ in front
    #[arg(value_name = "FILE", required = true)]
    pub(crate) inputs: Vec<String>,
    /// The column or key that holds the IMEIs, by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Take every number of 14 to 16 digits, whatever its check digit, as the service may list it
    #[arg(long)]
    pub(crate) unchecked: bool,
}
