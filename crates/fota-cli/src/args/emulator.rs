//! `fota emulator`.

use std::path::PathBuf;

use clap::Args;

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
