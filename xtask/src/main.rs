//! Every chore of this repository as `cargo xtask NAME`, so that a person and CI run the same thing.
//!
//! One file per chore. What several of them need sits in [`context`] (running tools),
//! [`workspace`] (what cargo knows) and [`failure`] (what went wrong).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a chore does")]

mod api;
mod bench;
mod budgets;
mod ci;
mod clippy;
mod conformance;
mod context;
mod deny;
mod doc;
mod failure;
mod fmt;
mod license;
mod msrv;
mod readme;
mod report;
mod simulate;
mod test;
mod trees;
mod workspace;

use std::process::ExitCode;

use context::Context;
use failure::{Failure, Outcome};

/// A thing this repository does to itself.
struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&Context, &[String]) -> Outcome,
}

/// All chores but `ci`, in the order `ci` runs them: the quick ones that often fail come first.
const CHORES: &[Chore] = &[
    Chore { name: "fmt", about: "formatting is what rustfmt makes of it", run: fmt::run },
    Chore { name: "clippy", about: "no warning with default, all and no features", run: clippy::run },
    Chore { name: "test", about: "cargo test --workspace", run: test::workspace },
    Chore { name: "test-features", about: "tests of the libraries with all features", run: test::features },
    Chore { name: "doc", about: "documentation builds without a warning", run: doc::run },
    Chore { name: "deny", about: "licenses, bans and sources of deny.toml", run: deny::run },
    Chore { name: "budgets", about: "no crate outgrows its number of dependencies", run: budgets::run },
    Chore {
        name: "trees",
        about: "no I/O in the core, no runtime in blocking, no arrow upward",
        run: trees::run,
    },
    Chore { name: "msrv", about: "every dependency builds with the Rust we promise", run: msrv::run },
    Chore {
        name: "api",
        about: "public API equals api/*.txt and shows no foreign type (--bless rewrites)",
        run: api::run,
    },
    Chore {
        name: "conformance",
        about: "the vendor's Python SDK completes a round against the emulator",
        run: conformance::run,
    },
    Chore {
        name: "simulate",
        about: "bulk runs in 10000 made-up worlds (--seeds N, --base B, --seed N)",
        run: simulate::run,
    },
    Chore {
        name: "report",
        about: "the license report in a headless browser says what the emulator has (--bless makes pictures)",
        run: report::run,
    },
    Chore {
        name: "bench-check",
        about: "no call costs more instructions or allocations than its budget (needs valgrind)",
        run: bench::check,
    },
    Chore { name: "readme", about: "the `sh run` blocks of README.md and docs/*.md work", run: readme::run },
];

fn main() -> ExitCode {
    if let Some(code) = api::as_rustdoc() {
        return code;
    }
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match dispatch(&name, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask {name}: failed\n{failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(name: &str, arguments: &[String]) -> Outcome {
    if matches!(name, "" | "help" | "-h" | "--help") {
        list();
        return Ok(());
    }
    let context = Context::new()?;
    if name == "ci" {
        return ci::run(&context, arguments);
    }
    // Takes minutes and holds nothing: `ci` runs `bench-check` in its place.
    if name == "bench" {
        return bench::run(&context, arguments);
    }
    let chore = CHORES
        .iter()
        .find(|chore| chore.name == name)
        .ok_or_else(|| Failure::new(format!("there is no chore `{name}`; `cargo xtask` lists them")))?;
    (chore.run)(&context, arguments)
}

fn list() {
    println!("cargo xtask NAME\n");
    println!("  {:<14} all of the following (--keep-going, --skip NAME)", "ci");
    for chore in CHORES {
        println!("  {:<14} {}", chore.name, chore.about);
    }
    println!("\n  {:<14} the table of docs/performance.md (--check, --bless)", "bench");
}
