//! Shows a file in the program that the desktop has for it, without a shell.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The platform's opener, and what stands before the file.
const OPENER: (&str, &[&str]) = if cfg!(target_os = "macos") {
    ("open", &[])
} else if cfg!(windows) {
    ("rundll32", &["url.dll,FileProtocolHandler"])
} else {
    ("xdg-open", &[])
};

/// Opens the file. Some openers end at once and some with the browser, so only a quick failure is noticed.
pub(super) async fn open(path: &Path) -> Result<(), String> {
    const PAUSE: Duration = Duration::from_millis(50);
    const LOOKS: u32 = 20;
    let (program, arguments) = OPENER;
    let mut command = Command::new(program);
    command.args(arguments).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A browser has no business with passwords.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FOTA_") {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
    for _ in 0..LOOKS {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program} ended with {status}")),
            Ok(None) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}
