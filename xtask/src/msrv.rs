//! `cargo xtask msrv`: what a crate promises in `rust-version`, its dependencies must keep.
//!
//! A build with that very compiler would say more, but needs a second toolchain; the `incompatible_msrv`
//! lint of clippy watches our own code, and this watches everybody else's manifest.

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::workspace::{Package, Workspace};

/// Features that say in their manifest that they need a newer Rust than their crate.
const EXEMPT_FEATURES: [&str; 2] = ["default", "proptest"];

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let workspace = Workspace::read(context)?;
    let mut findings = Vec::new();
    for member in workspace.members() {
        let promised = member.rust_version.as_deref().and_then(release);
        let Some(promised) = promised else {
            findings.push(format!("{} promises no rust-version", member.name));
            continue;
        };
        let features = checked_features(member);
        let selection = [
            "--edges",
            "normal,build",
            "--target",
            "all",
            "--package",
            &member.name,
            "--features",
            &features,
        ];
        let tree = workspace.tree(context, &selection)?;
        let mut silent = 0;
        for one in &tree {
            let is_it = |package: &&Package| package.name == one.name && package.version == one.version;
            let Some(package) = workspace.externals().find(is_it) else {
                findings.push(format!("{} {} is in no metadata", one.name, one.version));
                continue;
            };
            match package.rust_version.as_deref() {
                None => silent += 1,
                Some(needed) if release(needed).is_some_and(|needed| needed <= promised) => {}
                Some(needed) => findings.push(format!(
                    "{} promises Rust {}, but {} {} needs {needed}",
                    member.name,
                    member.rust_version.as_deref().unwrap_or_default(),
                    one.name,
                    one.version
                )),
            }
        }
        let promised = member.rust_version.as_deref().unwrap_or_default();
        println!(
            "{:<16} Rust {promised}: {} dependencies, {silent} of them name no version",
            member.name,
            tree.len()
        );
    }
    Failure::unless_empty(findings)
}

/// All features but the exempt ones, the way `--features` takes them. The default ones are on anyway.
fn checked_features(member: &Package) -> String {
    let names = member.features.keys().map(String::as_str);
    names.filter(|name| !EXEMPT_FEATURES.contains(name)).collect::<Vec<_>>().join(",")
}

/// `1.85` and `1.85.0` are the same release.
fn release(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let major = numbers.next()??;
    let minor = numbers.next().unwrap_or(Some(0))?;
    let patch = numbers.next().unwrap_or(Some(0))?;
    Some((major, minor, patch))
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn releases_compare_as_numbers() {
        assert_eq!(release("1.85"), Some((1, 85, 0)));
        assert_eq!(release("1"), Some((1, 0, 0)));
        assert!(release("1.9.2") < release("1.85"));
        assert!(release("1.85.1") > release("1.85"));
        assert_eq!(release("1.x"), None);
        assert_eq!(release(""), None);
    }
}
