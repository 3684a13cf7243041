//! Everything that is printed as JSON is as `schemas/` says, and nothing else: real commands, in every case they
//! can end in, as one document and line by line. A schema that no case uses fails the test.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use common::{Done, Home, fleet, fleet_imeis};
use fota_emulator::{Server, Settings};
use serde_json::{Value, json};

/// The schemas as they are shipped, and which of them were used.
struct Schemas {
    all: BTreeMap<String, Value>,
    used: BTreeSet<String>,
}

impl Schemas {
    fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            let name =
                path.file_name().unwrap().to_str().unwrap().strip_suffix(".schema.json").unwrap().to_owned();
            let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            (name, schema)
        };
        Schemas { all: std::fs::read_dir(folder).unwrap().map(read).collect(), used: BTreeSet::new() }
    }

    #[track_caller]
    fn valid(&mut self, name: &str, line: bool, value: &Value) {
        self.used.insert(name.to_owned());
        let schema = self.all.get(name).unwrap_or_else(|| panic!("there is no schema {name}"));
        let mut schema = schema.clone();
        // Readers have to live with fields that come later; here each one has to be documented.
        close(&mut schema);
        if line && schema["$defs"].get("line").is_some() {
            schema =
                json!({ "$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": "#/$defs/line" });
        }
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}\n{value:#}");
    }

    /// What a command printed on stdout.
    #[track_caller]
    fn output(&mut self, name: &str, format: &str, done: &Done) {
        match format {
            "json" => self.valid(name, false, &done.json()),
            _ => done
                .stdout
                .lines()
                .for_each(|line| self.valid(name, true, &serde_json::from_str(line).unwrap())),
        }
    }
}

/// Allows no property that is not named.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("properties").is_some_and(Value::is_object) {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            // A condition is no description.
            map.iter_mut()
                .filter(|(key, _)| !["if", "then", "else"].contains(&key.as_str()))
                .for_each(|(_, part)| close(part));
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// A service, a home, and commands between the two.
struct Lab<'a> {
    home: Home,
    server: Server,
    format: &'a str,
}

impl<'a> Lab<'a> {
    /// With the devices of the fleet's file, and so many licenses.
    fn new(format: &'a str, licenses: u64) -> Self {
        let settings =
            Settings::seeded(0, licenses, 7).devices(fleet_imeis().iter().map(String::as_str)).assigned(0);
        Lab { home: Home::new(), server: Server::start(settings).unwrap(), format }
    }

    fn run(&self, line: &str) -> Done {
        self.run_with(line, &[])
    }

    fn run_with(&self, line: &str, set: &[(&str, &str)]) -> Done {
        let mut command = self.home.command();
        command.envs(self.server.environment()).envs(set.iter().copied());
        command.args(["-o", self.format, "--timeout", "2s"]);
        command.args(
            line.split(' ').map(|word| if word == "FLEET" { fleet().into_os_string() } else { word.into() }),
        );
        Done::of(command.output().unwrap())
    }

    fn fault(&self, rules: &[&str]) {
        self.server.faults(rules.iter().map(|rule| rule.parse().unwrap())).unwrap();
    }
}

#[test]
fn every_output_is_as_its_schema_says() {
    let mut schemas = Schemas::load();
    for format in ["json", "jsonl"] {
        nothing(&mut schemas, format);
        changes(&mut schemas, format);
        unresolved(&mut schemas, format);
        syncs(&mut schemas, format);
        logins(&mut schemas, format);
        errors(&mut schemas, format);
        settings(&mut schemas, format);
    }
    emulator(&mut schemas);
    let all: BTreeSet<String> = schemas.all.keys().cloned().collect();
    assert_eq!(schemas.used, all, "each schema is held against real output here");
}

fn nothing(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 20);
    for (name, line) in [("list", "licenses list"), ("runs", "runs")] {
        let done = lab.run(line).expect(0);
        assert_eq!(done.stdout, if format == "json" { "[]\n" } else { "" }, "{line}");
        schemas.output(name, format, &done);
    }
    let done = lab.run("schema").expect(0);
    assert!(!done.stdout.is_empty());
    schemas.output("schemas", format, &done);
}

fn changes(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 5);
    schemas.output("usage", format, &lab.run("licenses usage").expect(0));
    schemas.output("plan", format, &lab.run("licenses assign --from FLEET --dry-run").expect(0));
    schemas.output("change", format, &lab.run("licenses assign --batch-size 5 --from FLEET").expect(5));
    schemas.output("list", format, &lab.run("licenses list").expect(0));
    schemas.output("plan", format, &lab.run("licenses remove --from FLEET --dry-run").expect(0));
    let first = &fleet_imeis()[0];
    schemas.output("change", format, &lab.run(&format!("licenses assign {first}")));
    schemas.output("change", format, &lab.run(&format!("licenses remove --yes {first}")));
    let runs = lab.run("runs").expect(0);
    assert!(runs.stdout.contains("\"finished\":true"), "{runs:#?}");
    schemas.output("runs", format, &runs);
}

fn unresolved(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 20);
    lab.fault(&["licenses.assign:close-after:skip=1", "devices.lookup:400", "licenses.list:400:skip=1"]);
    let done = lab.run("licenses assign --batch-size 5 --concurrency 1 --from FLEET").expect(6);
    assert!(done.stdout.contains("unresolved"), "{done:#?}");
    schemas.output("change", format, &done);
    schemas.valid("error", false, &json!({ "error": done.error() }));
    let runs = lab.run("runs").expect(0);
    assert!(runs.stdout.contains("\"finished\":false"), "{runs:#?}");
    schemas.output("runs", format, &runs);
    lab.server.with(fota_emulator::Emulator::clear_faults);
    schemas.output("change", format, &lab.run("resume").expect(0));
}

fn syncs(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 5);
    let fleet = fleet_imeis();
    let file = |name: &str, devices: &[String]| {
        lab.home.write(name, devices.join("\n")).to_str().unwrap().to_owned()
    };
    let (three, other) = (file("three.txt", &fleet[..3]), file("other.txt", &fleet[2..5]));
    // What is told besides stdout, if anything: the kind of the error.
    let sync = |schemas: &mut Schemas, line: &str, code: i32, outcomes: &[&str]| {
        let done = lab.run(line).expect(code);
        for outcome in outcomes {
            assert!(done.stdout.contains(&format!("\"outcome\":\"{outcome}\"")), "{line}: {done:#?}");
        }
        schemas.output("sync", format, &done);
        if done.stderr.contains("{\"error\"") {
            schemas.valid("error", false, &json!({ "error": done.error() }));
        }
    };
    sync(schemas, &format!("licenses sync --from {three} --dry-run"), 0, &["planned"]);
    sync(schemas, &format!("licenses sync --from {three} --dry-run --detailed-exitcode"), 9, &["planned"]);
    sync(schemas, &format!("licenses sync --from {three}"), 0, &["applied"]);
    sync(schemas, &format!("licenses sync --from {three}"), 0, &[]);
    let prune = format!("licenses sync --from {other} --prune --max-remove 100%");
    sync(schemas, &format!("{prune} --dry-run"), 0, &["planned"]);
    sync(schemas, &format!("{prune} --yes"), 0, &["applied"]);
    // A plan that does not fit is shown, and not carried out.
    sync(schemas, "licenses sync --from FLEET --dry-run", 3, &["planned"]);
    let refused = lab.run("licenses sync --from FLEET").expect(3);
    assert_eq!((refused.stdout.as_str(), &refused.error()["kind"]), ("", &json!("does_not_fit")));
    schemas.valid("error", false, &json!({ "error": refused.error() }));
    let refused = lab.run(&format!("licenses sync --from {three} --prune --yes")).expect(3);
    assert_eq!(refused.error()["kind"], "too_many_removals");
    schemas.valid("error", false, &json!({ "error": refused.error() }));
    // A device that was upgraded keeps its license, so none is left for the last one.
    lab.server.with(|emulator| {
        let name = emulator.account_name();
        let state = fota_emulator::DeviceState::upgraded();
        emulator.account_mut(name.as_str()).unwrap().set_device(fleet[2].as_str().into(), state);
    });
    let too_many = file("too-many.txt", &[&fleet[5..8], &fleet[3..5]].concat());
    sync(
        schemas,
        &format!("licenses sync --from {too_many} --prune --yes --max-remove 1"),
        5,
        &["applied", "refused", "notAttempted"],
    );
    lab.fault(&["licenses.assign:close-after:once", "devices.lookup:400", "licenses.list:400:skip=3"]);
    let last = file("last.txt", &[&fleet[8..9], &fleet[2..6]].concat());
    sync(
        schemas,
        &format!("licenses sync --from {last} --prune --yes --max-remove 50%"),
        6,
        &["applied", "unresolved"],
    );
    lab.server.with(fota_emulator::Emulator::clear_faults);
    let runs = lab.run("runs").expect(0);
    assert!(runs.stdout.contains("\"action\":\"sync\""), "{runs:#?}");
    schemas.output("runs", format, &runs);
    sync(schemas, "resume", 0, &["applied"]);
}

fn logins(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 20);
    let cache = [("FOTA_SESSION_CACHE", "1")];
    for set in [&[][..], &cache, &cache] {
        schemas.output("auth-status", format, &lab.run_with("auth status", set).expect(0));
        schemas.output("auth-login", format, &lab.run_with("auth login", set).expect(0));
    }
    for set in [&cache[..], &cache] {
        schemas.output("auth-logout", format, &lab.run_with("auth logout", set).expect(0));
    }
    schemas.output("auth-reset-guard", format, &lab.run("auth reset-guard").expect(0));
    let wrong = [("FOTA_PASSWORD", "wrong-and-fake")];
    for code in [4, 4, 8] {
        let done = lab.run_with("licenses usage", &wrong).expect(code);
        schemas.valid("error", false, &json!({ "error": done.error() }));
    }
    schemas.output("auth-reset-guard", format, &lab.run_with("auth reset-guard", &wrong).expect(0));
}

fn errors(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 20);
    let bad = lab.home.write("bad.txt", "12\n3.5E+14\n").to_str().unwrap().to_owned();
    let elsewhere = "--base-url http://127.0.0.1:1 licenses usage".to_owned();
    for (line, code) in [
        (format!("licenses assign --from {bad}"), 3),
        ("licenses assign 123 abc".to_owned(), 3),
        ("licenses lst".to_owned(), 2),
        ("--raw licenses list".to_owned(), 2),
        ("schema nope".to_owned(), 2),
        (elsewhere, 7),
        ("resume nope".to_owned(), 2),
    ] {
        let done = lab.run(&line).expect(code);
        assert_eq!(done.stdout, "", "{line}");
        schemas.valid("error", false, &json!({ "error": done.error() }));
    }
    schemas.output("imei-check", format, &lab.run(&format!("imei check {bad}")).expect(3));
    schemas.output("imei-check", format, &lab.run("imei check FLEET").expect(0));
    for rule in ["licenses.list:400:code=A_CODE", "licenses.list:429:retry-after=60s", "licenses.list:404"] {
        lab.fault(&[rule]);
        let done = lab.run("licenses list");
        assert_ne!(done.code, 0, "{rule}");
        schemas.valid("error", false, &json!({ "error": done.error() }));
        lab.server.with(fota_emulator::Emulator::clear_faults);
    }
}

fn settings(schemas: &mut Schemas, format: &str) {
    let lab = Lab::new(format, 20);
    let none: Vec<(&str, &str)> = lab.server.environment().iter().map(|(name, _)| (*name, "")).collect();
    schemas.output("config-path", format, &lab.run("config path").expect(0));
    schemas.output("config-explain", format, &lab.run("config explain").expect(0));
    schemas.output("config-explain", format, &lab.run_with("config explain", &none));
    schemas.output("doctor", format, &lab.run("doctor").expect(0));
    schemas.output("doctor", format, &lab.run("doctor --offline").expect(0));
    schemas.output("doctor", format, &lab.run_with("doctor", &none).expect(2));
    schemas.output(
        "doctor",
        format,
        &lab.run_with("doctor", &[("FOTA_PASSWORD", "wrong-and-fake")]).expect(4),
    );
}

fn emulator(schemas: &mut Schemas) {
    let home = Home::new();
    let mut child =
        home.command().args(["emulator", "-o", "json", "-q"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    schemas.valid("emulator", false, &serde_json::from_str(&line).unwrap());
}

#[test]
fn the_program_prints_each_schema_as_it_is() {
    let home = Home::new();
    let listed = home.fota(["schema", "-o", "json"]).expect(0).json();
    let names: BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    let schemas = Schemas::load();
    assert_eq!(names, schemas.all.keys().map(String::as_str).collect());
    for (name, schema) in &schemas.all {
        let printed = home.fota(["schema", name]).expect(0).json();
        assert_eq!(&printed, schema);
        assert_eq!(printed["$id"], format!("urn:fota:schema:{name}:v1"), "the version is in docs/output.md");
        assert!(jsonschema::meta::is_valid(schema), "{name} is no schema");
    }
}

/// The test above could not fail if the validator took anything.
#[test]
#[should_panic(expected = "usage")]
fn what_is_not_documented_is_found() {
    let more = json!({ "accountName": "a", "totalLicenses": 1, "assignedLicenses": 1, "freeLicenses": 0, "more": 1 });
    Schemas::load().valid("usage", false, &more);
}
