//! `simulate [--seeds N] [--base B] [--seed N]`: worlds from many seeds, or the story of one.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use fota_tests::simulation::{Failure, Stats, replay, simulate};

/// As many as CI has cores.
const THREADS: usize = 2;
/// Lines of a single seed's story.
const STORY: usize = 100_000;

fn main() -> ExitCode {
    match Wish::parse(std::env::args().skip(1)) {
        Err(error) => {
            eprintln!("{error}\nusage: simulate [--seeds N] [--base B] [--seed N [--story]]");
            ExitCode::from(2)
        }
        Ok(Wish { seed: Some(seed), story, .. }) => one(seed, story),
        Ok(Wish { seeds, base, .. }) => {
            many(seeds, base.unwrap_or_else(|| RandomState::new().hash_one(0_u8) >> 16))
        }
    }
}

#[derive(Debug)]
struct Wish {
    seeds: u64,
    base: Option<u64>,
    seed: Option<u64>,
    story: bool,
}

impl Wish {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wish = Wish { seeds: 10_000, base: None, seed: None, story: false };
        while let Some(word) = words.next() {
            let mut number = || {
                let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
                value.parse::<u64>().map_err(|error| format!("{word} {value}: {error}"))
            };
            match word.as_str() {
                "--seeds" => wish.seeds = number()?,
                "--base" => wish.base = Some(number()?),
                "--seed" => wish.seed = Some(number()?),
                "--story" => wish.story = true,
                _ => return Err(format!("what is {word}?")),
            }
        }
        Ok(wish)
    }
}

fn one(seed: u64, story: bool) -> ExitCode {
    if story {
        let (result, lines) = replay(seed, STORY);
        for line in &lines {
            println!("{line}");
        }
        if let Err(violation) = result {
            eprintln!("{violation}");
            return ExitCode::FAILURE;
        }
    }
    match simulate(seed) {
        Ok(stats) => {
            println!("{stats}\nseed {seed}: all promises kept");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn many(seeds: u64, base: u64) -> ExitCode {
    println!("{seeds} seeds from base {base}");
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let all = Mutex::new((Stats::default(), None::<Box<Failure>>));
    // A panic in a world is a finding like any other, with the story instead of a backtrace.
    std::panic::set_hook(Box::new(|_| {}));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut sum = Stats::default();
                let mut failure = None;
                while !failed.load(Ordering::Relaxed) {
                    let offset = next.fetch_add(1, Ordering::Relaxed);
                    if offset >= seeds {
                        break;
                    }
                    match simulate(base.wrapping_add(offset)) {
                        Ok(stats) => sum.add(&stats),
                        Err(found) => {
                            failed.store(true, Ordering::Relaxed);
                            failure = Some(found);
                        }
                    }
                }
                if let Ok(mut all) = all.lock() {
                    all.0.add(&sum);
                    all.1 = all.1.take().or(failure);
                }
            });
        }
    });
    let _ = std::panic::take_hook();
    let (stats, failure) = all.into_inner().unwrap_or_default();
    println!("{stats}");
    println!("{} seeds in {:.1} s", stats.seeds, start.elapsed().as_secs_f64());
    if let Some(failure) = failure {
        eprintln!("\n{failure}");
        return ExitCode::FAILURE;
    }
    println!("all promises kept");
    ExitCode::SUCCESS
}
