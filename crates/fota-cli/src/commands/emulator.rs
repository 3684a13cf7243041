//! `fota emulator`: the pretend service on a port of this machine.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use fota_core::models::AccountName;
use fota_emulator::{Server, Settings};

use crate::args::{Emulator, Global};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, json, stdout, still_read};
use crate::signals::Signals;

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn run(command: Emulator, global: &Global, console: &Console) -> Result<Exit, Failure> {
    let clients_business = [
        ("--sandbox", global.sandbox),
        ("--base-url", global.base_url.is_some()),
        ("--profile", global.profile.is_some()),
        ("--cacert", global.cacert.is_some()),
        ("--timeout", global.timeout.is_some()),
        ("--request-timeout", global.request_timeout.is_some()),
    ];
    if let Some((flag, _)) = clients_business.into_iter().find(|(_, given)| *given) {
        return Err(Failure::usage(format!("{flag} means nothing to the emulator")));
    }
    let mut signals = Signals::listen()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, command.port));
    let server = Server::bind(address, settings(&command, global)?).map_err(|error| {
        Failure::new(Exit::Unexpected, "emulator", format!("the emulator cannot start on {address}: {error}"))
            .hint("--port 0 takes a free port")
    })?;
    still_read(print(&server, console))?;
    console.note("the emulator runs until Ctrl-C");
    signals.next().await;
    server.save().map_err(|error| {
        Failure::new(Exit::Unexpected, "emulator", format!("the state cannot be kept: {error}"))
    })?;
    Ok(Exit::Done)
}

fn settings(command: &Emulator, global: &Global) -> Result<Settings, Failure> {
    let mut settings = Settings::seeded(command.devices, command.licenses, command.seed)
        .page_size(usize::from(command.page_size))
        .adopt_unknown(command.adopt_unknown)
        .magic(!command.no_magic)
        .faults(command.faults.iter().cloned())
        .map_err(|error| Failure::usage(error.to_string()))?
        .starting_now();
    if let Some(limit) = command.rate_limit {
        settings = settings.rate_limit(limit);
    }
    if let Some(assigned) = command.assigned {
        settings = settings.assigned(assigned);
    }
    if let Some(path) = &command.state {
        settings = settings.state_file(path);
    }
    if let (Some(name), Some(account)) = (&global.account, settings.accounts.first_mut()) {
        account.name = AccountName::new(name).map_err(|error| Failure::usage(error.to_string()))?;
    }
    Ok(settings)
}

/// What a client needs. These "secrets" open nothing but the emulator.
fn print(server: &Server, console: &Console) -> io::Result<()> {
    let mut out = stdout();
    if console.format.is_json() {
        let variables: BTreeMap<_, _> = server.environment().into_iter().collect();
        json::write(&mut out, &variables)?;
        out.write_all(b"\n")?;
    } else {
        out.write_all(server.env_lines().as_bytes())?;
    }
    out.flush()
}
