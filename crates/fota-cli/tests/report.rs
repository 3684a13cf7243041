//! The license report: its numbers are the service's, its file is whole or untouched, and nothing else is run.
//! How it looks is checked in a browser, by `cargo xtask report`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Done, Emulator, Home};

/// What stands between `start` and `end`, each time.
fn between<'a>(page: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    page.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

fn number(text: &str) -> u64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn figure(page: &str, id: &str) -> String {
    between(page, &format!("id=\"{id}\">"), "<")[0].to_owned()
}

/// First cells and numbers of a table.
fn table(page: &str, id: &str) -> Vec<(String, u64)> {
    let body = between(page, &format!("<table id=\"{id}\""), "</table>")[0];
    let rows = between(body.split("<tbody>").nth(1).unwrap(), "<tr", "</tr>");
    rows.into_iter()
        .map(|row| {
            let cells = row.split_once('>').unwrap().1;
            let name = cells.split("</t").next().unwrap().rsplit('>').next().unwrap();
            (name.to_owned(), number(between(cells, "class=\"number\">", "<")[0]))
        })
        .collect()
}

fn report(emulator: &Emulator, home: &Home, more: &[&str]) -> (Done, PathBuf) {
    let file = home.path().join("report.html");
    let mut arguments = vec!["licenses", "report", "--html", file.to_str().unwrap()];
    arguments.extend(more);
    (emulator.fota(home, &arguments), file)
}

/// The files of a folder, hidden ones included.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_numbers_are_the_services() {
    let home = Home::new();
    let emulator = Emulator::start(
        &home,
        &["--devices", "400", "--licenses", "1300", "--assigned", "350", "--page-size", "40"],
    );
    let (done, file) = report(&emulator, &home, &["--look-up", "150"]);
    let done = done.expect(0);
    assert_eq!(done.stdout, "");
    assert!(done.stderr.contains("the report is in "), "{done:?}");
    let page = std::fs::read_to_string(&file).unwrap();
    assert_eq!(["pool-used", "pool-free", "pool-total"].map(|id| figure(&page, id)), ["350", "950", "1,300"]);
    let months = table(&page, "timeline-table");
    assert_eq!(months.iter().map(|(_, devices)| devices).sum::<u64>(), 350);
    let list = emulator.fota(&home, &["licenses", "list", "-o", "json"]).expect(0).json();
    let times: Vec<_> =
        list.as_array().unwrap().iter().map(|row| row["assignmentTime"].as_str().unwrap()).collect();
    for (month, devices) in &months {
        let (word, year) = month.split_once(' ').unwrap();
        let of_year = "JanFebMarAprMayJunJulAugSepOctNovDec".find(word).unwrap() / 3 + 1;
        let start = format!("{year}-{of_year:02}");
        let listed = times.iter().filter(|time| time.starts_with(&start)).count();
        assert_eq!(listed as u64, *devices, "{month}");
    }
    let models = table(&page, "models-table");
    assert_eq!(models.last().unwrap(), &("Not looked up".to_owned(), 200));
    assert_eq!(models.iter().map(|(_, devices)| devices).sum::<u64>(), 350);
    assert!(page.contains("no random sample"));
    let log = std::fs::metadata(&file).unwrap().len();
    assert!(log < 60_000, "the page has {log} bytes");
}

#[test]
fn a_page_without_lookups_says_so() {
    let home = Home::new();
    let done = home.fota(["--sandbox", "licenses", "report", "--html", "-"]).expect(0);
    assert!(done.stdout.contains("No device holds a license") && done.stdout.ends_with("</html>\n"));
    assert_eq!(done.stderr, "");
    home.fota(["--sandbox", "licenses", "assign", "352099001761481"]).expect(0);
    let done = home.fota(["--sandbox", "licenses", "report", "--html", "-", "--look-up", "0"]).expect(0);
    assert_eq!(table(&done.stdout, "models-table"), [("Not looked up".to_owned(), 1)]);
}

#[test]
fn refused_devices_come_with_their_reasons() {
    let home = Home::new();
    let (missing, upgraded) = ("001001000000015", "001001000000023");
    home.fota(["--sandbox", "licenses", "assign", missing, upgraded]).expect(5);
    home.fota(["--sandbox", "licenses", "remove", upgraded, "--yes"]).expect(5);
    home.write("state/fota/runs/20990101T000000Z-assign-zzz.jsonl", "damaged\n");
    let page = home.fota(["--sandbox", "licenses", "report", "--html", "-"]).expect(0).stdout;
    let rows = between(&page, "<span class=\"id\"><bdi>", "</tr>");
    assert_eq!(rows.len(), 2, "{page}");
    assert!(rows[0].starts_with(upgraded) && rows[0].contains("removing its license"), "{}", rows[0]);
    assert!(rows[0].contains(">open<") && rows[0].contains(">licensed<"), "{}", rows[0]);
    assert!(rows[1].starts_with(missing) && rows[1].contains("Device Not Found"), "{}", rows[1]);
    assert_eq!(table(&page, "reasons-table").len(), 2);
    assert!(page.contains("Could not be read: 1 journal."), "{page}");
}

#[test]
fn a_lookup_that_fails_leaves_the_rest_true() {
    let home = Home::new();
    let emulator = Emulator::start(
        &home,
        &["--devices", "100", "--assigned", "90", "--page-size", "30", "--fault", "devices.lookup:400"],
    );
    let (done, file) = report(&emulator, &home, &[]);
    let done = done.expect(0);
    assert_eq!(done.stderr.matches("makes and models cannot be looked up").count(), 1, "{done:?}");
    let page = std::fs::read_to_string(file).unwrap();
    assert_eq!(table(&page, "models-table"), [("Not looked up".to_owned(), 90)]);
    assert!(page.contains("Looking devices up failed: "));
    assert_eq!(figure(&page, "pool-used"), "90");
}

#[test]
fn only_an_earlier_report_is_replaced() {
    let home = Home::new();
    let write =
        |file: &Path| home.fota(["--sandbox", "licenses", "report", "--html", file.to_str().unwrap()]);
    let precious = home.write("out/fleet.csv", "imei\n352099001761481\n");
    let done = write(&precious).expect(2);
    assert!(done.stderr.contains("no report of this command"), "{done:?}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "imei\n352099001761481\n");
    write(&home.path().join("out")).expect(2);
    write(&home.path().join("nowhere/report.html")).expect(2);
    // Nothing was asked of the service, not even a sandbox was started.
    assert!(!home.path().join("state/fota/sandbox.lock").exists());
    assert_eq!(files(&home.path().join("out")), ["fleet.csv"]);

    let file = home.write("out/report.html", "");
    write(&file).expect(0);
    let first = std::fs::read_to_string(&file).unwrap();
    home.fota(["--sandbox", "licenses", "assign", "352099001761481"]).expect(0);
    write(&file).expect(0);
    let second = std::fs::read_to_string(&file).unwrap();
    assert_eq!((figure(&first, "pool-used"), figure(&second, "pool-used")), ("0".into(), "1".into()));
    assert_eq!(files(&home.path().join("out")), ["fleet.csv", "report.html"]);
}

#[cfg(unix)]
#[test]
fn a_link_and_the_rights_of_a_report_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let home = Home::new();
    let write = |name: &str| {
        let file = home.path().join(name);
        home.fota(["--sandbox", "licenses", "report", "--html", file.to_str().unwrap()])
    };
    let real = home.write("www/index.html", "");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, home.path().join("link.html")).unwrap();
    write("link.html").expect(0);
    assert!(std::fs::symlink_metadata(home.path().join("link.html")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().starts_with("<!doctype html>"));
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    symlink("/dev/null", home.path().join("null.html")).unwrap();
    write("null.html").expect(2);
}

#[test]
fn a_list_that_breaks_off_leaves_the_earlier_report() {
    let home = Home::new();
    let emulator = Emulator::start(
        &home,
        &["--devices", "100", "--assigned", "90", "--page-size", "30", "--fault", "licenses.list:400:skip=5"],
    );
    // Usage and four pages; then usage again, and the first page is refused.
    let (done, file) = report(&emulator, &home, &["--look-up", "0"]);
    done.expect(0);
    let before = std::fs::read(&file).unwrap();
    let (done, _) = report(&emulator, &home, &["--look-up", "0"]);
    assert!(done.code != 0, "{done:?}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(files(home.path()), ["report.html"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_report_leaves_no_file() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--fault", "licenses.list:delay=20s"]);
    let file = home.path().join("report.html");
    let child = emulator
        .command(&home)
        .args(["licenses", "report", "--html", file.to_str().unwrap()])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while files(home.path()).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no file is being written");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.unwrap().success());
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(files(home.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_opener_gets_the_file_and_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let opener = |script: &str| {
        let path = home.write("bin/xdg-open", script);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let seen = home.path().join("seen");
    opener(&format!(
        "#!/bin/sh\n[ $# = 1 ] || exit 9\n{{ echo \"$1\"; export -p; }} > '{}'\n",
        seen.display()
    ));
    let emulator = Emulator::start(&home, &[]);
    let show = |file: &str| {
        let mut command = emulator.command(&home);
        command.env("PATH", home.path().join("bin")).current_dir(home.path());
        command.args(["licenses", "report", "--open", "--html", file]);
        command.output().unwrap()
    };
    // A shell would run this, and an option must not look like one.
    let name = "-a $(touch pwned); b.html";
    let done = show(&format!("./{name}"));
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let told = std::fs::read_to_string(&seen).unwrap();
    let file = home.path().canonicalize().unwrap().join(name);
    assert_eq!(told.lines().next(), Some(file.to_str().unwrap()));
    assert!(told.contains("HOME") && !told.contains("FOTA_"), "{told}");
    assert!(!home.path().join("pwned").exists());

    opener("#!/bin/sh\nexit 3\n");
    let done = show("again.html");
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    let errors = String::from_utf8(done.stderr).unwrap();
    assert!(errors.contains("cannot be shown") && errors.contains("again.html in a browser"), "{errors}");
    assert!(home.path().join("again.html").exists());
    let done = home.fota(["--sandbox", "licenses", "report", "--html", "-", "--open"]).expect(2);
    assert!(done.stderr.contains("--open needs a file"), "{done:?}");
}
