//! One file for each command.

mod auth;
mod emulator;
mod licenses;
mod runs;
mod setup;

use crate::args::{Auth, Cli, Command};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::Console;
use crate::settings::Environment;

/// Runs the command. Its data is on stdout when this returns.
pub(crate) async fn run(cli: Cli, environment: &Environment, console: &Console) -> Result<Exit, Failure> {
    match cli.command {
        Command::Licenses(command) => licenses::run(command, &cli.global, environment, console).await,
        Command::Resume(command) => licenses::resume(command, &cli.global, environment, console).await,
        Command::Runs => runs::run(environment, console),
        Command::Auth(Auth::Status) => auth::status(&cli.global, environment, console).await,
        Command::Auth(Auth::Logout) => auth::logout(&cli.global, environment, console).await,
        Command::Auth(Auth::ResetGuard) => auth::reset_guard(&cli.global, environment, console),
        Command::Emulator(command) => emulator::run(command, &cli.global, console).await,
        Command::Completions(command) => setup::completions(&command),
        Command::Man(command) => setup::man(&command, console),
    }
}
