//! `fota licenses sync`: make the licensed devices those of a file. Reads, compares, refuses what must not be,
//! and carries the plan out with a journal; then reads again, for others may work on the account too.

mod apply;
mod compare;
#[cfg(test)]
mod hostile;
mod plan;
mod report;
mod round;

use std::path::{Path, PathBuf};

use fota_core::bulk::{Options, Plan};
use fota_core::models::DeviceId;

use super::journaled::{self, Driver, counted};
use super::listing::Listing;
use super::usage::Pool;
use super::walk::Known;
use crate::args::{Limit, Pace, Sync};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::input;
use crate::journal::{Planned, Resumed, Store};
use crate::output::{Console, escape, stdout, still_read};
use crate::settings::Environment;
use apply::{Device, counts, counts_to_settle};
use compare::{Difference, compare, merge};
use plan::Planning;
use report::View;
use round::{Earlier, Round, Work};

/// A sync whose input is good.
#[derive(Debug)]
pub(super) struct Request {
    goal: Goal,
    options: Options,
    failed: Option<PathBuf>,
}

#[derive(Debug)]
enum Goal {
    File(Desired),
    /// What an earlier process began.
    Journal(Planned, Box<Resumed>),
}

/// What the file and the flags say.
#[derive(Debug)]
struct Desired {
    wanted: Vec<DeviceId>,
    prune: bool,
    limit: Limit,
    confirmed: bool,
    mode: Mode,
    /// Values of the input that were left out.
    skipped: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Apply,
    /// Print the plan; tell with the exit code whether it is empty, or not.
    Plan {
        detailed: bool,
    },
}

/// How often it is made good that others take wanted licenses away meanwhile.
const ROUNDS: usize = 3;

impl Request {
    /// Reads and judges the input. Nothing was sent when this fails.
    pub(super) fn prepare(sync: &Sync, console: &Console) -> Result<Self, Failure> {
        let input = sync.input();
        let confirmed = sync.yes || sync.dry_run || !sync.prune;
        if !confirmed && !journaled::can_ask(input.reads_stdin()) {
            return Err(Failure::usage("--prune needs --yes when there is no terminal to ask on")
                .hint("look at it with --dry-run first; scheduled upgrades of pruned devices are canceled"));
        }
        let devices = if sync.prune {
            let devices = input::devices_or_none(&input)?;
            if devices.imeis.is_empty() && !sync.allow_empty {
                let name = sync.from.display();
                let text = format!(
                    "there is no IMEI in {name}, so --prune would remove every license; nothing was sent"
                );
                return Err(Failure::new(Exit::Input, "input", text)
                    .hint("look whether the file was written; if it is to be so, add --allow-empty"));
            }
            devices
        } else {
            input::devices(&input)?
        };
        devices.tell_skipped(console);
        let desired = Desired {
            wanted: devices.imeis.into_iter().map(DeviceId::from).collect(),
            prune: sync.prune,
            limit: sync.max_remove,
            confirmed,
            mode: if sync.dry_run { Mode::Plan { detailed: sync.detailed_exitcode } } else { Mode::Apply },
            skipped: devices.skipped.len(),
        };
        Ok(Request {
            goal: Goal::File(desired),
            options: journaled::options(&sync.pace),
            failed: sync.pace.failed.clone(),
        })
    }

    /// Takes up the run of an earlier process. It was confirmed then.
    pub(super) fn resume(plan: Planned, resumed: Resumed, pace: &Pace) -> Self {
        Request {
            goal: Goal::Journal(plan, Box::new(resumed)),
            options: journaled::options(pace),
            failed: pace.failed.clone(),
        }
    }

    pub(super) async fn run(
        self,
        connection: &Connection,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let Request { goal, options, failed } = self;
        match goal {
            Goal::File(desired) => {
                let failed = failed.as_deref();
                desired.sync(options, failed, connection, environment, console).await
            }
            Goal::Journal(plan, resumed) => {
                let service = connection.service();
                let _lock = Store::open(environment)?.lock_sync(connection.account.as_str(), service)?;
                round::go_on(plan, *resumed, options, failed.as_deref(), connection, environment, console)
                    .await
            }
        }
    }
}

impl Desired {
    async fn sync(
        self,
        options: Options,
        failed: Option<&Path>,
        connection: &Connection,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let account = connection.account.as_str();
        let store = match self.mode {
            Mode::Plan { .. } => None,
            Mode::Apply => Some(Store::open(environment)?),
        };
        let service = connection.service();
        // From before the list is read until the end: two plans at a time would undo each other.
        let _lock = store.as_ref().map(|store| store.lock_sync(account, service)).transpose()?;
        let earlier = match &store {
            Some(store) => store.unfinished_syncs(account, service)?,
            None => Vec::new(),
        };
        let listing =
            Listing::read(connection, environment, Known::Devices(&self.wanted), console).await.map_err(
                |failure| failure.within("the license list was not read to its end, and nothing was changed"),
            )?;
        let planning = Planning::new(&self.wanted, &listing, self.prune);
        planning.tell(account, store.is_none(), console);
        let Some(store) = store else {
            still_read(report::print_plan(stdout(), &planning, account, console))?;
            input::tell_skipped_count(self.skipped);
            planning.check(&listing, self.limit)?;
            let pending = self.mode == Mode::Plan { detailed: true } && !planning.plan.is_empty();
            return Ok(if pending { Exit::Pending } else { Exit::Done });
        };
        planning.check(&listing, self.limit)?;
        let Planning { plan, numbers } = planning;
        if plan.is_empty() {
            round::give_up(earlier)?;
            let pool = listing.pool;
            let view = View { account, plan: &numbers, devices: &[], after: pool, in_sync: Some(true) };
            still_read(report::print(stdout(), &view, console))?;
            input::tell_skipped_count(self.skipped);
            return Ok(Exit::Done);
        }
        if !self.confirmed && !plan.remove.is_empty() {
            let removals = counted(plan.remove.len(), "device");
            let also = match plan.assign.len() {
                0 => String::new(),
                count => format!(", and assign licenses to {}", counted(count, "device")),
            };
            journaled::confirm(&format!("remove the licenses of {removals}{also}"))?;
        }
        let mut driver = Driver::new(connection, environment, console)?;
        let mut work = Work { store, driver: &mut driver, options };
        let done = self.converge(&mut work, plan, numbers, earlier).await?;
        let interrupted = driver.interrupted();
        self.finish(done, &numbers, failed, interrupted, connection, console).await
    }

    /// Carries the plan out, and looks whether that made the account what the file says.
    async fn converge(
        &self,
        work: &mut Work<'_, '_>,
        plan: Plan,
        numbers: Planned,
        earlier: Vec<Earlier>,
    ) -> Result<Done, Failure> {
        let (connection, environment, console) =
            (work.driver.connection, work.driver.environment, work.driver.console);
        let Round { name, devices, stopped } = work.round(plan, numbers, earlier).await?;
        let mut done = Done { name, devices, stopped, difference: None, pool: None };
        for left in (0..ROUNDS).rev() {
            let counts = counts_to_settle(&done.devices);
            if done.stopped.is_some() || counts.unresolved + counts.not_attempted > 0 {
                break;
            }
            let listing = match work
                .driver
                .read(Listing::read(connection, environment, Known::LastListing, console))
                .await
            {
                Some(Ok(listing)) => listing,
                Some(Err(failure)) => {
                    let why = escape::terminal(failure.message());
                    console.warn(format_args!("the list could not be read again, to compare: {why}"));
                    break;
                }
                None => break,
            };
            let found = compare(&self.wanted, self.prune, &listing, &mut done.devices);
            let missing = found.missing.clone();
            (done.difference, done.pool) = (Some(found), Some(listing.pool));
            if missing.is_empty() || left == 0 {
                break;
            }
            let count = counted(missing.len(), "wanted device");
            console.note(format_args!("{count} lost the license meanwhile; assigning again"));
            // Only what the file wants: nothing is removed that was not in the plan that people saw.
            let none = Listing { devices: Vec::new(), pool: listing.pool };
            let Planning { plan, numbers } = Planning::new(&missing, &none, false);
            match work.round(plan, numbers, Vec::new()).await {
                Ok(round) => {
                    merge(&mut done.devices, round.devices);
                    (done.name, done.stopped) = (round.name, round.stopped);
                    (done.difference, done.pool) = (None, None);
                }
                Err(failure) => done.stopped = Some(failure),
            }
        }
        Ok(done)
    }

    async fn finish(
        self,
        done: Done,
        numbers: &Planned,
        failed: Option<&Path>,
        interrupted: bool,
        connection: &Connection,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let Done { name, devices, stopped, difference, pool } = done;
        round::write_failed(failed, &devices)?;
        let after = match pool {
            Some(pool) => pool,
            None => journaled::pool_now(connection).await,
        };
        let all = counts(&devices);
        let is_open = all.refused + all.unresolved + all.not_attempted > 0;
        let in_sync = match &difference {
            Some(difference) => Some(difference.is_none()),
            None => is_open.then_some(false),
        };
        let account = connection.account.as_str();
        let view = View { account, plan: numbers, devices: &devices, after, in_sync };
        still_read(report::print(stdout(), &view, console))?;
        input::tell_skipped_count(self.skipped);
        let exit = round::end(&devices, stopped, interrupted, &name)?;
        let changed = difference.map_or(0, |found| found.missing.len() + found.surplus);
        if changed > 0 {
            let devices = counted(changed, "device");
            let text = format!("{devices} got or lost a license while this command ran, against the file");
            return Err(Failure::new(Exit::Unfinished, "changed_meanwhile", text)
                .hint("somebody else works on the account; run the same command again"));
        }
        Ok(exit)
    }
}

/// What came of all rounds.
struct Done {
    /// The last journal.
    name: String,
    devices: Vec<Device>,
    stopped: Option<Failure>,
    /// What the list said after the last change, if it was read.
    difference: Option<Difference>,
    pool: Option<Pool>,
}
