//! `cargo xtask deny`: the licenses, bans and sources of `deny.toml`.
//!
//! The file is cargo-deny's own. Building that tool takes longer than the rest of CI, so the rules we use
//! are checked here from `cargo metadata`; where cargo-deny is installed, it runs as well. It also knows
//! security advisories, which need a database from the network and are not part of this chore.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde::Deserialize;

use crate::context::{Context, watch};
use crate::failure::{Failure, Outcome};
use crate::license;
use crate::workspace::{Package, Workspace};

/// Where a package without a fork or a mirror comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The part of `deny.toml` that is understood here; the rest is cargo-deny's.
#[derive(Debug, Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// Packages that may depend on it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
}

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let policy: Policy = toml::from_str(&std::fs::read_to_string(context.root.join("deny.toml"))?)?;
    let workspace = Workspace::read(context)?;
    let externals: Vec<&Package> = workspace.externals().collect();
    let mut findings = Vec::new();
    for ban in policy.bans.deny.iter().filter(|ban| !ban.wrappers.is_empty()) {
        findings.extend(strangers(ban, &workspace.dependents(&ban.name)));
    }
    for package in workspace.members().chain(externals.iter().copied()) {
        findings.extend(unlicensed(&policy, package));
    }
    for package in &externals {
        findings.extend(unwelcome(&policy, package));
    }
    report_duplicates(&externals);
    println!("{} external packages: licenses, bans, sources", externals.len());
    Failure::unless_empty(findings)?;
    if has_cargo_deny(context) {
        watch(&mut context.cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    }
    Ok(())
}

fn unlicensed(policy: &Policy, package: &Package) -> Option<String> {
    let Package { name, version, .. } = package;
    let Some(expression) = &package.license else {
        return Some(format!("{name} {version} names no license"));
    };
    match license::satisfied(expression, |one| policy.licenses.allow.iter().any(|ok| ok == one)) {
        Ok(true) => None,
        Ok(false) => {
            Some(format!("{name} {version} is under `{expression}`, which deny.toml does not allow"))
        }
        Err(reason) => Some(format!("{name} {version}: {reason}")),
    }
}

fn unwelcome(policy: &Policy, package: &Package) -> Option<String> {
    let Package { name, version, .. } = package;
    if policy.bans.deny.iter().any(|ban| &ban.name == name && ban.wrappers.is_empty()) {
        return Some(format!("{name} {version} is banned by deny.toml"));
    }
    let source = package.source.as_deref().unwrap_or("a local path");
    (source != REGISTRY).then(|| format!("{name} {version} comes from {source}"))
}

/// Packages that depend on a banned crate without being one of its wrappers.
fn strangers<'a>(ban: &'a Ban, dependents: &'a BTreeSet<&str>) -> impl Iterator<Item = String> + 'a {
    let strangers = dependents.iter().filter(|name| !ban.wrappers.iter().any(|wrapper| wrapper == *name));
    strangers.map(|name| {
        format!("{name} depends on {}, which deny.toml lets only {} do", ban.name, ban.wrappers.join(", "))
    })
}

/// Two versions of one crate cost build time and size, but are often out of our hands: told, not refused.
fn report_duplicates(externals: &[&Package]) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in externals {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        println!("note: {name} is there {} times: {}", versions.len(), versions.join(", "));
    }
}

fn has_cargo_deny(context: &Context) -> bool {
    let mut version = context.tool("cargo-deny");
    let status = version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
        serde_json::from_value(serde_json::json!({
            "id": name, "name": name, "version": "1.0.0", "license": license, "source": source,
            "rust_version": null, "manifest_path": "/x", "dependencies": [], "features": {},
        }))
        .unwrap()
    }

    fn policy() -> Policy {
        toml::from_str("[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"openssl\" }]").unwrap()
    }

    #[test]
    fn licenses() {
        assert_eq!(unlicensed(&policy(), &package("a", Some("MIT OR X"), None)), None);
        assert!(unlicensed(&policy(), &package("a", Some("X"), None)).is_some());
        assert!(unlicensed(&policy(), &package("a", Some("MIT AND"), None)).is_some());
        assert!(unlicensed(&policy(), &package("a", None, None)).is_some());
    }

    #[test]
    fn bans_and_sources() {
        assert_eq!(unwelcome(&policy(), &package("bytes", None, Some(REGISTRY))), None);
        assert!(unwelcome(&policy(), &package("openssl", None, Some(REGISTRY))).is_some());
        assert!(unwelcome(&policy(), &package("bytes", None, None)).is_some());
    }

    #[test]
    fn wrappers_and_nobody_else() {
        let rules: Policy = toml::from_str(
            "[licenses]\nallow = []\n[bans]\ndeny = [{ crate = \"reqwest\", wrappers = [\"bench\"] }]",
        )
        .unwrap();
        assert_eq!(unwelcome(&rules, &package("reqwest", None, Some(REGISTRY))), None);
        let found = |names: &[&'static str]| {
            strangers(&rules.bans.deny[0], &names.iter().copied().collect()).collect::<Vec<_>>().len()
        };
        assert_eq!(found(&["bench"]), 0);
        assert_eq!(found(&["bench", "other"]), 1);
    }
}
