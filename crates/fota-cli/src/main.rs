//! `fota`: FOTA licenses of Verizon ThingSpace from the command line. Parses, runs one command, and says with
//! the exit code how it ended.

mod args;
mod cache;
mod commands;
mod connection;
mod error;
mod exit;
mod guard;
#[cfg(test)]
mod hostile;
mod input;
mod journal;
mod log;
mod output;
mod permissions;
mod private;
mod profile;
mod sandbox;
mod settings;
mod signals;
mod suggest;
mod topics;
mod wire;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Parser as _, ValueEnum as _};

use crate::args::{Cli, Color};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, Style};
use crate::settings::Environment;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).filter_map(|text| text.into_string().ok()).collect();
    if let Some(text) = topics::asked(&arguments) {
        // A reader that is gone does not matter.
        let _ = writeln!(io::stdout(), "{text}");
        return Exit::Done.into();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_command_line(&error).into(),
    };
    let environment = Environment::process();
    let console = Console::new(&cli.global, &environment);
    log::start(&cli.global, console.error_style);
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unexpected, "runtime", format!("cannot start: {error}")))
        .and_then(|runtime| runtime.block_on(commands::run(cli, &environment, &console)));
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // When stderr is gone, the exit code still tells.
            let _ = failure.print(
                &mut output::stderr(),
                console.format.is_json() || log::is_json(),
                console.error_style,
            );
            failure.exit().into()
        }
    }
}

/// Whether help on stdout, or a complaint on stderr, is colored. The flags are not parsed then, maybe cannot be.
fn is_colored(on_stderr: bool) -> bool {
    let arguments: Vec<_> = std::env::args().collect();
    let next = |pair: &[String]| match pair {
        [flag, when] if flag == "--color" => Color::from_str(when, true).ok(),
        _ => None,
    };
    let joined = |text: &String| Color::from_str(text.strip_prefix("--color=")?, true).ok();
    let when = arguments.windows(2).find_map(next).or_else(|| arguments.iter().find_map(joined));
    let terminal = if on_stderr { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Style::new(when.unwrap_or_default(), terminal, variable).is_colored()
}

/// Help and version are no errors. A wrong command line is told as JSON if JSON was asked for.
fn refuse_command_line(error: &clap::Error) -> Exit {
    let asks_json = || {
        let arguments: Vec<_> = std::env::args().collect();
        arguments.iter().any(|text| text.starts_with("-ojson") || text.starts_with("--output=json"))
            || arguments.iter().any(|text| text == "--log-format=json")
            || arguments.windows(2).any(|pair| {
                matches!(pair, [flag, format] if ["-o", "--output", "--log-format"].contains(&flag.as_str()) && format.starts_with("json"))
            })
    };
    if error.use_stderr()
        && error.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        && asks_json()
    {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        // clap's "did you mean" stands on a line of its own.
        let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
        let help = "fota --help lists commands and flags";
        let hint = tip.map_or_else(|| help.to_owned(), |tip| format!("{tip}; {help}"));
        let failure = Failure::usage(message).hint(hint);
        let _ = failure.print(&mut output::stderr(), true, Style::plain());
    } else {
        // To stdout or stderr, as it belongs; a reader that is gone does not matter.
        let text = error.render();
        let text = if is_colored(error.use_stderr()) { text.ansi().to_string() } else { text.to_string() };
        let _ = if error.use_stderr() {
            output::stderr().write_all(text.as_bytes())
        } else {
            let mut out = output::stdout();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        };
    }
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}
