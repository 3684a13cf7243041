//! `cargo xtask ci`: every chore, timed, with one table at the end.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::{CHORES, Chore};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    keep_going: bool,
    skip: Vec<String>,
}

pub(crate) fn run(context: &Context, arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    let mut table = Vec::new();
    let mut findings = Vec::new();
    for chore in CHORES {
        if options.skip.iter().any(|name| name == chore.name) {
            table.push((chore.name, "skipped", Duration::ZERO));
            continue;
        }
        if !findings.is_empty() && !options.keep_going {
            table.push((chore.name, "not run", Duration::ZERO));
            continue;
        }
        let (result, time) = timed(chore, context);
        match result {
            Ok(()) => table.push((chore.name, "ok", time)),
            Err(failure) => {
                eprintln!("\n{}: failed\n{failure}", chore.name);
                findings.push(format!("{}: {}", chore.name, failure.headline()));
                table.push((chore.name, "FAILED", time));
            }
        }
    }
    println!("\n{:<14} {:<8} {:>8}", "chore", "result", "seconds");
    for (name, result, time) in &table {
        println!("{name:<14} {result:<8} {:>8.1}", time.as_secs_f64());
    }
    let total: Duration = table.iter().map(|(_, _, time)| *time).sum();
    println!("{:<23} {:>8.1}", "total", total.as_secs_f64());
    Failure::unless_empty(findings)
}

fn timed(chore: &Chore, context: &Context) -> (Outcome, Duration) {
    println!("\n== {}: {}", chore.name, chore.about);
    let start = Instant::now();
    let result = (chore.run)(context, &[]);
    (result, start.elapsed())
}

fn parse(arguments: &[String]) -> Outcome<Options> {
    let mut options = Options::default();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--keep-going" => options.keep_going = true,
            "--skip" => {
                let name = words.next().ok_or_else(|| Failure::new("--skip needs a chore"))?;
                if !CHORES.iter().any(|chore| chore.name == name) {
                    return Err(Failure::new(format!("there is no chore `{name}` to skip")));
                }
                options.skip.push(name.clone());
            }
            other => return Err(Failure::new(format!("`{other}` means nothing to ci"))),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options() {
        assert_eq!(parse(&[]).unwrap(), Options::default());
        let both = parse(&words("--skip test --keep-going --skip doc")).unwrap();
        assert_eq!(both, Options { keep_going: true, skip: words("test doc") });
        for wrong in ["--skip", "--skip nothing", "fmt", "--keep"] {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_chore_has_its_own_name() {
        let mut names: Vec<&str> = CHORES.iter().map(|chore| chore.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHORES.len());
    }
}
