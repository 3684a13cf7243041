//! The wire corpus: bodies written by hand, one file per spelling that the vendor's documents, SDKs and users
//! show, with the exact values they must decode to.
//!
//! The files are never made from our own types, so a mistake in a field's name cannot hide by being made twice.
//! Every file has to be in a table here and every table entry has to have its file.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "a test may panic, and a table be long"
)]

mod auth;
mod changes;
mod devices;
mod errors;
mod list;
mod subscriptions;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fota_core::{Endpoint, Error, ErrorKind};
use http::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What must come out when the decoded value is written again.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// The very text of the file: it is in the spelling and order that we write.
    Exactly,
    /// The same JSON value, with the fields in another order.
    SameJson,
    /// Something else, since the file has another spelling. It must still decode to the same value.
    Normalized,
}
use Written::{Exactly, Normalized, SameJson};

/// Checks a whole folder of good answers.
fn check<E: Endpoint>(cases: Vec<(&str, Written, E::Output)>)
where
    E::Output: Serialize + DeserializeOwned + Debug + PartialEq,
{
    let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
    assert_complete(E::NAME, &names);
    for (name, written, expected) in cases {
        let body = read(E::NAME, name);
        let decoded = E::from_response(Response::new(body.clone()))
            .unwrap_or_else(|error| panic!("{}/{name}: {error}", E::NAME));
        assert_eq!(decoded, expected, "{}/{name}", E::NAME);

        let text = serde_json::to_string(&decoded).unwrap();
        let again: E::Output = serde_json::from_str(&text).unwrap();
        assert_eq!(again, decoded, "{}/{name}: changed by writing and reading", E::NAME);
        let original = String::from_utf8(body.to_vec()).unwrap();
        match written {
            Exactly => assert_eq!(text, original.trim_end_matches('\n'), "{}/{name}", E::NAME),
            SameJson => {
                let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
                assert_ne!(text, original.trim_end_matches('\n'), "{}/{name} is canonical", E::NAME);
                assert_eq!(value(&text), value(&original), "{}/{name}", E::NAME);
            }
            Normalized => {
                assert_ne!(text, original.trim_end_matches('\n'), "{}/{name} is canonical", E::NAME);
            }
        }
    }
}

/// Checks a folder of answers with a good status that must not be taken for the operation's: `(file, part of
/// the message)`. Gives the errors back for closer looks.
fn check_refused<E: Endpoint>(cases: &[(&str, &str)]) -> Vec<Error>
where
    E::Output: Debug,
{
    let folder = format!("{}/refused", E::NAME);
    let names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
    assert_complete(&folder, &names);
    let refuse = |(name, part): &(&str, &str)| {
        let body = read(&folder, name);
        let error = E::from_response(Response::new(body.clone())).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Decode, "{folder}/{name}");
        assert_eq!(error.status(), Some(http::StatusCode::OK), "{folder}/{name}");
        assert_eq!(error.body(), Some(&body), "{folder}/{name}: what the server said is lost");
        let text = error.to_string();
        assert!(text.contains(part), "{folder}/{name}: {part:?} is not in {text:?}");
        assert_eq!(text.lines().count(), 1, "{folder}/{name}: {text:?}");
        error
    };
    cases.iter().map(refuse).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

fn read(folder_name: &str, name: &str) -> Bytes {
    let path = folder(folder_name).join(name);
    Bytes::from(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn assert_complete(folder_name: &str, names: &[&str]) {
    let in_table: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(in_table.len(), names.len(), "{folder_name}: a file is in the table twice");
    let on_disk: BTreeSet<String> = fs::read_dir(folder(folder_name))
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(in_table, on_disk, "{folder_name}: the table and the folder disagree");
}

/// The folders, so that one which no test looks at is noticed.
#[test]
fn every_folder_has_its_test() {
    let found: BTreeSet<_> = fs::read_dir(folder(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    let known = [
        "auth.login",
        "auth.logout",
        "auth.token",
        "devices.lookup",
        "errors",
        "licenses.assign",
        "licenses.list",
        "licenses.remove",
        "subscriptions.get",
    ];
    assert_eq!(found, known.into_iter().map(str::to_owned).collect());
}
