//! `fota licenses assign` and `remove`: plan, ask, run, report.

use std::path::PathBuf;

use fota_core::bulk::{Action, Event, Options, Run};
use fota_core::models::DeviceId;

use super::journaled::{self, Driver, counted};
use super::listing::Listing;
use super::usage::Pool;
use super::walk::Known;
use super::{failed, report};
use crate::args::{Change, Pace};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::input;
use crate::journal::{self, Header, Job, Journal, Resumed, Store};
use crate::output::{Console, escape, stdout, still_read};
use crate::settings::Environment;

/// A change whose input is good.
#[derive(Debug)]
pub(super) struct Request {
    action: Action,
    devices: Vec<DeviceId>,
    options: Options,
    confirmed: bool,
    dry_run: bool,
    detailed: bool,
    /// Values of the input that were left out.
    skipped: usize,
    failed: Option<PathBuf>,
    /// The journal of an earlier process, and what it tells.
    resumed: Option<(Journal, Vec<Event>)>,
}

impl Request {
    /// Reads and judges the input. Nothing was sent when this fails.
    pub(super) fn prepare(action: Action, change: &Change, console: &Console) -> Result<Self, Failure> {
        let confirmed = change.yes || change.dry_run || action == Action::Assign;
        if !confirmed && !journaled::can_ask(change.input.reads_stdin()) {
            return Err(Failure::usage("removing licenses needs --yes when there is no terminal to ask on")
                .hint("look at it with --dry-run first; scheduled upgrades of the devices are canceled"));
        }
        let input = input::devices(&change.input)?;
        input.tell_skipped(console);
        Ok(Request {
            action,
            devices: input.imeis.into_iter().map(DeviceId::from).collect(),
            skipped: input.skipped.len(),
            options: journaled::options(&change.pace),
            confirmed,
            dry_run: change.dry_run,
            detailed: change.detailed_exitcode,
            failed: change.pace.failed.clone(),
            resumed: None,
        })
    }

    /// Takes up the run of an earlier process. It was confirmed then.
    pub(super) fn resume(action: Action, resumed: Resumed, pace: &Pace) -> Self {
        let Resumed { journal, devices, events } = resumed;
        Request {
            action,
            devices,
            options: journaled::options(pace),
            confirmed: true,
            dry_run: false,
            detailed: false,
            skipped: 0,
            failed: pace.failed.clone(),
            resumed: Some((journal, events)),
        }
    }

    pub(super) async fn run(
        mut self,
        connection: &Connection,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        if let Some((journal, _)) = &self.resumed {
            journaled::check_target(journal, connection)?;
        }
        let before = Pool::of(&connection.client.licenses(&connection.account).usage().await?);
        self.tell_plan(connection, before, console);
        if self.dry_run {
            let account = connection.account.as_str();
            still_read(report::print_plan(stdout(), &self.devices, account, before, console))?;
            input::tell_skipped_count(self.skipped);
            return if self.detailed {
                self.pending(connection, environment, console).await
            } else {
                Ok(Exit::Done)
            };
        }
        if !self.confirmed {
            let devices = counted(self.devices.len(), "device");
            journaled::confirm(&format!("{} the licenses of {devices}", self.action))?;
        }
        let (mut journal, events) = if let Some(resumed) = self.resumed.take() {
            resumed
        } else {
            let account = connection.account.as_str();
            let job = Job::Change(self.action);
            let header = Header::new(journal::now(), job, account, connection.service(), &self.devices);
            Store::open(environment)?.begin(header, &self.devices)?
        };
        let mut run = Run::new(self.action, connection.account.clone(), self.devices)
            .options(self.options)
            .replay(events);
        let (known, all) = run.progress();
        if journal.is_continued() {
            console.note(format_args!(
                "going on with run {}: {known} of {all} devices are known",
                journal.name()
            ));
        }
        let mut driver = Driver::new(connection, environment, console)?;
        driver.drive(&mut run, &mut journal).await;
        let stopped = run.stopped().cloned().map(Failure::from);
        let report = run.report();
        let counts = report.counts();
        journaled::close(&mut journal, counts)?;
        if let Some(path) = &self.failed {
            failed::write(path, &report)?;
        }
        // Read again: the answer that would tell may be one that was lost.
        let told = Pool { total: report.total_licenses, assigned: report.used_licenses };
        let read = journaled::pool_now(connection).await;
        let after = if read.free().is_some() { read } else { told };
        let view = report::View { report: &report, account: connection.account.as_str(), before, after };
        still_read(report::print(stdout(), &view, console))?;
        input::tell_skipped_count(self.skipped);
        journaled::end(&counts, stopped, driver.interrupted(), &journal.name())
    }

    /// Whether the change would change anything: that takes a look at the whole license list.
    async fn pending(
        &self,
        connection: &Connection,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let listing = Listing::read(connection, environment, Known::LastListing, console).await?;
        let licensed = listing.set();
        let wants_one = self.action == Action::Assign;
        let count = self.devices.iter().filter(|device| licensed.contains(device) != wants_one).count();
        let all = counted(self.devices.len(), "device");
        console.note(format_args!("{count} of {all} would change"));
        Ok(if count > 0 { Exit::Pending } else { Exit::Done })
    }

    fn tell_plan(&self, connection: &Connection, pool: Pool, console: &Console) {
        let count = self.devices.len();
        let verb = match self.action {
            Action::Assign => "assign licenses to",
            Action::Remove => "remove the licenses of",
        };
        let devices = counted(count, "device");
        let requests = counted(count.div_ceil(self.options.batch), "request");
        let account = escape::terminal(connection.account.as_str());
        console.note(format_args!("plan: {verb} {devices} of account {account}, in {requests}"));
        if !self.dry_run {
            console.note(format_args!("pool: {pool}"));
        }
        match self.action {
            Action::Assign => {
                if let Some(free) =
                    pool.free().filter(|free| usize::try_from(*free).is_ok_and(|free| free < count))
                {
                    console.warn(format_args!(
                        "only {free} of {count} fit: devices without a license beyond that will be refused"
                    ));
                }
            }
            Action::Remove => console.warn("upgrades that are scheduled for these devices are canceled"),
        }
    }
}
