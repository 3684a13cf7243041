//! The simulation as a test: fixed seeds, so that a failure is everyone's. Fresh seeds are `cargo xtask simulate`.

use fota_tests::simulation::{Stats, replay, simulate};

#[test]
fn three_hundred_worlds_keep_all_promises() {
    let mut sum = Stats::default();
    for seed in 0..300 {
        match simulate(seed) {
            Ok(stats) => sum.add(&stats),
            Err(failure) => panic!("{failure}"),
        }
    }
    // A simulation in which nothing goes wrong proves nothing.
    assert_eq!(sum.seeds, 300);
    for (what, count) in [
        ("lost answers", sum.lost_answers),
        ("late effects", sum.late_effects),
        ("crashes", sum.crashes),
        ("resumes", sum.resumes),
        ("early ends", sum.early_ends),
        ("meddled", sum.meddled),
        ("wrong passwords", sum.wrong_passwords),
    ] {
        assert!(count > 0, "no {what} in\n{sum}");
    }
    assert!(sum.faults.len() >= 12, "not all kinds of faults in\n{sum}");
    for outcome in ["applied", "already", "refused"] {
        assert!(sum.outcomes.contains_key(outcome), "no {outcome} in\n{sum}");
    }
    for outcome in ["unresolved", "notAttempted"] {
        assert!(!sum.outcomes.contains_key(outcome), "{outcome} in\n{sum}");
    }
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    let mut hashes = Vec::new();
    for seed in 1000..1040 {
        let (first, told) = replay(seed, usize::MAX);
        let (second, again) = replay(seed, usize::MAX);
        assert_eq!(told, again, "seed {seed}");
        let first = first.unwrap();
        assert_eq!(first, second.unwrap(), "seed {seed}");
        // With and without words.
        assert_eq!(first, simulate(seed).unwrap(), "seed {seed}");
        hashes.push(first.hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 40, "every seed has a story of its own");
}
