//! `cargo xtask readme`: what the documents tell people to type is typed.
//!
//! The fenced blocks marked `sh run` of a document form one script, run by bash from the root of the
//! repository with an empty home, so that nobody's profile, history or state decides the result. A block
//! marked `sh ci` holds commands that `.ci/run` itself runs. Any other block of shell commands is an error:
//! nobody would notice when it stops working.

use std::path::{Path, PathBuf};

use crate::context::{Context, watch};
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

pub(crate) fn run(context: &Context, _: &[String]) -> Outcome {
    let target = Workspace::read(context)?.target_directory;
    let ci = std::fs::read_to_string(context.root.join(".ci/run"))?;
    let mut findings = Vec::new();
    for document in documents(&context.root)? {
        let text = std::fs::read_to_string(&document)?;
        let name = document.strip_prefix(&context.root).unwrap_or(&document).display().to_string();
        let blocks = runnable(&text, &ci).map_err(|reason| Failure::new(format!("{name}: {reason}")))?;
        if blocks.is_empty() {
            println!("{name}: nothing to run");
            continue;
        }
        println!("{name}: {} blocks", blocks.len());
        if let Err(failure) = execute(context, &target, &name, &blocks) {
            findings.push(format!("{name}: {}", failure.headline()));
        }
    }
    Failure::unless_empty(findings)
}

/// README.md and docs/*.md, in order of their names.
fn documents(root: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = vec![root.join("README.md")];
    let docs = root.join("docs");
    if docs.is_dir() {
        let mut pages: Vec<PathBuf> = std::fs::read_dir(docs)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
        pages.sort();
        found.extend(pages);
    }
    Ok(found)
}

fn execute(context: &Context, target: &Path, name: &str, blocks: &[Block]) -> Outcome {
    let folder = target.join("xtask-readme").join(name.replace(['/', '\\'], "-"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let home = folder.join("home");
    std::fs::create_dir_all(&home)?;
    let script = folder.join("blocks.sh");
    std::fs::write(&script, script_of(name, blocks))?;
    let mut bash = context.tool("bash");
    bash.arg(&script)
        .env("HOME", &home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"));
    // The toolchain lives in the real home.
    for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if let (None, Some(real)) = (std::env::var_os(variable), std::env::var_os("HOME")) {
            bash.env(variable, Path::new(&real).join(folder));
        }
    }
    // An operator's own settings must not reach the examples.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("FOTA_") {
            bash.env_remove(variable);
        }
    }
    watch(&mut bash)
}

fn script_of(name: &str, blocks: &[Block]) -> String {
    let part = |block: &Block| format!("echo '--- {name}, line {}'\n{}", block.line, block.text);
    let parts: Vec<String> = blocks.iter().map(part).collect();
    format!("set -euo pipefail\n{}", parts.concat())
}

/// A fenced block: where it opens, and what is in it.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    line: usize,
    text: String,
}

/// What is to be done with a fenced block, by its info string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Run,
    Ci,
    /// No commands.
    Other,
}

/// The blocks whose info string is `sh run`. `ci` is the script that runs those marked `sh ci`.
fn runnable(document: &str, ci: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str, Kind, String)> = None;
    for (index, line) in document.lines().enumerate() {
        let trimmed = line.trim_start();
        match &mut open {
            None => {
                let ticks = fence(trimmed);
                if let Some(info) = trimmed.strip_prefix(ticks).filter(|_| !ticks.is_empty()) {
                    let kind = kind(info).map_err(|reason| format!("line {}: {reason}", index + 1))?;
                    open = Some((index + 1, ticks, kind, String::new()));
                }
            }
            Some((start, ticks, kind, text)) => {
                if trimmed.trim_end() == *ticks {
                    let text = std::mem::take(text);
                    match kind {
                        Kind::Run => blocks.push(Block { line: *start, text }),
                        Kind::Ci => {
                            if let Some(line) = text.lines().find(|line| !ci.contains(line.trim())) {
                                return Err(format!("line {start}: .ci/run does not run `{line}`"));
                            }
                        }
                        Kind::Other => {}
                    }
                    open = None;
                } else {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    match open {
        Some((line, ..)) => Err(format!("the block of line {line} is never closed")),
        None => Ok(blocks),
    }
}

fn kind(info: &str) -> Result<Kind, String> {
    let words: Vec<&str> = info.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
    match *words.as_slice() {
        ["sh", "run"] => Ok(Kind::Run),
        ["sh", "ci"] => Ok(Kind::Ci),
        ["sh" | "bash" | "zsh" | "shell" | "console", ..] => {
            Err(format!("a block of commands that nothing runs; mark it `sh run`, not `{info}`"))
        }
        _ => Ok(Kind::Other),
    }
}

/// The three or more backquotes a line begins with, or nothing.
fn fence(line: &str) -> &str {
    let end = line.find(|c| c != '`').unwrap_or(line.len());
    line.get(..end).filter(|ticks| ticks.len() >= 3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_blocks_run() {
        let text = "# T\n```sh run\na\nb\n```\ntext ```sh run``` text\n```text\nc\n```\n```rust\nd\n```\n```sh run\ne\n```\n";
        let blocks = runnable(text, "").unwrap();
        assert_eq!(
            blocks,
            [Block { line: 2, text: "a\nb\n".into() }, Block { line: 13, text: "e\n".into() }]
        );
    }

    #[test]
    fn a_longer_fence_holds_a_shorter_one() {
        let text = "````md\n```sh run\nno\n```\n````\n```sh run\nyes\n```\n";
        assert_eq!(runnable(text, "").unwrap(), [Block { line: 6, text: "yes\n".into() }]);
    }

    #[test]
    fn commands_that_nothing_runs_are_an_error() {
        for block in ["```sh\na\n```\n", "```bash run\na\n```\n", "```console\n$ a\n```\n"] {
            assert!(runnable(block, "a").unwrap_err().contains("nothing runs"), "{block}");
        }
        assert_eq!(runnable("```sh ci\na b\n```\n", "x\na b | tee\n").unwrap(), []);
        assert!(runnable("```sh ci\na c\n```\n", "x\na b\n").unwrap_err().contains("`a c`"));
    }

    #[test]
    fn an_open_block_is_an_error() {
        assert!(runnable("```sh run\na\n", "").unwrap_err().contains("line 1"));
        assert_eq!(runnable("no block", "").unwrap(), []);
    }

    #[test]
    fn a_script_stops_at_the_first_failure() {
        let script = script_of("README.md", &[Block { line: 3, text: "true\n".into() }]);
        assert_eq!(script, "set -euo pipefail\necho '--- README.md, line 3'\ntrue\n");
    }
}
