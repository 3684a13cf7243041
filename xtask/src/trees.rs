//! `cargo xtask trees`: what may depend on what, and what the core may never call.
//!
//! The core does no I/O and the arrows between our crates never point up. Both are promises of the
//! architecture that one careless line in a manifest breaks without any test noticing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::context::{Context, read};
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// Crates that must not show up below a member, with any feature and on any platform.
const ABSENT: [(&str, &[&str]); 3] = [
    ("fota-models", &["tokio", "hyper", "mio", "async-std", "smol", "reqwest", "openssl", "native-tls"]),
    ("fota-core", &["tokio", "hyper", "mio", "async-std", "smol", "reqwest", "openssl", "native-tls"]),
    ("fota-blocking", &["tokio", "hyper", "mio", "async-std", "smol", "async-io", "futures-executor"]),
];

/// Crates that must not show up anywhere. (`openssl-probe` only looks for certificate files.)
const NOWHERE: [&str; 7] =
    ["openssl", "openssl-sys", "openssl-src", "native-tls", "reqwest", "async-std", "smol"];

/// Holds other clients to compare ours with, and is not published. It needs no TLS.
const COMPARISONS: &str = "fota-bench";
const NO_TLS: [&str; 5] = ["openssl", "openssl-sys", "openssl-src", "native-tls", "rustls"];

/// The arrows between our own crates: what each may use in normal and build dependencies.
const ARROWS: [(&str, &[&str]); 6] = [
    ("fota-models", &[]),
    ("fota-core", &["fota-models"]),
    ("fota-hyper", &["fota-models", "fota-core"]),
    ("fota-blocking", &["fota-models", "fota-core"]),
    ("fota-emulator", &["fota-models", "fota-core"]),
    ("fota-cli", &["fota-models", "fota-core", "fota-hyper", "fota-blocking", "fota-emulator"]),
];

/// Members that do no I/O, and the lints that see to it.
const SANS_IO: [&str; 2] = ["fota-models", "fota-core"];
const SANS_IO_LINTS: [&str; 2] = ["clippy::disallowed_methods", "clippy::disallowed_types"];

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let workspace = Workspace::read(context)?;
    let mut findings = Vec::new();
    for (member, forbidden) in ABSENT {
        findings.extend(present(context, &workspace, &["--package", member], forbidden)?);
    }
    findings.extend(present(context, &workspace, &["--workspace", "--exclude", COMPARISONS], &NOWHERE)?);
    findings.extend(present(context, &workspace, &["--package", COMPARISONS], &NO_TLS)?);
    findings.extend(wrong_arrows(&workspace));
    for member in SANS_IO {
        let manifest = &workspace.member(member)?.manifest_path;
        let source = std::fs::read_to_string(manifest.with_file_name("src").join("lib.rs"))?;
        let denied = denied_lints(&source);
        for lint in SANS_IO_LINTS.iter().filter(|lint| !denied.contains(**lint)) {
            findings.push(format!("{member}: src/lib.rs does not deny {lint}"));
        }
    }
    findings.extend(unnoticed(context, &workspace)?);
    if findings.is_empty() {
        println!("trees, arrows and the lints of the core are as they should be");
    }
    Failure::unless_empty(findings)
}

fn present(
    context: &Context,
    workspace: &Workspace,
    members: &[&str],
    forbidden: &[&str],
) -> Outcome<Vec<String>> {
    let mut selection = vec!["--edges", "normal", "--target", "all", "--all-features"];
    selection.extend_from_slice(members);
    let tree = workspace.tree(context, &selection)?;
    let found = tree.iter().filter(|one| forbidden.contains(&one.name.as_str()));
    Ok(found.map(|one| format!("{} is in the tree of {}", one.name, members.join(" "))).collect())
}

fn wrong_arrows(workspace: &Workspace) -> Vec<String> {
    let mut findings = Vec::new();
    let ours: BTreeSet<&str> = workspace.members().map(|member| member.name.as_str()).collect();
    for (name, allowed) in ARROWS {
        let Some(member) = workspace.members().find(|member| member.name == name) else {
            findings.push(format!("{name} is no member of the workspace"));
            continue;
        };
        for dependency in &member.dependencies {
            let to = dependency.name.as_str();
            let counts = dependency.kind.as_deref() != Some("dev") && ours.contains(to);
            if counts && !allowed.contains(&to) {
                findings.push(format!("{name} must not depend on {to}"));
            }
        }
    }
    findings
}

/// The lints in the `#![deny(…)]` and `#![forbid(…)]` attributes of a crate root.
fn denied_lints(source: &str) -> BTreeSet<String> {
    let mut lints = BTreeSet::new();
    for opening in ["#![deny(", "#![forbid("] {
        for rest in source.split(opening).skip(1) {
            let inside = rest.split(")]").next().unwrap_or_default();
            lints.extend(inside.split(',').map(|lint| lint.trim().to_owned()));
        }
    }
    lints
}

/// The parts of `clippy.toml` whose effect is checked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ClippyRules {
    disallowed_methods: Vec<Rule>,
    disallowed_types: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    path: String,
}

/// Rules of `clippy.toml` that do not bite. The fixture breaks each of them once; a rule it does not break,
/// or that clippy does not report there, protects nothing.
fn unnoticed(context: &Context, workspace: &Workspace) -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(context.root.join("clippy.toml"))?;
    let rules: ClippyRules = toml::from_str(&text)?;
    let fixture = context.root.join("xtask/fixtures/forbidden/Cargo.toml");
    let mut clippy =
        context.cargo(&["clippy", "--quiet", "--offline", "--message-format", "json", "--manifest-path"]);
    clippy
        .arg(&fixture)
        .env("CLIPPY_CONF_DIR", &context.root)
        .env("CARGO_TARGET_DIR", workspace.target_directory.join("xtask-forbidden"));
    let output = clippy.output()?;
    if output.status.success() {
        return Ok(vec!["clippy accepts xtask/fixtures/forbidden".into()]);
    }
    let reported = disallowed(&String::from_utf8(output.stdout)?);
    if reported.is_empty() {
        // Not the lints: clippy itself failed. Let it say why.
        read(&mut clippy)?;
    }
    let rules = rules.disallowed_methods.into_iter().chain(rules.disallowed_types);
    let missed = rules.filter(|rule| !reported.contains(&rule.path));
    Ok(missed
        .map(|rule| format!("clippy does not report `{}` in xtask/fixtures/forbidden", rule.path))
        .collect())
}

/// The paths that the two lints name in clippy's JSON lines: the text in their backquotes.
fn disallowed(lines: &str) -> BTreeSet<String> {
    let path = |line: &str| {
        let entry: Value = serde_json::from_str(line).ok()?;
        let lint = entry.pointer("/message/code/code")?.as_str()?;
        let text = entry.pointer("/message/message")?.as_str()?;
        SANS_IO_LINTS.contains(&lint).then(|| text.split('`').nth(1).map(str::to_owned))?
    };
    lines.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_found_over_lines_and_in_both_attributes() {
        let source = "//! Docs.\n#![deny(\n    clippy::disallowed_methods,\n    clippy::disallowed_types\n)]\n#![forbid(unsafe_code)]\n";
        let lints: Vec<String> = denied_lints(source).into_iter().collect();
        assert_eq!(lints, ["clippy::disallowed_methods", "clippy::disallowed_types", "unsafe_code"]);
        assert!(denied_lints("#![allow(clippy::disallowed_methods)]").is_empty());
    }

    #[test]
    fn only_the_two_lints_count() {
        let lines = concat!(
            r#"{"reason":"compiler-artifact"}"#,
            "\n",
            r#"{"message":{"code":{"code":"clippy::disallowed_types"},"message":"use of a disallowed type `std::fs::File`"}}"#,
            "\n",
            r#"{"message":{"code":{"code":"dead_code"},"message":"function `x` is never used"}}"#,
            "\nnot json\n",
        );
        assert_eq!(disallowed(lines).into_iter().collect::<Vec<_>>(), ["std::fs::File"]);
    }
}
