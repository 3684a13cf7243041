//! One file for each command.

mod auth;
mod config;
mod doctor;
mod emulator;
mod imei;
mod licenses;
mod runs;
mod schema;
mod setup;

use fota_core::Servers;

use crate::args::{Auth, Cli, Command, Imei};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, Format};
use crate::settings::{Environment, SERVICES};

/// Runs the command. Its data is on stdout when this returns.
pub(crate) async fn run(cli: Cli, environment: &Environment, console: &Console) -> Result<Exit, Failure> {
    if cli.global.raw && cli.global.output != Format::Csv {
        return Err(Failure::usage("--raw is for CSV alone").hint("add --output csv, or leave --raw away"));
    }
    match cli.command {
        Command::Licenses(command) => licenses::run(command, &cli.global, environment, console).await,
        Command::Resume(command) => licenses::resume(command, &cli.global, environment, console).await,
        Command::Runs => runs::run(environment, console),
        Command::Imei(Imei::Check(command)) => imei::check(&command, console),
        Command::Auth(Auth::Status) => auth::status(&cli.global, environment, console).await,
        Command::Auth(Auth::Login) => auth::login(&cli.global, environment, console).await,
        Command::Auth(Auth::Logout) => auth::logout(&cli.global, environment, console).await,
        Command::Auth(Auth::ResetGuard) => auth::reset_guard(&cli.global, environment, console),
        Command::Emulator(command) => emulator::run(command, &cli.global, console).await,
        Command::Config(command) => config::run(&command, &cli.global, environment, console),
        Command::Doctor(command) => doctor::run(&command, &cli.global, environment, console).await,
        Command::Schema(command) => schema::run(&command, console),
        Command::Completions(command) => setup::completions(&command),
        Command::Man(command) => setup::man(&command, console),
    }
}

/// Where the services are, the licenses first.
fn service_uris(servers: &Servers) -> Vec<http::Uri> {
    SERVICES.into_iter().rev().filter_map(|service| servers.base(service).parse().ok()).collect()
}
