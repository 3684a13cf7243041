//! What cargo knows about this workspace and its dependencies, cut down to what the chores ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use crate::context::{Context, read};
use crate::failure::{Failure, Outcome};

/// `cargo metadata` with all features: every package that any build of ours can contain.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
    #[serde(rename = "workspace_members")]
    member_ids: Vec<String>,
    resolve: Resolve,
}

/// Who really depends on whom: optional dependencies that nobody switches on are not in it.
#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

/// One package, ours or external.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One line of a manifest's dependency tables.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for normal dependencies, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// A name and a version, as a line of `cargo tree` has them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Workspace {
    pub(crate) fn read(context: &Context) -> Outcome<Self> {
        let mut cargo = context.cargo(&["metadata", "--format-version", "1", "--all-features"]);
        Ok(serde_json::from_str(&read(&mut cargo)?)?)
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.member_ids.contains(&package.id))
    }

    /// Names of packages that depend on a package called `name`.
    pub(crate) fn dependents(&self, name: &str) -> BTreeSet<&str> {
        let package = |id: &str| self.packages.iter().find(|package| package.id == id);
        let is_it = |id: &String| package(id).is_some_and(|package| package.name == name);
        let nodes = self.resolve.nodes.iter().filter(|node| node.dependencies.iter().any(is_it));
        nodes.filter_map(|node| package(&node.id)).map(|package| package.name.as_str()).collect()
    }

    /// Everybody else's.
    pub(crate) fn externals(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| !self.member_ids.contains(&package.id))
    }

    pub(crate) fn member(&self, name: &str) -> Outcome<&Package> {
        let found = self.members().find(|package| package.name == name);
        found.ok_or_else(|| Failure::new(format!("the workspace has no member `{name}`")))
    }

    /// What `cargo tree` shows for this selection, without our own packages. It resolves features for
    /// the selected packages alone, as their users do; `cargo metadata` adds what our tests need.
    pub(crate) fn tree(&self, context: &Context, selection: &[&str]) -> Outcome<BTreeSet<Crate>> {
        let mut cargo = context.cargo(&["tree", "--quiet", "--prefix", "none", "--format", "{p}"]);
        let text = read(cargo.args(selection))?;
        let mut crates = parse_tree(&text);
        crates.retain(|found| !self.members().any(|member| member.name == found.name));
        Ok(crates)
    }
}

impl Package {
    /// Whether a build with all features differs from the default one.
    pub(crate) fn has_optional_features(&self) -> bool {
        let default = self.features.get("default");
        self.features.keys().any(|name| name != "default" && !default.is_some_and(|on| on.contains(name)))
    }
}

/// The distinct crates of `cargo tree --prefix none`, whose lines read `name v1.2.3 (proc-macro) (*)`.
fn parse_tree(text: &str) -> BTreeSet<Crate> {
    let crate_of = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        let version = words.next()?.strip_prefix('v')?.to_owned();
        Some(Crate { name, version })
    };
    text.lines().filter_map(crate_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_a_set_of_names_and_versions() {
        let text = "fota-core v0.1.0 (/src/crates/fota-core)\n\
            bytes v1.12.0\nserde_derive v1.0.9 (proc-macro)\nbytes v1.12.0 (*)\n\nsyn v2.0.1\nsyn v3.0.0\n";
        let shown: Vec<String> =
            parse_tree(text).into_iter().map(|c| format!("{}@{}", c.name, c.version)).collect();
        assert_eq!(
            shown,
            ["bytes@1.12.0", "fota-core@0.1.0", "serde_derive@1.0.9", "syn@2.0.1", "syn@3.0.0"]
        );
    }

    #[test]
    fn headings_and_blank_lines_are_no_crates() {
        assert!(parse_tree("\n[dev-dependencies]\nwarning: nothing to print\n").is_empty());
    }

    #[test]
    fn features_outside_the_default_are_optional() {
        let package = |features: serde_json::Value| -> Package {
            serde_json::from_value(serde_json::json!({
                "id": "x", "name": "x", "version": "1.0.0", "license": null, "source": null,
                "rust_version": null, "manifest_path": "/x", "dependencies": [], "features": features,
            }))
            .unwrap()
        };
        assert!(!package(serde_json::json!({})).has_optional_features());
        assert!(!package(serde_json::json!({"default": ["a"], "a": []})).has_optional_features());
        assert!(package(serde_json::json!({"default": [], "a": []})).has_optional_features());
    }
}
