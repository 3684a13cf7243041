//! `cargo xtask report`: the license report in a real browser says what the emulator has.
//!
//! An emulator with a fleet is started, `fota` makes runs with refused devices and then the report, and
//! `xtask/report/check.py` reads the rendered page back at the width of a telephone and of a desk, light and dark.
//! With `--bless`, the pictures of the guide are made anew.

use crate::conformance::start;
use crate::context::{Context, read, watch};
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// Nearly used up, so that an assignment of a few devices finds the pool empty.
const FLEET: [&str; 10] =
    ["--port", "0", "--devices", "2400", "--licenses", "1500", "--assigned", "1490", "--seed", "7"];

/// The most bytes of all pictures of the guide.
const IMAGES: u64 = 600_000;

pub(crate) fn run(context: &Context, arguments: &[String]) -> Outcome {
    let bless = match arguments {
        [] => false,
        [word] if word == "--bless" => true,
        _ => return Err(Failure::new("report takes --bless or nothing")),
    };
    for program in ["chromium", "chromedriver"] {
        read(context.tool(program).arg("--version")).map_err(|failure| {
            Failure::new(format!(
                "{}\nDebian has it: apt-get install chromium chromium-driver",
                failure.headline()
            ))
        })?;
    }
    let target = Workspace::read(context)?.target_directory;
    watch(&mut context.cargo(&["build", "--quiet", "--package", "fota-cli", "--bin", "fota"]))?;
    let program = target.join("debug").join(format!("fota{}", std::env::consts::EXE_SUFFIX));
    let folder = target.join("xtask-report");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let home = folder.join("home");
    std::fs::create_dir_all(&home)?;
    let images = context.root.join("docs").join("images");

    let mut fota = context.tool(&program);
    let (_emulator, settings) = start(fota.arg("emulator").args(FLEET).arg("--adopt-unknown"))?;
    let mut check = context.tool("python3");
    check.arg(context.root.join("xtask/report/check.py")).arg(&program).arg(&folder);
    if bless {
        std::fs::create_dir_all(&images)?;
        check.arg(&images);
    }
    // An empty home, so that nobody's journals and settings are in the page; no proxy between us and ourselves.
    check.env("HOME", &home).env("NO_PROXY", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
    for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        check.env_remove(name);
    }
    watch(check.envs(settings))?;
    let mut bytes = 0;
    for entry in std::fs::read_dir(&images)? {
        bytes += entry?.metadata()?.len();
    }
    if bytes > IMAGES {
        return Err(Failure::new(format!("docs/images has {bytes} bytes, {IMAGES} at most")));
    }
    Ok(())
}
