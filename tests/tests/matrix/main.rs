//! Every fault against every operation through both adapters, over real sockets: the kind of the error, whether the
//! change may have been made, and how many requests went over the wire. What is expected is written down by hand in
//! [`table`], which reads as the contract for failures.
//!
//! All cells are played before anything is judged, so that one run shows everything that is wrong.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic, and its items are not published"
)]

mod cell;
mod front;
mod play;
mod report;
mod table;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fota_tests::{Blocking, Hyper, Kind, in_time};

use cell::{OPERATIONS, Operation, Row};
use play::{Played, play};

/// Cells played at the same time. Most of them wait for a pause or a deadline.
const WORKERS: usize = 8;

#[test]
fn every_fault_in_every_operation_through_both_adapters() {
    in_time(Duration::from_secs(180), || {
        let rows = table::rows();
        assert!(rows.len() >= 15, "{} faults", rows.len());
        let played = play_all(&rows);
        let cases = played.len();
        assert_eq!(cases, rows.len() * OPERATIONS.len() * 2);
        assert!(cases >= 150, "{cases} cases");

        println!("{}", report::table(&rows, &played));
        let wrong = report::wrong(&rows, &played);
        assert!(wrong.is_empty(), "{} things are wrong in {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// A cell's place in the table, through one adapter.
type Case<'t> = (usize, Operation, &'t dyn Kind);

/// Row by row, operation by operation, hyper before blocking.
fn play_all(rows: &[Row]) -> Vec<Played> {
    let adapters: [&dyn Kind; 2] = [&Hyper, &Blocking];
    let cases: Vec<Case<'_>> = (0..rows.len())
        .flat_map(|row| OPERATIONS.map(|operation| (row, operation)))
        .flat_map(|(row, operation)| adapters.map(|adapter| (row, operation, adapter)))
        .collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(cases.len()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some((row, operation, adapter)) = cases.get(number) else { return };
                    let played = play(rows.get(*row).unwrap(), *operation, *adapter);
                    results.lock().unwrap().push((number, played));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, played)| played).collect()
}
