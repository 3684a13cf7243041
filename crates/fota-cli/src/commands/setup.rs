//! `fota completions` and `fota man`: made from the definition of the command line, so that they never lag behind it.

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::args::{Cli, Completions, Man};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, stdout, still_read};

/// The completion script of a shell, on stdout.
pub(super) fn completions(command: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Cli::command(), "fota", &mut script);
    let mut out = stdout();
    still_read(out.write_all(&script).and_then(|()| out.flush()))?;
    Ok(Exit::Done)
}

/// One page for each command, as `fota-licenses-assign.1`.
pub(super) fn man(command: &Man, console: &Console) -> Result<Exit, Failure> {
    let folder = &command.folder;
    std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder)).map_err(
        |error| {
            let message = format!("cannot write the manual pages to {}: {error}", folder.display());
            Failure::usage(message).hint("name a folder that you can write to")
        },
    )?;
    console.note(format_args!("the manual pages are in {}", folder.display()));
    Ok(Exit::Done)
}
