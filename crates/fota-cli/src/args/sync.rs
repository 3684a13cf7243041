//! `fota licenses sync`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::{Input, Pace};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(after_help = "Examples:
  fota licenses sync --from fleet.csv --dry-run
  fota licenses sync --from fleet.csv
  fota licenses sync --from fleet.csv --prune --max-remove 40 --yes")]
pub(crate) struct Sync {
    /// The devices that shall have a license: a file, or "-" for stdin, in the forms that assign reads
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// The column or key of the file that holds the IMEIs, by its name in the header
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Go on without the values that are no IMEIs, and say on stderr which they are
    ///
    /// Not together with --prune: a typing error must not cost a device its license.
    #[arg(long, conflicts_with = "prune")]
    pub(crate) skip_invalid: bool,
    /// Take every number of 14 to 16 digits, whatever its check digit, as the service may list it
    #[arg(long)]
    pub(crate) unchecked: bool,
    /// Remove the licenses of devices that are not in the file
    ///
    /// Upgrades that are scheduled for them are canceled. A device that was upgraded since it got its license
    /// keeps it. Asks first; without a terminal to ask on, it needs --yes.
    #[arg(long)]
    pub(crate) prune: bool,
    /// The most licenses that --prune may remove: a number, or a part of the licensed devices, rounded up
    ///
    /// A plan that removes more is refused as a whole, and nothing is sent.
    #[arg(long, value_name = "N|P%", default_value_t, requires = "prune")]
    pub(crate) max_remove: Limit,
    /// Take a file without any IMEI at its word: --prune then removes every license, as far as --max-remove allows
    #[arg(long, requires = "prune")]
    pub(crate) allow_empty: bool,
    #[command(flatten)]
    pub(crate) pace: Pace,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Print the plan and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Exit with 9 when there is something to change, with 0 when not
    #[arg(long, requires = "dry_run")]
    pub(crate) detailed_exitcode: bool,
}

impl Sync {
    /// The file, as commands that take devices name it.
    pub(crate) fn input(&self) -> Input {
        Input {
            imeis: Vec::new(),
            from: Some(self.from.clone()),
            column: self.column.clone(),
            skip_invalid: self.skip_invalid,
            unchecked: self.unchecked,
        }
    }
}

/// How many of some devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Count(usize),
    Percent(u8),
}

impl Limit {
    /// The number, when there are so many devices.
    pub(crate) fn of(self, devices: usize) -> usize {
        match self {
            Limit::Count(count) => count,
            // Rounded up, so that one device of a small account can go.
            Limit::Percent(percent) => {
                usize::try_from((devices as u128 * u128::from(percent)).div_ceil(100)).unwrap_or(usize::MAX)
            }
        }
    }
}

/// What a night's job may take away without anybody looking.
impl Default for Limit {
    fn default() -> Self {
        Limit::Percent(10)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Count(count) => write!(f, "{count}"),
            Limit::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let limit = match text.strip_suffix('%') {
            Some(percent) => percent.trim_end().parse().ok().filter(|p| *p <= 100).map(Limit::Percent),
            None => text.parse().ok().map(Limit::Count),
        };
        limit.ok_or_else(|| "write a number of devices such as 40, or a part such as 10%".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        for (text, devices, limit) in [
            ("40", 7, 40),
            ("0", 7, 0),
            ("10%", 0, 0),
            ("10%", 1, 1),
            ("10%", 100, 10),
            ("10%", 101, 11),
            (" 0 % ", 100, 0),
            ("100%", usize::MAX, usize::MAX),
        ] {
            assert_eq!(text.parse::<Limit>().unwrap().of(devices), limit, "{text} of {devices}");
        }
        for bad in ["", "%", "-1", "101%", "1.5", "10 percent", "ten"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }
}
