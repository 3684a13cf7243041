//! The command line: every command, flag and help text, one file per family of commands.

mod auth;
mod config;
mod emulator;
mod imei;
mod input;
mod licenses;
mod report;
mod schema;
mod setup;
mod sync;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit;
use crate::output::Format;

pub(crate) use auth::Auth;
pub(crate) use config::{Config, Doctor};
pub(crate) use emulator::Emulator;
pub(crate) use imei::{CheckImeis, Imei};
pub(crate) use input::Input;
pub(crate) use licenses::{Change, Licenses, List, Pace, Resume};
pub(crate) use report::Report;
pub(crate) use schema::Schema;
pub(crate) use setup::{Completions, Man};
pub(crate) use sync::{Limit, Sync};
pub(crate) use values::parse_span;

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
  fota licenses remove 352099001761481 --dry-run             what would be sent

More help: fota help COMMAND, fota help settings, fota help exit-codes";

pub(crate) const SETTINGS: &str = "\
Settings, from a flag, else the environment, else a profile of the config file:
  --account    FOTA_ACCOUNT        account
  --base-url   FOTA_BASE_URL       base_url
               FOTA_CLIENT_ID      client_id
               FOTA_CLIENT_SECRET  client_secret   (or …_FILE, …_COMMAND; client_secret_file, …_command)
               FOTA_USERNAME       username
               FOTA_PASSWORD       password        (or …_FILE, …_COMMAND; password_file, …_command)
               FOTA_SESSION_CACHE  session_cache   (1, or true in the file: commands share one session)
  --cacert     FOTA_CACERT         cacert
  --timeout    FOTA_TIMEOUT        timeout
  --request-timeout
               FOTA_REQUEST_TIMEOUT
                                   request_timeout
  --profile    FOTA_PROFILE                        which profile
               https_proxy, all_proxy, no_proxy    as curl reads them
The config file is $XDG_CONFIG_HOME/fota/config.toml (else ~/.config/fota/config.toml):
  [profiles.default]
  account = \"0000123456-00001\"
  client_secret_file = \"/run/secrets/fota-client-secret\"
  password_command = [\"pass\", \"show\", \"thingspace\"]
fota config explain tells where each setting comes from, and fota doctor tries them.";

/// Flags of every command. They may stand before or after it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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
    /// In CSV, keep every cell as it is, even if a spreadsheet would run it as a formula
    #[arg(long, global = true)]
    pub(crate) raw: bool,
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
    /// Tell on stderr about every request; twice: with headers and bodies, without secrets
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The form of what is told on stderr: errors, notes and what --verbose asks for
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Color,
}

/// The form of what is told on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
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
    /// Judge files of IMEIs without sending anything
    #[command(subcommand)]
    Imei(Imei),
    /// Credentials: do they work, and forget that they did not
    #[command(subcommand)]
    Auth(Auth),
    /// Run a pretend service on this machine until Ctrl-C
    Emulator(Emulator),
    /// Settings: where each one comes from
    #[command(subcommand)]
    Config(Config),
    /// Try everything that a command needs, and say what to do about what does not work
    ///
    /// Sends one request without credentials and no more than one login, and none that the login guard keeps back.
    /// The exit code is that of the first check that fails: 2 for settings, 4 for credentials, 7 for the network,
    /// 8 for the login guard.
    Doctor(Doctor),
    /// Print the JSON Schemas of what --output json and jsonl print
    Schema(Schema),
    /// Print the script with which a shell completes commands and flags
    Completions(Completions),
    /// Write the manual pages to a folder
    Man(Man),
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
