//! `fota licenses …` and `fota resume`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::report::Report;
use super::values::parse_rate;

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  fota licenses assign --from fleet.csv --dry-run")]
pub(crate) enum Licenses {
    /// How many licenses the account has, uses and has free
    #[command(
        after_help = "Examples:\n  fota licenses usage\n  fota licenses usage -o json | jq .freeLicenses"
    )]
    Usage,
    /// Every device that holds a license
    ///
    /// The list is printed while it is read, page by page. If it breaks off, the exit code says so, and JSON
    /// output stays without its closing bracket.
    #[command(
        after_help = "Examples:\n  fota licenses list\n  fota licenses list -o json | jq -r '.[].deviceId'"
    )]
    List,
    /// Give devices a license each
    ///
    /// A device that has one keeps it, so it is safe to run this again.
    #[command(after_help = "Examples:
  fota licenses assign --from fleet.csv
  fota licenses assign 352099001761481 353328110034566
  jq -r '.[].imei' fleet.json | fota licenses assign --from - --dry-run")]
    Assign(Change),
    /// Take devices' licenses back
    ///
    /// Upgrades that are scheduled for the devices are canceled. A device that was upgraded since it got its
    /// license keeps it. Asks first; without a terminal to ask on, it needs --yes.
    #[command(after_help = "Examples:
  fota licenses remove --from retired.csv --dry-run
  fota licenses remove 352099001761481 --yes")]
    Remove(Change),
    /// A page about the licenses: the pool, assignments over time, makes and models, refused devices
    ///
    /// One file that needs nothing else: no scripts, fonts or images from elsewhere. Refused devices are those of
    /// the runs of this machine.
    #[command(after_help = "Examples:
  fota licenses report --html licenses.html --open
  fota licenses report --html - --look-up 0 > licenses.html")]
    Report(Report),
}

#[derive(Debug, Args)]
pub(crate) struct Change {
    /// IMEIs, 14 to 16 digits each
    #[arg(value_name = "IMEI", required_unless_present = "from")]
    pub(crate) imeis: Vec<String>,
    /// Read IMEIs from a file, or from stdin with "-": CSV with a header that names a column imei, deviceId,
    /// device or esn, or one IMEI a line; lines that start with # are skipped
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// The column of the file that holds the IMEIs, by its name in the header
    #[arg(long, value_name = "NAME", requires = "from")]
    pub(crate) column: Option<String>,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Check the input, read the pool, print what would be sent, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How a bulk change goes about its work.
#[derive(Debug, Args)]
pub(crate) struct Pace {
    /// The most devices in one request
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) batch_size: u16,
    /// The most requests at a time; fewer when the service asks for it
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
    /// The most requests a second, such as 2 or 0.5
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub(crate) rate: Option<f64>,
    /// Write the devices that were refused or are unresolved to this file, as input for another run
    #[arg(long, value_name = "FILE")]
    pub(crate) failed: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fota resume
  fota resume 20240305T091011Z-assign-3f9a1c")]
pub(crate) struct Resume {
    /// The run, by its name in `fota runs` [default: the newest that is not finished]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) pace: Pace,
}
