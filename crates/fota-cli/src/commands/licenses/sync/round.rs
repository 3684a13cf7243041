//! One plan carried out with its journal: a new one, or one that an earlier process began.

use std::path::Path;

use fota_core::bulk::{Event, Options, Plan};
use fota_core::models::DeviceId;

use super::super::failed;
use super::super::journaled::{self, Driver};
use super::apply::{Applied, Device, Phases, counts_to_settle, held};
use super::report::{self, View};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::{self, Header, Job, Journal, Planned, Resumed, Store};
use crate::output::{Console, stdout, still_read};
use crate::settings::Environment;

/// What the rounds of a sync share.
pub(super) struct Work<'w, 'a> {
    pub(super) store: Store,
    pub(super) driver: &'w mut Driver<'a>,
    pub(super) options: Options,
}

/// A plan that was carried out, as far as it went.
pub(super) struct Round {
    /// Of its journal.
    pub(super) name: String,
    pub(super) devices: Vec<Device>,
    pub(super) stopped: Option<Failure>,
}

/// A sync that was cut short, and what its journal tells.
pub(super) type Earlier = (Journal, Vec<Event>);

impl Work<'_, '_> {
    /// Carries a plan out with a journal of its own, which takes the place of earlier ones. Nothing was sent
    /// when this fails.
    pub(super) async fn round(
        &mut self,
        plan: Plan,
        numbers: Planned,
        earlier: Vec<Earlier>,
    ) -> Result<Round, Failure> {
        let connection = self.driver.connection;
        let devices: Vec<DeviceId> = plan.remove.iter().chain(&plan.assign).cloned().collect();
        let (account, service) = (connection.account.as_str(), connection.service());
        let header = Header::new(journal::now(), Job::Sync(numbers), account, service, &devices);
        let mut journal = self.store.create(header, &devices)?;
        let mut events = Vec::new();
        for (mut old, told) in earlier {
            if let Some(doubt) = journal::doubts(told) {
                journal.append(vec![doubt.clone()]).map_err(|error| unwritten(&error))?;
                events.push(doubt);
            }
            old.replace(Some(journal.name())).map_err(|error| unwritten(&error))?;
        }
        let phases = Phases { remove: plan.remove, assign: plan.assign, events, resumed: false };
        let Applied { devices, stopped } = phases.apply(self.driver, &mut journal, self.options).await;
        let closed = journaled::close(&mut journal, counts_to_settle(&devices));
        Ok(Round { name: journal.name(), devices, stopped: stopped.or(closed.err()) })
    }
}

/// `fota resume` of a sync that was cut short: both of its phases, with the devices of then.
pub(super) async fn go_on(
    plan: Planned,
    resumed: Resumed,
    options: Options,
    failed: Option<&Path>,
    connection: &Connection,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let Resumed { mut journal, devices: mut remove, events } = resumed;
    journaled::check_target(&journal, connection)?;
    let assign = remove.split_off(plan.remove.min(remove.len()));
    let name = journal.name();
    console.note(format_args!("going on with run {name}: {}", plan.changes()));
    let mut driver = Driver::new(connection, environment, console)?;
    let phases = Phases { remove, assign, events, resumed: true };
    let Applied { devices, stopped } = phases.apply(&mut driver, &mut journal, options).await;
    journaled::close(&mut journal, counts_to_settle(&devices))?;
    write_failed(failed, &devices)?;
    let after = journaled::pool_now(connection).await;
    let account = connection.account.as_str();
    let view = View { account, plan: &plan, devices: &devices, after, in_sync: None };
    still_read(report::print(stdout(), &view, console))?;
    let exit = end(&devices, stopped, driver.interrupted(), &name)?;
    console.note("this was the plan of then; run the same sync again to compare the account with its file");
    Ok(exit)
}

/// Old plans must not be carried out after a newer one, and not when nothing is left to do.
pub(super) fn give_up(earlier: Vec<Earlier>) -> Result<(), Failure> {
    earlier.into_iter().try_for_each(|(mut old, _)| old.replace(None).map_err(|error| unwritten(&error)))
}

pub(super) fn write_failed(path: Option<&Path>, devices: &[Device]) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    failed::write_sync(path, devices.iter().map(|device| (&device.id, device.action, &device.outcome)))
}

/// How it ended, for the exit code. That no license was left for a device is an outcome too.
pub(super) fn end(
    devices: &[Device],
    stopped: Option<Failure>,
    interrupted: bool,
    name: &str,
) -> Result<Exit, Failure> {
    let exit = journaled::end(&counts_to_settle(devices), stopped, interrupted, name)?;
    Ok(if held(devices) > 0 { Exit::Refused } else { exit })
}

fn unwritten(error: &std::io::Error) -> Failure {
    let text = format!("the journal cannot be written: {error}; nothing was sent");
    Failure::new(Exit::Unexpected, "journal", text).hint("make room on the disk of XDG_STATE_HOME")
}
