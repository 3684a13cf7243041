//! `fota licenses assign` and `remove`: plan, ask, run, report.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use fota_core::BoxError;
use fota_core::bulk::{Action, Event, Observer, Options, Run};
use fota_core::models::DeviceId;

use super::usage::Pool;
use super::{failed, report};
use crate::args::{Change, Pace, Resume};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::input;
use crate::journal::{self, Header, Journal, Store};
use crate::output::{Console, Meter, escape, stdout, still_read, tell};
use crate::settings::Environment;
use crate::signals::Signals;

/// A change whose input is good.
#[derive(Debug)]
pub(super) struct Request {
    action: Action,
    devices: Vec<DeviceId>,
    options: Options,
    confirmed: bool,
    dry_run: bool,
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
        let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal() && !change.input.reads_stdin();
        if !confirmed && !can_ask {
            return Err(Failure::usage("removing licenses needs --yes when there is no terminal to ask on")
                .hint("look at it with --dry-run first; scheduled upgrades of the devices are canceled"));
        }
        let input = input::devices(&change.input)?;
        input.tell_skipped(console);
        Ok(Request {
            action,
            devices: input.imeis.into_iter().map(DeviceId::from).collect(),
            skipped: input.skipped.len(),
            options: options(&change.pace),
            confirmed,
            dry_run: change.dry_run,
            failed: change.pace.failed.clone(),
            resumed: None,
        })
    }

    /// Takes up the run of an earlier process. It was confirmed then.
    pub(super) fn resume(store: &Store, resume: &Resume) -> Result<Self, Failure> {
        let (journal, devices, events) = store.resume(resume.run.as_deref())?;
        let action = journal.header.action().ok_or_else(|| {
            Failure::usage(format!("the run {} is of a kind that this version does not know", journal.name()))
        })?;
        Ok(Request {
            action,
            devices,
            options: options(&resume.pace),
            confirmed: true,
            dry_run: false,
            skipped: 0,
            failed: resume.pace.failed.clone(),
            resumed: Some((journal, events)),
        })
    }

    pub(super) async fn run(
        mut self,
        connection: &Connection,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        if let Some((journal, _)) = &self.resumed {
            check_target(journal, connection)?;
        }
        let before = Pool::of(&connection.client.licenses(&connection.account).usage().await?);
        self.tell_plan(connection, before, console);
        if self.dry_run {
            let account = connection.account.as_str();
            still_read(report::print_plan(stdout(), &self.devices, account, before, console))?;
            input::tell_skipped_count(self.skipped);
            return Ok(Exit::Done);
        }
        if !self.confirmed && !self.ask()? {
            return Err(Failure::new(Exit::Unexpected, "declined", "not confirmed; nothing was changed"));
        }
        let (mut journal, events) = if let Some(resumed) = self.resumed.take() {
            resumed
        } else {
            let account = connection.account.as_str();
            let header =
                Header::new(journal::now(), self.action, account, connection.service(), &self.devices);
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
        let interrupted = drive(&mut run, &mut journal, connection, console).await?;
        let stopped = run.stopped().cloned();
        let report = run.report();
        let counts = report.counts();
        if counts.unresolved + counts.not_attempted == 0 {
            journal.finish(counts).map_err(|error| {
                Failure::new(Exit::Unexpected, "journal", format!("the journal cannot be closed: {error}"))
                    .hint("every device has its outcome; running the same command again is safe")
            })?;
        }
        if let Some(path) = &self.failed {
            failed::write(path, &report)?;
        }
        // Read again: the answer that would tell may be one that was lost.
        let told = Pool { total: report.total_licenses, assigned: report.used_licenses };
        let read = pool_now(connection).await;
        let after = if read.free().is_some() { read } else { told };
        let view = report::View { report: &report, account: connection.account.as_str(), before, after };
        still_read(report::print(stdout(), &view, console))?;
        input::tell_skipped_count(self.skipped);
        finish(&report, stopped, interrupted, &journal.name())
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

    fn ask(&self) -> io::Result<bool> {
        let mut question = io::stderr();
        write!(
            question,
            "{} the licenses of {}? [y/N] ",
            self.action,
            counted(self.devices.len(), "device")
        )?;
        question.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

fn options(pace: &Pace) -> Options {
    Options::default()
        .batch(usize::from(pace.batch_size))
        .concurrency(usize::from(pace.concurrency))
        .rate(pace.rate)
}

/// A journal goes on with the account and the service that it was begun with.
fn check_target(journal: &Journal, connection: &Connection) -> Result<(), Failure> {
    let (header, name) = (&journal.header, journal.name());
    let other = |what: &str, then: &str, now: &str| {
        Failure::usage(format!("the run {name} is for the {what} {then}, and this command is for {now}"))
    };
    let account = connection.account.as_str();
    if header.account != account {
        return Err(
            other("account", &header.account, account).hint(format!("add --account {}", header.account))
        );
    }
    if header.service != connection.service() {
        let hint = match header.service.as_str() {
            "sandbox" => "add --sandbox".to_owned(),
            service => format!("add --base-url {service}"),
        };
        return Err(other("service", &header.service, connection.service()).hint(hint));
    }
    Ok(())
}

/// Writes the journal, shows the progress, and breaks off when a signal came.
struct Watcher<'a> {
    journal: &'a mut Journal,
    meter: Meter,
    stop: &'a Cell<bool>,
}

impl Observer for Watcher<'_> {
    fn record(&mut self, events: Vec<Event>) -> Result<(), BoxError> {
        Ok(self.journal.append(events)?)
    }

    fn progress(&mut self, run: &Run) -> ControlFlow<()> {
        self.meter.at(run.progress().0);
        if self.stop.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Sends the requests. After the first signal no new change is sent, and what is under way may end; the
/// second signal gives that up too. Tells whether there was a signal.
async fn drive(
    run: &mut Run,
    journal: &mut Journal,
    connection: &Connection,
    console: &Console,
) -> Result<bool, Failure> {
    let mut signals = Signals::listen()?;
    let stop = Cell::new(false);
    {
        let (done, all) = run.progress();
        let mut meter = console.meter("devices", Some(all));
        meter.at(done);
        let mut watcher = Watcher { journal, meter, stop: &stop };
        let mut work = pin!(connection.client.run(run, &mut watcher));
        loop {
            tokio::select! {
                () = &mut work => break,
                () = signals.next() => {
                    if stop.replace(true) {
                        break;
                    }
                    console.end_progress();
                    tell("stopping after the requests under way; once more to stop at once");
                }
            }
        }
    }
    console.end_progress();
    Ok(stop.get())
}

/// The pool after a run. Not worth a long wait.
async fn pool_now(connection: &Connection) -> Pool {
    const PATIENCE: Duration = Duration::from_secs(10);
    match tokio::time::timeout(PATIENCE, connection.client.licenses(&connection.account).usage()).await {
        Ok(Ok(summary)) => Pool::of(&summary),
        _ => Pool::default(),
    }
}

fn finish(
    report: &fota_core::bulk::Report,
    stopped: Option<fota_core::Error>,
    interrupted: bool,
    name: &str,
) -> Result<Exit, Failure> {
    let counts = report.counts();
    let unfinished = counts.unresolved + counts.not_attempted;
    if let Some(error) = stopped {
        let failure = Failure::from(error);
        let exit = match failure.exit() {
            exit @ (Exit::Auth | Exit::Guard) => exit,
            _ if counts.unresolved > 0 => Exit::Unfinished,
            Exit::Unavailable | Exit::Unexpected if counts.applied + counts.already + counts.refused > 0 => {
                Exit::Unfinished
            }
            exit => exit,
        };
        let failure = failure.with_exit(exit);
        return Err(if unfinished > 0 { failure.with_resume(name) } else { failure });
    }
    if interrupted && unfinished > 0 {
        return Err(Failure::new(
            Exit::Interrupted,
            "interrupted",
            format!("interrupted, {unfinished} devices to go"),
        )
        .with_resume(name));
    }
    if unfinished > 0 {
        let text = format!("the outcome of {} is not known yet", counted(unfinished, "device"));
        return Err(Failure::new(Exit::Unfinished, "unfinished", text).with_resume(name));
    }
    Ok(if counts.refused > 0 { Exit::Refused } else { Exit::Done })
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
