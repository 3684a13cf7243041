//! `fota licenses assign` and `remove`: plan, ask, run, report.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use fota_core::bulk::{Action, Run};
use fota_core::models::{DeviceId, Imei};

use super::report;
use super::usage::Pool;
use crate::args::Change;
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::input;
use crate::output::{Console, escape, still_read, tell};
use crate::signals::Signals;

/// A change whose input is good.
#[derive(Debug)]
pub(super) struct Request {
    action: Action,
    imeis: Vec<Imei>,
    batch_size: usize,
    confirmed: bool,
    dry_run: bool,
}

impl Request {
    /// Reads and judges the input. Nothing was sent when this fails.
    pub(super) fn prepare(action: Action, change: &Change) -> Result<Self, Failure> {
        let confirmed = change.yes || change.dry_run || action == Action::Assign;
        let can_ask = io::stdin().is_terminal()
            && io::stderr().is_terminal()
            && change.from.as_ref().is_none_or(|path| path.as_os_str() != "-");
        if !confirmed && !can_ask {
            return Err(Failure::usage("removing licenses needs --yes when there is no terminal to ask on")
                .hint("look at it with --dry-run first; scheduled upgrades of the devices are canceled"));
        }
        Ok(Request {
            action,
            imeis: input::devices(&change.imeis, change.from.as_deref())?,
            batch_size: usize::from(change.batch_size),
            confirmed,
            dry_run: change.dry_run,
        })
    }

    pub(super) async fn run(self, connection: &Connection, console: &Console) -> Result<Exit, Failure> {
        let before = Pool::of(&connection.client.licenses(&connection.account).usage().await?);
        self.tell_plan(connection, before, console);
        if self.dry_run {
            still_read(report::print_plan(&self.imeis, connection.account.as_str(), before, console))?;
            return Ok(Exit::Done);
        }
        if !self.confirmed && !self.ask()? {
            return Err(Failure::new(Exit::Unexpected, "declined", "not confirmed; nothing was changed"));
        }
        let devices = self.imeis.iter().map(|imei| DeviceId::from(*imei));
        let mut run = Run::new(self.action, devices).batch_size(self.batch_size);
        let interrupted = drive(&mut run, connection, console).await?;
        let stopped = run.stopped().cloned();
        let report = run.report();
        let told = Pool { total: report.total_licenses, assigned: report.used_licenses };
        let complete = told.free().is_some() && stopped.is_none() && !interrupted;
        let after = if complete { told } else { pool_now(connection).await };
        let view = report::View { report: &report, account: connection.account.as_str(), before, after };
        still_read(report::print(&view, console))?;
        finish(&report, stopped, interrupted, console)
    }

    fn tell_plan(&self, connection: &Connection, pool: Pool, console: &Console) {
        let count = self.imeis.len();
        let verb = match self.action {
            Action::Assign => "assign licenses to",
            Action::Remove => "remove the licenses of",
        };
        let devices = counted(count, "device");
        let requests = counted(count.div_ceil(self.batch_size), "request");
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
        write!(question, "{} the licenses of {}? [y/N] ", self.action, counted(self.imeis.len(), "device"))?;
        question.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

/// Sends the requests. After the first signal no new one is sent, and the one under way may end; the second
/// signal gives that up too. Tells whether there was a signal.
async fn drive(run: &mut Run, connection: &Connection, console: &Console) -> Result<bool, Failure> {
    let mut signals = Signals::listen()?;
    let stop = Cell::new(false);
    {
        let mut work = pin!(connection.client.run(&connection.account, run, |run| {
            let (done, all) = run.progress();
            console.progress(format_args!("{done} of {all} devices …"));
            if stop.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }));
        loop {
            tokio::select! {
                () = &mut work => break,
                () = signals.next() => {
                    if stop.replace(true) {
                        break;
                    }
                    console.end_progress();
                    tell("stopping after the request under way; once more to stop at once");
                }
            }
        }
    }
    console.end_progress();
    Ok(stop.get())
}

/// The pool after a run whose last answer does not tell. Not worth a long wait.
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
    console: &Console,
) -> Result<Exit, Failure> {
    let counts = report.counts();
    let unfinished = counts.unresolved + counts.not_attempted;
    if let Some(error) = stopped {
        let failure = Failure::from(error);
        let exit = match failure.exit() {
            Exit::Auth => Exit::Auth,
            _ if counts.unresolved > 0 => Exit::Unfinished,
            Exit::Unavailable if counts.applied + counts.already + counts.refused > 0 => Exit::Unfinished,
            exit => exit,
        };
        return Err(failure.with_exit(exit));
    }
    if interrupted && unfinished > 0 {
        return Err(Failure::new(
            Exit::Interrupted,
            "interrupted",
            format!("interrupted, {unfinished} devices to go"),
        )
        .hint("run the same command again: devices that were changed already stay as they are"));
    }
    if counts.unresolved > 0 {
        console.warn(
            "the service's answer does not say what became of some devices; look with fota licenses list",
        );
        return Ok(Exit::Unfinished);
    }
    Ok(if counts.refused > 0 { Exit::Refused } else { Exit::Done })
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use fota_core::models::{DeviceOutcome, LicenseChange};
    use fota_core::{Error, ErrorKind};

    use super::*;
    use crate::args::Global;
    use crate::settings::Environment;

    /// A run over two devices in two requests, which end as `results` say.
    fn end(results: Vec<Result<LicenseChange, Error>>, interrupted: bool) -> Exit {
        let devices = ["352099001761481", "353328110034566"].map(DeviceId::from);
        let mut run = Run::new(Action::Assign, devices).batch_size(1);
        for result in results {
            let chunk = run.next_chunk().unwrap();
            run.record(&chunk, result);
        }
        let stopped = run.stopped().cloned();
        let console = Console::new(&Global { quiet: true, ..Global::default() }, &Environment::process());
        finish(&run.report(), stopped, interrupted, &console).unwrap_or_else(|failure| failure.exit())
    }

    fn answer(device: &str, status: &str) -> LicenseChange {
        LicenseChange::default().device_list(vec![DeviceOutcome::new(device, status)])
    }

    #[test]
    fn exit_codes_of_a_run() {
        let good = |device| Ok(answer(device, "LicenseAssignSuccess"));
        let (first, second) = ("352099001761481", "353328110034566");
        let error = |kind| Err(Error::new(kind, "fake"));
        assert_eq!(end(vec![good(first), good(second)], false), Exit::Done);
        assert_eq!(end(vec![good(first), good(second)], true), Exit::Done);
        assert_eq!(end(vec![good(first), Ok(answer(second, "LicenseAssignFailed"))], false), Exit::Refused);
        assert_eq!(end(vec![good(first), Ok(answer(second, "Perhaps"))], false), Exit::Unfinished);
        assert_eq!(end(vec![good(first), Ok(answer("another", "Success"))], false), Exit::Unfinished);
        assert_eq!(end(vec![error(ErrorKind::Unavailable)], false), Exit::Unavailable);
        assert_eq!(end(vec![good(first), error(ErrorKind::Connect)], false), Exit::Unfinished);
        assert_eq!(end(vec![good(first), error(ErrorKind::LoginRejected)], false), Exit::Auth);
        assert_eq!(end(vec![good(first), error(ErrorKind::Decode)], false), Exit::Unexpected);
        assert_eq!(end(vec![good(first)], true), Exit::Interrupted);
    }
}
