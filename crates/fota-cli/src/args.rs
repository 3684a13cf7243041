//! The command line: every command, flag and help text in one place.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit;
use crate::output::Format;

/// FOTA licenses of Verizon ThingSpace: who has one, who gets one, who gives it back.
///
/// Data goes to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "fota", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{SETTINGS}\n\n{}", exit::HELP))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  fota --sandbox licenses assign --from examples/fleet.csv   try it; needs no account
  fota licenses usage                                        how many licenses are free
  fota licenses list -o csv > licensed.csv                   every licensed device
  fota licenses remove 352099001761481 --dry-run             what would be sent";

const SETTINGS: &str = "\
Settings, from a flag, else the environment, else a profile of the config file:
  --account    FOTA_ACCOUNT        account
  --base-url   FOTA_BASE_URL       base_url
               FOTA_CLIENT_ID      client_id
               FOTA_CLIENT_SECRET  client_secret   (or FOTA_CLIENT_SECRET_FILE, client_secret_file)
               FOTA_USERNAME       username
               FOTA_PASSWORD       password        (or FOTA_PASSWORD_FILE, password_file)
               FOTA_SESSION_CACHE  session_cache   (1, or true in the file: commands share one session)
  --cacert                         cacert
  --timeout                        timeout
  --request-timeout                request_timeout
The config file is $XDG_CONFIG_HOME/fota/config.toml (else ~/.config/fota/config.toml):
  [profiles.default]
  account = \"0000123456-00001\"
  client_secret_file = \"/run/secrets/fota-client-secret\"";

/// Flags of every command. They may stand before or after it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The account, such as 0000123456-00001
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// The profile of the config file [default: default]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Where the service lives, when it is not the vendor's production host
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Work on a pretend account on this machine; no credentials, no network
    #[arg(long, global = true, conflicts_with_all = ["account", "profile", "base_url", "cacert"])]
    pub(crate) sandbox: bool,
    /// The form of the data on stdout
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) output: Format,
    /// The most time for one call, pauses and repetitions included, such as 90s or 3m [default: 3m]
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_span)]
    pub(crate) timeout: Option<Duration>,
    /// The most time for one request [default: 60s]
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_span)]
    pub(crate) request_timeout: Option<Duration>,
    /// Trust the certificates of this PEM file too
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Print data and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell on stderr about every request
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Color,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Licenses: how many, on which devices, assign and remove
    #[command(visible_alias = "licences", alias = "license", alias = "licence", subcommand)]
    Licenses(Licenses),
    /// Go on with a bulk change that was cut short
    ///
    /// Devices whose request was on its way when the run ended are looked up first; only what surely was not
    /// changed is sent again. Running the same command again does the same.
    Resume(Resume),
    /// List the bulk changes of this machine, oldest first
    #[command(after_help = "Example:\n  fota runs -o json | jq '.[] | select(.finished | not)'")]
    Runs,
    /// Credentials: do they work, and forget that they did not
    #[command(subcommand)]
    Auth(Auth),
    /// Run a pretend service on this machine until Ctrl-C
    Emulator(Emulator),
}

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

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  fota auth status")]
pub(crate) enum Auth {
    /// Log in with the configured credentials, say what came of it, and log out
    ///
    /// One login is tried, no more: five wrong ones in a row lock the user. When commands share a session that is
    /// alive, none is tried, and none is logged out.
    #[command(after_help = "Examples:\n  fota auth status\n  fota auth status --profile staging -o json")]
    Status,
    /// End the session that commands share, and remove it from this machine
    ///
    /// Commands share a session when FOTA_SESSION_CACHE=1 or session_cache = true asks for it: the first one logs
    /// in, and its tokens are kept in a file that only you can read. Otherwise each command logs in and out by
    /// itself, and there is nothing to do here.
    #[command(after_help = "Examples:\n  fota auth logout\n  fota auth logout --profile staging")]
    Logout,
    /// Forget the failed logins of the configured credentials
    ///
    /// After two failed logins no more are sent with the same user name and password, by any command: five in a
    /// row lock the user. A corrected user name or password needs no reset. Check them before you reset.
    #[command(after_help = "Examples:\n  fota auth reset-guard\n  fota auth reset-guard --profile staging")]
    ResetGuard,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fota emulator --port 0 --devices 2500 --licenses 2000 --seed 7
  fota emulator > emulator.env & sleep 1; . ./emulator.env; fota licenses usage

Faults: OPERATION:EFFECT[:LIMIT...], the first that applies is used; docs/emulator.md has them all
  --fault licenses.assign:close-after:once         carried out, but the answer is lost, once
  --fault '*:503:p=0.05:seed=7'                    one request in twenty fails
  --fault licenses.list:delay=2s                   every page is late
  --fault licenses.list:429:body=gateway:retry-after=2s:from=10s:until=20s
  --fault licenses.assign:operator=toggle:every=5  a second operator changes a device's license
  --fault '{\"operation\":\"*\",\"effect\":{\"kind\":\"reset\"},\"count\":1}'")]
pub(crate) struct Emulator {
    /// The port to listen on, at 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// How many devices the account has
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) devices: usize,
    /// How many licenses the account has bought
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) licenses: u64,
    /// How many devices hold a license from the start [default: three quarters of what the devices can use]
    #[arg(long, value_name = "N")]
    pub(crate) assigned: Option<usize>,
    /// The same seed makes the same devices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The most devices on a page of a list
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) page_size: u16,
    /// Keep the state in this file: read it at the start if it is there, and write it at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Take any well-formed IMEI for a device of the account
    #[arg(long)]
    pub(crate) adopt_unknown: bool,
    /// What goes wrong, in short form or JSON; can be given more than once
    #[arg(long = "fault", value_name = "RULE")]
    pub(crate) faults: Vec<fota_emulator::Fault>,
    /// The most requests that the account may make in a span of time, such as 10/1s
    #[arg(long, value_name = "N/SPAN")]
    pub(crate) rate_limit: Option<fota_emulator::RateLimit>,
    /// Treat magic IMEIs, which fail in fixed ways, like any others
    #[arg(long)]
    pub(crate) no_magic: bool,
}

/// Reads `90s`, `3m`, `500ms`, `1h`, or seconds without a unit. Zero is no time to do anything in.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let millis = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match number.parse::<u32>() {
        Ok(number) if number > 0 && millis > 0 => Ok(Duration::from_millis(u64::from(number) * millis)),
        _ => Err("write a time as 500ms, 90s, 3m or 1h".to_owned()),
    }
}

/// Reads a number of requests a second.
fn parse_rate(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("write a number of requests a second, such as 2 or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for line in ["fota --sandbox licenses list -o json", "fota licences list -o json --sandbox"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert!(cli.global.sandbox, "{line}");
            assert_eq!(cli.global.output, Format::Json, "{line}");
        }
    }

    #[test]
    fn a_change_needs_devices() {
        assert!(Cli::try_parse_from(["fota", "licenses", "assign"]).is_err());
        assert!(Cli::try_parse_from(["fota", "licenses", "assign", "--from", "-"]).is_ok());
        assert!(Cli::try_parse_from(["fota", "licenses", "assign", "1", "--batch-size", "1001"]).is_err());
    }

    #[test]
    fn times() {
        assert_eq!(parse_span("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_span("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_span(" 3 m "), Ok(Duration::from_secs(180)));
        assert_eq!(parse_span("1h"), Ok(Duration::from_secs(3600)));
        for bad in ["", "0", "0s", "-1s", "1.5s", "5 weeks", "99999999999s", "s"] {
            assert!(parse_span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_command_has_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{path} has no example");
            for sub in command.get_subcommands() {
                walk(sub, &format!("{path} {}", sub.get_name()));
            }
        }
        walk(&Cli::command(), "fota");
    }
}
