//! Where we are and how tools are run from here.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome};

/// The libraries, lowest first. What holds for "the libraries" holds for these.
pub(crate) const LIBRARIES: [&str; 5] =
    ["fota-models", "fota-core", "fota-hyper", "fota-blocking", "fota-emulator"];

/// Variables that `cargo run` sets for this program. Build scripts watch some of them, so passing
/// them on would make cargo rebuild crates whenever a chore and a bare `cargo` take turns.
const OURS: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME"];

/// The repository and its tools.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) root: PathBuf,
}

impl Context {
    pub(crate) fn new() -> Outcome<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().ok_or_else(|| Failure::new("xtask has no parent folder"))?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A tool, run in the root of the repository, without our own build's variables and without a terminal's input.
    pub(crate) fn tool(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if OURS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
    }

    /// The cargo that runs us, with these arguments.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.tool(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }
}

/// Runs a command whose output the reader sees; anything but success is a failure.
pub(crate) fn watch(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|error| unstartable(command, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` ended with {status}", shown(command))))
}

/// Runs a command for its standard output; its errors are part of the failure.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| unstartable(command, &error))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let text = format!("`{}` ended with {}\n{errors}", shown(command), output.status);
        return Err(Failure::new(text));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn unstartable(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` cannot be started: {error}", shown(command)))
}

/// The command as one would type it, without the folder of its program.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or_default().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
