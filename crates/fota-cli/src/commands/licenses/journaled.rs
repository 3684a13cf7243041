//! Runs with a journal: driven, broken off by a signal, closed, and what their end means to the exit code.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use fota_core::BoxError;
use fota_core::bulk::{Counts, Event, Observer, Options, Run};

use super::usage::Pool;
use crate::args::Pace;
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::Journal;
use crate::output::{Console, Meter, tell};
use crate::settings::Environment;
use crate::signals::Signals;

/// Drives the runs of one command. From its creation on, a signal does not end the process: after the first
/// one no new change is sent, and what is under way may end; the second one gives that up too.
pub(super) struct Driver<'a> {
    pub(super) connection: &'a Connection,
    pub(super) environment: &'a Environment,
    pub(super) console: &'a Console,
    signals: Signals,
    stop: Cell<bool>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        environment: &'a Environment,
        console: &'a Console,
    ) -> io::Result<Self> {
        Ok(Driver { connection, environment, console, signals: Signals::listen()?, stop: Cell::new(false) })
    }

    /// Whether there was a signal.
    pub(super) fn interrupted(&self) -> bool {
        self.stop.get()
    }

    /// Sends the requests of a run.
    pub(super) async fn drive(&mut self, run: &mut Run, journal: &mut Journal) {
        {
            let Driver { connection, console, signals, stop, .. } = self;
            let (done, all) = run.progress();
            let mut meter = console.meter("devices", Some(all));
            meter.at(done);
            let mut watcher = Watcher { journal, meter, stop };
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
        self.console.end_progress();
    }

    /// Reads something, unless there was a signal or one comes meanwhile.
    pub(super) async fn read<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        if self.stop.get() {
            return None;
        }
        tokio::select! {
            done = work => Some(done),
            () = self.signals.next() => {
                self.stop.set(true);
                None
            }
        }
    }
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

/// Whether somebody is there to be asked.
pub(super) fn can_ask(stdin_is_input: bool) -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal() && !stdin_is_input
}

/// Asks on the terminal. `Err` with the way to end unless the answer is yes.
pub(super) fn confirm(question: &str) -> Result<(), Failure> {
    let mut terminal = io::stderr();
    write!(terminal, "{question}? [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::new(Exit::Unexpected, "declined", "not confirmed; nothing was changed"))
}

pub(super) fn options(pace: &Pace) -> Options {
    Options::default()
        .batch(usize::from(pace.batch_size))
        .concurrency(usize::from(pace.concurrency))
        .rate(pace.rate)
}

/// A journal goes on with the account and the service that it was begun with.
pub(super) fn check_target(journal: &Journal, connection: &Connection) -> Result<(), Failure> {
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

/// Marks the run as finished, if it is.
pub(super) fn close(journal: &mut Journal, counts: Counts) -> Result<(), Failure> {
    if counts.unresolved + counts.not_attempted > 0 {
        return Ok(());
    }
    journal.finish(counts).map_err(|error| {
        Failure::new(Exit::Unexpected, "journal", format!("the journal cannot be closed: {error}"))
            .hint("every device has its outcome; running the same command again is safe")
    })
}

/// The pool after a run. Not worth a long wait.
pub(super) async fn pool_now(connection: &Connection) -> Pool {
    const PATIENCE: Duration = Duration::from_secs(10);
    match tokio::time::timeout(PATIENCE, connection.client.licenses(&connection.account).usage()).await {
        Ok(Ok(summary)) => Pool::of(&summary),
        _ => Pool::default(),
    }
}

/// How a run of that name ended, for the exit code.
pub(super) fn end(
    counts: &Counts,
    stopped: Option<Failure>,
    interrupted: bool,
    name: &str,
) -> Result<Exit, Failure> {
    let unfinished = counts.unresolved + counts.not_attempted;
    if let Some(failure) = stopped {
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
