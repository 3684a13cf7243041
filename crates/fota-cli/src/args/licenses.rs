//! `fota licenses …` and `fota resume`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::report::Report;
use super::values::parse_rate;
use super::{Input, Sync};

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
    ///
    /// An account of many pages is read from several places at once: an id for each page of the last whole
    /// listing is kept in the state directory. What is printed is the same.
    #[command(
        after_help = "Examples:\n  fota licenses list\n  fota licenses list -o json | jq -r '.[].deviceId'"
    )]
    List(List),
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
    /// Make the licensed devices those of a file
    ///
    /// Compares the file with the license list, says what that changes and whether the licenses suffice, and
    /// does it. Without --prune nothing is taken from anybody. Run again, it finds nothing to do.
    Sync(Sync),
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
pub(crate) struct List {
    /// Ask for one page after the other, not for several at a time
    #[arg(long)]
    pub(crate) sequential: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Change {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Check the input, read the pool, print what would be sent, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Exit with 9 when there is something to change, with 0 when not; reads the whole license list
    #[arg(long, requires = "dry_run")]
    pub(crate) detailed_exitcode: bool,
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
