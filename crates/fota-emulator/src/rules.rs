//! What an operation needs to know besides the account: the switches, the time, and which unknown devices it takes.

use fota_models::{DeviceId, DeviceOutcome, TimeFormat};

use crate::answers::with_times;
use crate::magic::Magic;
use crate::settings::Settings;
use crate::switches::{Switches, TimeStyle};

/// What an operation needs to know besides the account.
#[derive(Debug)]
pub(crate) struct Rules<'e> {
    pub(crate) switches: &'e Switches,
    pub(crate) adopt: bool,
    magic: bool,
    pub(crate) unix_millis: i64,
}

impl<'e> Rules<'e> {
    pub(crate) fn new(settings: &Settings, switches: &'e Switches, unix_millis: i64) -> Self {
        Rules { switches, adopt: settings.adopt_unknown, magic: settings.magic, unix_millis }
    }

    /// What is fixed about the device, if it is a magic one.
    pub(crate) fn magic(&self, device: &DeviceId) -> Option<&'static Magic> {
        if self.magic { Magic::of(device) } else { None }
    }

    /// The format of the `turn`th time that is documented as `documented`.
    pub(crate) fn format(&self, documented: TimeFormat, turn: usize) -> TimeFormat {
        match self.switches.time_style {
            TimeStyle::Documented => documented,
            TimeStyle::Go => TimeFormat::Go,
            TimeStyle::Mixed if turn.is_multiple_of(2) => TimeFormat::Go,
            TimeStyle::Mixed | TimeStyle::Rfc3339 => TimeFormat::Rfc3339,
        }
    }

    pub(crate) fn timed(&self, outcomes: Vec<DeviceOutcome>) -> Vec<DeviceOutcome> {
        with_times(outcomes, self.switches.outcome_times, self.unix_millis)
    }
}
