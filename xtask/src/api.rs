//! `cargo xtask api`: the public API of each library is a text file in `api/`, so that a change of it shows in review.
//!
//! It also refuses foreign types: what a user names in a default build is `std`, `http`, `bytes`, `serde` and
//! ours, so that a major version of hyper or rustls is never a major version of ours.
//! The list comes from rustdoc's JSON, an unstable output: this program stands in for rustdoc and lets the real
//! one write it (see [`as_rustdoc`]). With another Rust than the one the `public-api` version in the root manifest
//! reads, the chore says so and fails.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::context::{Context, LIBRARIES, read};
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// Crates whose types may stand in a signature of the libraries below.
const WELCOME: [&str; 8] = ["std", "core", "alloc", "http", "bytes", "serde", "serde_core", "futures_core"];

/// Libraries that keep to [`WELCOME`]. The emulator is for tests and may show more.
const STRICT: [&str; 4] = ["fota-models", "fota-core", "fota-hyper", "fota-blocking"];

/// Set for cargo, read by our stand-in.
const STAND_IN: &str = "FOTA_XTASK_AS_RUSTDOC";

/// When cargo starts this program as rustdoc: runs the real one with unstable output allowed. Setting that
/// permission for cargo as a whole would rebuild every dependency whose build script looks for it.
pub(crate) fn as_rustdoc() -> Option<ExitCode> {
    std::env::var_os(STAND_IN)?;
    let mut rustdoc = Command::new("rustdoc");
    rustdoc.args(std::env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1");
    let succeeded = rustdoc.status().is_ok_and(|status| status.success());
    Some(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(crate) fn run(context: &Context, arguments: &[String]) -> Outcome {
    let bless = arguments.iter().any(|word| word == "--bless");
    let target = Workspace::read(context)?.target_directory;
    let folder = context.root.join("api");
    std::fs::create_dir_all(&folder)?;
    let mut findings = Vec::new();
    for library in LIBRARIES {
        let json = describe(context, &target, library)?;
        let now = public_api::Builder::from_rustdoc_json(&json)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(true)
            .build()
            .map_err(|error| Failure::new(format!("{library}: {error}; is this the Rust we build with?")))?
            .to_string();
        if STRICT.contains(&library) {
            let described: Value = serde_json::from_str(&std::fs::read_to_string(&json)?)?;
            findings.extend(foreign(library, &now, &described));
        }
        findings.extend(compare(&folder.join(format!("{library}.txt")), library, &now, bless)?);
    }
    Failure::unless_empty(findings)
}

/// Lets rustdoc describe a library's default build, and says where.
fn describe(context: &Context, target: &Path, library: &str) -> Outcome<std::path::PathBuf> {
    let folder = target.join("xtask-api");
    let json = folder.join("doc").join(format!("{}.json", library.replace('-', "_")));
    let mut cargo = context.cargo(&["rustdoc", "--quiet", "--lib", "--package", library]);
    cargo
        .args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTDOC", std::env::current_exe()?)
        .env(STAND_IN, "1");
    read(&mut cargo)?;
    Ok(json)
}

fn compare(file: &Path, library: &str, now: &str, bless: bool) -> Outcome<Option<String>> {
    let before = std::fs::read_to_string(file).unwrap_or_default();
    println!("{library}: {} public items", now.lines().count());
    if before == now {
        return Ok(None);
    }
    if bless {
        std::fs::write(file, now)?;
        println!("{library}: api/{library}.txt rewritten");
        return Ok(None);
    }
    let changes = changed_lines(&before, now);
    Ok(Some(format!("api/{library}.txt differs; if that is meant: cargo xtask api --bless\n{changes}")))
}

/// Lines that went (`-`) and came (`+`). Items have a fixed order, so sets tell it all.
fn changed_lines(before: &str, now: &str) -> String {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), now.lines().collect());
    let gone = before.lines().filter(|line| !new.contains(line)).map(|line| format!("    - {line}"));
    let come = now.lines().filter(|line| !old.contains(line)).map(|line| format!("    + {line}"));
    let lines: Vec<String> = gone.chain(come).collect();
    if lines.is_empty() { "    (the same lines in another order or number)".into() } else { lines.join("\n") }
}

/// Public items that name a crate outside [`WELCOME`], in a signature or as a re-export.
fn foreign(library: &str, listing: &str, described: &Value) -> Vec<String> {
    let mut findings: Vec<String> = Vec::new();
    for line in listing.lines() {
        for root in path_roots(line).into_iter().filter(|root| !is_welcome(root)) {
            findings.push(format!("{library} shows a type of `{root}`: {line}"));
        }
    }
    // The listing names a re-export by its place in our crate; its origin is in the description only.
    let items = described.get("index").and_then(Value::as_object);
    for item in items.into_iter().flatten().map(|(_, item)| item) {
        let Some(source) = item.pointer("/inner/use/id").filter(|id| !id.is_null()) else { continue };
        let origin = described.pointer(&format!("/paths/{source}/path/0")).and_then(Value::as_str);
        if let Some(origin) = origin.filter(|origin| !is_welcome(origin)) {
            let name = item.pointer("/inner/use/source").and_then(Value::as_str).unwrap_or_default();
            findings.push(format!("{library} re-exports `{name}` of `{origin}`"));
        }
    }
    findings
}

fn is_welcome(root: &str) -> bool {
    WELCOME.contains(&root) || LIBRARIES.iter().any(|library| library.replace('-', "_") == root)
}

/// The first segments of the paths in a signature, without type parameters and `Self`, which begin with a capital.
fn path_roots(signature: &str) -> BTreeSet<&str> {
    let root_before = |at: usize| {
        let before = signature.get(..at)?;
        let lead = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
        let name = before.get(lead.len()..)?;
        let is_root = !lead.ends_with("::") && name.starts_with(|c: char| c.is_lowercase() || c == '_');
        is_root.then_some(name)
    };
    signature.match_indices("::").filter_map(|(at, _)| root_before(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(signature: &str) -> Vec<&str> {
        path_roots(signature).into_iter().collect()
    }

    #[test]
    fn roots_of_paths() {
        assert_eq!(
            roots(
                "pub fn fota_core::Call<'a, E>::step(&mut self, at: core::option::Option<&http::request::Request<bytes::bytes::Bytes>>) -> Self::O"
            ),
            ["bytes", "core", "fota_core", "http"]
        );
        assert_eq!(
            roots("pub fn a::b::C<T>::next(x: <T as hyper::rt::Timer>::Out::Deep) -> E::Output"),
            ["a", "hyper"]
        );
        assert_eq!(roots("pub a::E::B::x: tokio::net::TcpStream"), ["a", "tokio"]);
        assert_eq!(roots("pub use a::b::Name"), ["a"]);
        assert_eq!(roots("pub fn f(u8)"), Vec::<&str>::new());
    }

    #[test]
    fn foreign_types_are_found_in_signatures_and_re_exports() {
        let described = serde_json::json!({
            "index": {
                "1": {"inner": {"use": {"id": 7, "source": "hyper::Uri"}}},
                "2": {"inner": {"use": {"id": 8, "source": "std::time::Duration"}}},
                "3": {"inner": {"struct": {}}},
            },
            "paths": {"7": {"path": ["http", "uri", "Uri"]}, "8": {"path": ["core", "time", "Duration"]}, "9": {"path": ["hyper"]}},
        });
        assert!(foreign("x", "pub fn fota_core::f() -> http::uri::Uri", &described).is_empty());
        let found = foreign("x", "pub fn fota_core::f() -> rustls::client::ClientConfig", &described);
        assert_eq!(found.len(), 1, "{found:?}");
        let re_exported = serde_json::json!({
            "index": {"1": {"inner": {"use": {"id": 9, "source": "hyper"}}}},
            "paths": {"9": {"path": ["hyper"]}},
        });
        assert_eq!(foreign("x", "", &re_exported).len(), 1);
    }

    #[test]
    fn a_difference_names_lines() {
        assert_eq!(changed_lines("a\nb\n", "a\nc\n"), "    - b\n    + c");
        assert!(changed_lines("a\nb\n", "b\na\n").contains("another order"));
    }
}
