//! `cargo xtask conformance`: somebody else's client must find our emulator to be the service.
//!
//! The vendor publishes a generated Python SDK. It is installed into a virtual environment below the target
//! folder, and `xtask/conformance/round.py` drives it through token, login, every page of the licenses,
//! assign, remove and logout, once with the service's page size and once with a small one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::context::{Context, read, watch};
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// The package and the version the wire facts were read from.
const SDK: &str = "sdksio-verizon-apis-sdk";
const SDK_VERSION: &str = "2.0.0";

/// More licensed devices than fit one page of the service, and free licenses left for the round.
const FLEET: [&str; 8] = ["--port", "0", "--devices", "2500", "--licenses", "2000", "--seed", "7"];

/// Page sizes of the two rounds: the service's own, and one that makes many pages.
const PAGE_SIZES: [&str; 2] = ["1000", "150"];

/// What the emulator prints for a shell, and the round reads from its environment.
const SETTINGS: [&str; 6] = [
    "FOTA_BASE_URL",
    "FOTA_ACCOUNT",
    "FOTA_CLIENT_ID",
    "FOTA_CLIENT_SECRET",
    "FOTA_USERNAME",
    "FOTA_PASSWORD",
];

/// How long the emulator may take to say where it listens.
const START_LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let target = Workspace::read(context)?.target_directory;
    let python = install(context, &target.join("conformance-venv"))?;
    watch(&mut context.cargo(&["build", "--quiet", "--package", "fota-cli", "--bin", "fota"]))?;
    let program = target.join("debug").join(format!("fota{}", std::env::consts::EXE_SUFFIX));
    for page_size in PAGE_SIZES {
        println!("-- round with {page_size} devices a page");
        let mut fota = context.tool(&program);
        fota.arg("emulator").args(FLEET).args(["--page-size", page_size]);
        let (_emulator, settings) = start(&mut fota)?;
        let mut round = context.tool(&python);
        round.arg(context.root.join("xtask/conformance/round.py")).args(["--page-size", page_size]);
        watch(round.envs(settings))?;
    }
    Ok(())
}

/// The interpreter of an environment that has the SDK, made on first use.
fn install(context: &Context, environment: &Path) -> Outcome<PathBuf> {
    let python = environment.join("bin").join("python");
    let question =
        format!("from importlib.metadata import version as v; assert v('{SDK}') == '{SDK_VERSION}'");
    if read(context.tool(&python).args(["-c", &question])).is_ok() {
        return Ok(python);
    }
    watch(context.tool("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let requirement = format!("{SDK}=={SDK_VERSION}");
    watch(context.tool(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        &requirement,
    ]))?;
    Ok(python)
}

/// A running emulator; it ends when this goes out of scope.
#[derive(Debug)]
pub(crate) struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the emulator and waits until it has printed all settings.
pub(crate) fn start(command: &mut Command) -> Outcome<(Emulator, Vec<(String, String)>)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take();
    let emulator = Emulator(child);
    let output = output.ok_or_else(|| Failure::new("the emulator has no output"))?;
    let (sender, receiver) = mpsc::channel();
    // Reads to the end, so that the emulator never waits for room in the pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let deadline = Instant::now() + START_LIMIT;
    let mut settings: Vec<(String, String)> = Vec::new();
    while !SETTINGS.iter().all(|name| settings.iter().any(|(known, _)| known == name)) {
        let line = receiver
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .map_err(|_| Failure::new("the emulator did not print all of its `export` lines"))?;
        settings.extend(exported(&line));
    }
    Ok((emulator, settings))
}

/// `export NAME='value'` as a name and a value; the quotes are a shell's, or absent.
fn exported(line: &str) -> Option<(String, String)> {
    let (name, value) = line.trim().strip_prefix("export ")?.split_once('=')?;
    let mut plain = String::new();
    let mut quoted = false;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted = !quoted,
            '\\' if !quoted => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    (!quoted).then(|| (name.trim().to_owned(), plain))
}

#[cfg(test)]
mod tests {
    use super::exported;

    #[test]
    fn export_lines() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(
            exported("export FOTA_ACCOUNT='0000123456-00001'"),
            pair("FOTA_ACCOUNT", "0000123456-00001")
        );
        assert_eq!(exported("  export A=b=c"), pair("A", "b=c"));
        assert_eq!(exported(r"export A='it'\''s'"), pair("A", "it's"));
        assert_eq!(exported(r"export A='a\b'"), pair("A", r"a\b"));
        assert_eq!(exported("export A=''"), pair("A", ""));
        assert_eq!(exported("export A='open"), None);
        assert_eq!(exported("# export A=b"), None);
        assert_eq!(exported("listening"), None);
    }
}
