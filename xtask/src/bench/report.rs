//! The whole table: every row of docs/performance.md that one machine can measure by itself.

use super::measure::{
    B, BLOCKING, BLOCKING_MORE, Bench, Finished, HYPER, HYPER_MORE, OPERATIONS, R, RAW_HYPER, RAW_UREQ,
    REQWEST, Stub,
};
use crate::failure::Outcome;

/// Clients by the one that they are compared with, which comes first.
const GROUPS: [&[&str]; 2] = [&[R, HYPER, REQWEST, RAW_HYPER], &[B, BLOCKING, RAW_UREQ]];
/// Devices of the longest run and the widest page.
const FLEET: f64 = 1_000_000.0;

pub(super) fn print(bench: &Bench<'_>) -> Outcome {
    let stub = bench.stub(0)?;
    println!(
        "\nper call: instructions and allocations by valgrind, processor time as the median of interleaved runs"
    );
    println!(
        "{:<8} {:<10} {:>12} {:>6} {:>12} {:>10} {:>6}",
        "call", "client", "instructions", "ratio", "allocations", "cpu in us", "ratio"
    );
    for clients in GROUPS {
        for operation in OPERATIONS {
            per_call(bench, &stub, clients, operation)?;
        }
    }
    println!("\n{:<58} {:>10} {:>10} {:>6}", "whole", "other", "ours", "ratio");
    held(bench, &stub)?;
    fold(bench, &stub)?;
    flight(bench, &stub)?;
    start(bench, &stub)?;
    line("stripped program without TLS, KiB / R", bench.size(R)? / 1024.0, bench.size(HYPER)? / 1024.0);
    line("the same, blocking / B", bench.size(B)? / 1024.0, bench.size(BLOCKING)? / 1024.0);
    drop(stub);
    assign(bench, &bench.stub(50)?)
}

fn per_call(bench: &Bench<'_>, stub: &Stub, clients: &[&str], operation: &str) -> Outcome {
    let calls = if operation == "one" { 3000 } else { 300 };
    let cpu = interleaved(bench, stub, clients, operation, calls, 7, |run| run.number("cpu_ns"))?;
    let mut first = None;
    for (client, cpu) in clients.iter().zip(cpu) {
        let cpu = cpu / f64::from(calls) / 1000.0;
        let instructions = bench.instructions(client, operation, stub)?;
        let allocations = bench.allocations(client, operation, stub)?;
        let (base, base_cpu) = *first.get_or_insert((instructions, cpu));
        println!(
            "{operation:<8} {client:<10} {instructions:>12.0} {:>6.3} {allocations:>12.1} {cpu:>10.1} {:>6.2}",
            instructions / base,
            cpu / base_cpu
        );
    }
    Ok(())
}

/// Pages that are kept: what a device takes, allocator and spare room in the list included.
fn held(bench: &Bench<'_>, stub: &Stub) -> Outcome {
    let per_device = |client| {
        let kib = bench.run(client, "hold", 400, stub)?.number("held_kib")?;
        Outcome::Ok(kib * 1024.0 / 400_000.0)
    };
    line("bytes held per listed device / R", per_device(R)?, per_device(HYPER)?);
    Ok(())
}

fn fold(bench: &Bench<'_>, stub: &Stub) -> Outcome {
    // The allocator and the loader add up to a page or two to either number from run to run.
    let peak = |client| {
        let one = interleaved(bench, stub, &[client], "list", 1, 9, |run| run.number("peak_kib"))?;
        let all = interleaved(bench, stub, &[client], "fold", 1, 5, |run| {
            assert_devices(run, FLEET)?;
            run.number("peak_kib")
        })?;
        Outcome::Ok(all.iter().sum::<f64>() - one.iter().sum::<f64>())
    };
    let (r, hyper, blocking) = (peak(R)?, peak(HYPER_MORE)?, peak(BLOCKING_MORE)?);
    line("peak RSS of a fold over 1000000 devices, KiB above one call / R", r, hyper);
    line("the same, blocking / R", r, blocking);
    Ok(())
}

fn flight(bench: &Bench<'_>, stub: &Stub) -> Outcome {
    let cpu = interleaved(bench, stub, &[R, HYPER], "flight", 20, 7, |run| run.number("cpu_ns"))?;
    if let [r, ours] = cpu.as_slice() {
        line("64 calls in flight, cpu in us per call / R", r / 1_280_000.0, ours / 1_280_000.0);
    }
    stub.counts()?;
    bench.run(R, "flight", 20, stub)?;
    let (r, _) = stub.counts()?;
    bench.run(HYPER, "flight", 20, stub)?;
    let (ours, tokens) = stub.counts()?;
    line("connections of 64 tasks / R", r.into(), ours.into());
    println!("{:<69} {tokens:>10}", "token requests of 64 tasks");
    Ok(())
}

fn start(bench: &Bench<'_>, stub: &Stub) -> Outcome {
    for (what, clients) in
        [("start to first answer, ms / R", [R, HYPER]), ("the same, blocking / B", [B, BLOCKING])]
    {
        let wall =
            interleaved(bench, stub, &clients, "one", 1, 101, |run| Ok(run.wall.as_secs_f64() * 1000.0))?;
        if let [other, ours] = wall.as_slice() {
            line(what, *other, *ours);
        }
    }
    Ok(())
}

fn assign(bench: &Bench<'_>, stub: &Stub) -> Outcome {
    let wall = |client| {
        let run = bench.run(client, "run", 100, stub)?;
        assert_devices(&run, 100_000.0)?;
        Outcome::Ok(run.wall.as_secs_f64())
    };
    let (r, hyper, blocking) = (wall(R)?, wall(HYPER_MORE)?, wall(BLOCKING_MORE)?);
    line("assign 100000, 50 ms per answer, 8 in flight, s / R's loop", r, hyper);
    line("the same, blocking / R's loop", r, blocking);
    Ok(())
}

/// The median of each client, with the clients taking turns so that the machine's moods hit all of them.
fn interleaved(
    bench: &Bench<'_>,
    stub: &Stub,
    clients: &[&str],
    operation: &str,
    calls: u32,
    rounds: usize,
    value: impl Fn(&Finished) -> Outcome<f64>,
) -> Outcome<Vec<f64>> {
    let mut values = vec![Vec::with_capacity(rounds); clients.len()];
    for _ in 0..rounds {
        for (client, values) in clients.iter().zip(&mut values) {
            values.push(value(&bench.run(client, operation, calls, stub)?)?);
        }
    }
    Ok(values.into_iter().map(median).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn line(what: &str, other: f64, ours: f64) {
    println!("{what:<58} {other:>10.2} {ours:>10.2} {:>6.3}", ours / other);
}

/// A client that is fast because it did not do its work must not get into the table.
fn assert_devices(run: &Finished, expected: f64) -> Outcome {
    let seen = run.number("devices")?;
    if (seen - expected).abs() < 0.5 {
        return Ok(());
    }
    Err(crate::failure::Failure::new(format!("{seen} devices where {expected} were expected")))
}
