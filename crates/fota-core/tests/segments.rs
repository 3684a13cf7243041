//! Listing in segments: whatever the starting points, the server's order, its refusals and the order of its
//! answers, the result is that of a single walk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;

use fota_core::segments::{CONCURRENCY, Next, Segments, Ticket, starting_points};
use fota_core::{Endpoint, Error, ErrorKind, licenses::List};
use fota_models::{DeviceId, LicenseSummary, LicensedDevice};
use proptest::prelude::*;

fn first() -> List {
    List::new("0000123456-00001".parse().unwrap())
}

/// A server with devices in some order.
#[derive(Debug, Clone)]
struct Fleet {
    devices: Vec<String>,
    page: usize,
    /// Compares ids as texts, not as numbers.
    as_text: bool,
    /// Refuses cursors that are no device.
    strict: bool,
    /// Leaves the cursor out.
    silent: bool,
}

impl Fleet {
    fn new(devices: impl IntoIterator<Item = u32>, page: usize) -> Self {
        let devices = devices.into_iter().map(|n| n.to_string()).collect();
        let mut fleet = Fleet { devices, page, as_text: false, strict: false, silent: false };
        fleet.sort();
        fleet
    }

    fn sort(&mut self) {
        let as_text = self.as_text;
        self.devices.sort_by(|a, b| order(as_text, a, b));
        self.devices.dedup();
    }

    fn answer(&self, request: &List) -> Result<LicenseSummary, Error> {
        let after = request.after.to_string();
        if self.strict && after != "0" && !self.devices.contains(&after) {
            return Err(refused());
        }
        let rest = self.devices.iter().filter(|id| order(self.as_text, id, &after).is_gt());
        let rest: Vec<_> = rest.take(self.page + 1).collect();
        let more = rest.len() > self.page;
        let page: Vec<_> =
            rest.into_iter().take(self.page).map(|id| LicensedDevice::new(id.as_str())).collect();
        let next = page.last().map(|device| device.device_id.clone()).filter(|_| !self.silent);
        Ok(LicenseSummary::default().has_more_data(more).last_seen_device_id(next).device_list(page))
    }
}

fn order(as_text: bool, a: &str, b: &str) -> std::cmp::Ordering {
    if as_text { a.cmp(b) } else { DeviceId::from(a).cmp(&DeviceId::from(b)) }
}

fn refused() -> Error {
    let body = r#"{"errorCode":"INVALID_PARAMETER","errorMessage":"LastSeenDeviceId Not Valid"}"#;
    List::from_response(http::Response::builder().status(400).body(body.into()).unwrap()).unwrap_err()
}

/// What a driver did.
#[derive(Debug, Default)]
struct Walked {
    devices: Vec<String>,
    errors: Vec<ErrorKind>,
    requests: usize,
    most_in_flight: usize,
    /// Pages asked for or there, and not handed out.
    most_held: usize,
}

/// Drives a listing. `answer` gets the number of the request, and the request, when it is answered; the requests
/// under way are answered in an order made from `seed`.
fn walk(
    mut list: Segments<List>,
    seed: u64,
    mut answer: impl FnMut(usize, &List) -> Result<LicenseSummary, Error>,
) -> Walked {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut under_way: Vec<(Ticket, List)> = Vec::new();
    let mut walked = Walked::default();
    let mut held = 0_usize;
    for _ in 0..20_000 {
        let next = list.step();
        match next {
            Next::Send(ticket, request) => under_way.push((ticket, request)),
            Next::Wait => {
                assert!(!under_way.is_empty(), "nothing is under way, so nothing will ever come");
                let (ticket, request) = under_way.swap_remove(random.usize(..under_way.len()));
                let page = answer(walked.requests, &request);
                walked.requests += 1;
                held += page.as_ref().map_or(0, |page| page.device_list.len());
                list.accept(ticket, page);
            }
            Next::Page(Ok(page)) => {
                assert!(!page.is_empty());
                held = held.saturating_sub(page.len());
                walked.devices.extend(page.iter().map(|device| device.device_id.to_string()));
                if random.bool() {
                    under_way.extend(std::iter::from_fn(|| list.ahead()));
                    while random.bool() && !under_way.is_empty() {
                        let (ticket, request) = under_way.swap_remove(random.usize(..under_way.len()));
                        let page = answer(walked.requests, &request);
                        walked.requests += 1;
                        list.accept(ticket, page);
                    }
                }
            }
            Next::Page(Err(error)) => {
                walked.errors.push(error.kind());
                if walked.errors.len() > 100 {
                    return walked;
                }
            }
            Next::Done => return walked,
        }
        walked.most_in_flight = walked.most_in_flight.max(under_way.len());
        walked.most_held = walked.most_held.max(held);
    }
    panic!("still walking: {list:?}");
}

fn fleets() -> impl Strategy<Value = Fleet> {
    // Ids of different lengths, so that the order of numbers and of texts differ.
    let devices = prop::collection::btree_set(prop_oneof![1_u32..60, 1_u32..2000], 0..80);
    (devices, 1_usize..12, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(devices, page, as_text, strict, silent)| {
            let mut fleet = Fleet { as_text, strict, silent, ..Fleet::new(devices, page) };
            fleet.sort();
            fleet
        },
    )
}

/// Points that make sense, and points that make none.
fn points() -> impl Strategy<Value = Vec<DeviceId>> {
    let point = prop_oneof![
        8 => (0_u32..2000).prop_map(|n| n.to_string()),
        4 => (0_u32..60).prop_map(|n| n.to_string()),
        1 => "(99999|007|00|no id|)",
    ];
    prop::collection::vec(point.prop_map(DeviceId::from), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// The promise, for a list that stays as it is: the same devices in the same order, whatever the server's
    /// order, its refusals, the starting points, and the order of the answers.
    #[test]
    fn the_result_is_that_of_a_single_walk(
        fleet in fleets(), points in points(), known in any::<bool>(), requests in 1_usize..10,
        ahead in prop::option::of(0_usize..20), seed in any::<u64>(),
    ) {
        let mut points = points;
        if known {
            points.extend(fleet.devices.iter().skip(2).step_by(3).map(|id| DeviceId::from(id.as_str())));
        }
        let mut list = Segments::new(first()).starting_points(points).concurrency(requests);
        if let Some(ahead) = ahead {
            list = list.read_ahead(ahead);
        }
        let walked = walk(list, seed, |_, request| fleet.answer(request));
        prop_assert_eq!(&walked.devices, &fleet.devices);
        prop_assert_eq!(walked.errors, []);
        prop_assert!(walked.most_in_flight <= requests);
    }

    /// Whatever changes meanwhile: no device twice, in order, and none is missed that was there all the time.
    #[test]
    fn changes_during_the_walk_neither_double_nor_hide_a_device(
        fleet in fleets(), points in points(), seed in any::<u64>(),
        changes in prop::collection::vec((1_u32..2000, any::<bool>()), 0..60),
    ) {
        let mut fleet = Fleet { as_text: false, ..fleet };
        fleet.sort();
        let mut steady: BTreeSet<String> = fleet.devices.iter().cloned().collect();
        let mut ever = steady.clone();
        let mut changes = changes.into_iter();
        let mut points = points;
        points.extend(fleet.devices.iter().skip(2).step_by(3).map(|id| DeviceId::from(id.as_str())));
        let walked = walk(Segments::new(first()).starting_points(points), seed, |_, request| {
            let page = fleet.answer(request);
            if let Some((n, remove)) = changes.next() {
                // Of those that are there, or a new one.
                let id = match fleet.devices.len() {
                    0 => n.to_string(),
                    count if remove => fleet.devices[n as usize % count].clone(),
                    _ => n.to_string(),
                };
                if remove {
                    fleet.devices.retain(|device| *device != id);
                    steady.remove(&id);
                } else {
                    fleet.devices.push(id.clone());
                    fleet.sort();
                    ever.insert(id);
                }
            }
            page
        });
        let devices = &walked.devices;
        prop_assert!(devices.windows(2).all(|two| order(false, &two[0], &two[1]).is_lt()), "{devices:?}");
        let seen: BTreeSet<String> = devices.iter().cloned().collect();
        // A second refusal ends a walk, as it always did.
        if walked.errors.is_empty() {
            prop_assert!(steady.is_subset(&seen), "missed {:?}", steady.difference(&seen).collect::<Vec<_>>());
        }
        prop_assert!(seen.is_subset(&ever));
    }

    /// Requests that fail, fail the listing only where a single walk would have failed; going on after an error
    /// gives what is left.
    #[test]
    fn failures_cost_time_and_nothing_else(
        fleet in fleets(), seed in any::<u64>(), failures in prop::collection::vec(any::<bool>(), 0..60),
    ) {
        let points = fleet.devices.iter().skip(2).step_by(3).map(|id| DeviceId::from(id.as_str()));
        let walked = walk(Segments::new(first()).starting_points(points), seed, |number, request| {
            match failures.get(number) {
                Some(true) => Err(Error::new(ErrorKind::Unavailable, "out of order")),
                _ => fleet.answer(request),
            }
        });
        prop_assert_eq!(&walked.devices, &fleet.devices);
        prop_assert!(walked.errors.len() <= failures.iter().filter(|failed| **failed).count());
    }
}

/// With a starting point a page, as the last listing had them, no request is made in vain.
#[test]
fn starting_points_a_page_apart_cost_no_request() {
    let fleet = Fleet::new(1..=1000, 10);
    let points = || (1..100).map(|page| DeviceId::from((page * 10).to_string()));
    let walked =
        walk(Segments::new(first()).starting_points(points()), 7, |_, request| fleet.answer(request));
    assert_eq!((walked.requests, walked.most_in_flight), (100, CONCURRENCY));
    assert_eq!(walked.devices, fleet.devices);
    // In the wrong order and twice they are as good.
    let mixed = points().rev().chain(points());
    let walked = walk(Segments::new(first()).starting_points(mixed), 7, |_, request| fleet.answer(request));
    assert_eq!((walked.requests, walked.devices), (100, fleet.devices));
}

/// Devices that came and went since the points were taken: hardly a request more.
#[test]
fn a_list_that_has_changed_since_is_still_listed_in_segments() {
    let points = starting_points((1..=4000).map(|n| DeviceId::from((n * 2).to_string())), 50);
    assert!(points.contains(&"940".into()) && points.contains(&"4700".into()));
    let gone = |n: &u32| n % 398 == 0 || [940, 4700].contains(n);
    let changed = (1..=4000).map(|n| n * 2).filter(|n| !gone(n)).chain((1..4000).step_by(401));
    let fleet = Fleet::new(changed, 50);
    let strict = Fleet { strict: true, ..fleet.clone() };
    for fleet in [fleet, strict] {
        let list = Segments::new(first()).starting_points(points.clone());
        let walked = walk(list, 3, |_, request| fleet.answer(request));
        assert_eq!(walked.devices, fleet.devices);
        let least = fleet.devices.len().div_ceil(50);
        assert!(walked.requests < least * 5 / 4, "{} requests, {least} at least", walked.requests);
        assert_eq!(walked.most_in_flight, CONCURRENCY);
    }
}

/// However fast everything else is, only so much waits in memory for a slow first segment.
#[test]
fn what_is_read_ahead_is_bounded() {
    let fleet = Fleet::new(1..=5000, 10);
    let points = || (1..500).map(|page| DeviceId::from((page * 10).to_string()));
    for (ahead, most) in [(Some(3), 3), (Some(20), 20), (None, 2 * CONCURRENCY)] {
        let mut list = Segments::new(first()).starting_points(points());
        if let Some(ahead) = ahead {
            list = list.read_ahead(ahead);
        }
        // The first page comes last of all.
        let (mut under_way, mut held) = (Vec::new(), 0);
        loop {
            match list.step() {
                Next::Send(ticket, request) => under_way.push((ticket, request)),
                Next::Wait if under_way.len() > 1 => {
                    let (ticket, request) = under_way.pop().unwrap();
                    list.accept(ticket, fleet.answer(&request));
                    held += 1;
                }
                Next::Wait => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(held + under_way.len(), most);
        let (ticket, request) = under_way.pop().unwrap();
        list.accept(ticket, fleet.answer(&request));
        let walked = walk(list, 1, |_, request| fleet.answer(request));
        assert_eq!(walked.devices, fleet.devices);
    }
}

/// One page, and the next one while it is worked on; nothing at all where that is switched off.
#[test]
fn a_single_walk_fetches_the_next_page_ahead() {
    let fleet = Fleet::new(1..=30, 10);
    for ahead in [1, 0] {
        let mut list = Segments::new(first()).read_ahead(ahead);
        assert!(ahead == 1 || list.ahead().is_none());
        let Next::Send(ticket, request) = list.step() else { panic!() };
        assert!(matches!(list.step(), Next::Wait) && list.ahead().is_none());
        list.accept(ticket, fleet.answer(&request));
        assert!(list.ahead().is_none(), "the page that is there is the one read ahead");
        assert!(matches!(list.step(), Next::Page(Ok(_))));
        assert_eq!(list.cursor().unwrap().to_string(), "10");
        match list.ahead() {
            Some((ticket, request)) => {
                assert_eq!((ahead, request.after.to_string().as_str()), (1, "10"));
                assert!(list.ahead().is_none());
                list.accept(ticket, fleet.answer(&request));
                assert!(list.ahead().is_none(), "no more than one page");
                assert_eq!(list.cursor().unwrap().to_string(), "10", "it was not handed out");
            }
            None => assert_eq!(ahead, 0),
        }
    }
}

/// A server that takes no starting point at all is not asked about each of hundreds.
#[test]
fn refused_starting_points_leave_a_single_walk() {
    let fleet = Fleet { strict: true, ..Fleet::new((1..=1000).map(|n| n * 2), 10) };
    let points = (1..500).map(|n| DeviceId::from((n * 4 + 1).to_string()));
    let walked = walk(Segments::new(first()).starting_points(points), 7, |_, request| fleet.answer(request));
    assert_eq!(walked.devices, fleet.devices);
    assert!(walked.requests <= 100 + 2 * CONCURRENCY, "{} requests", walked.requests);
}

/// While nothing works, nothing but the page that is wanted is asked for.
#[test]
fn an_outage_does_not_use_up_the_starting_points() {
    let fleet = Fleet::new(1..=1000, 10);
    let points = (1..100).map(|page| DeviceId::from((page * 10).to_string()));
    let outage = 20..60;
    let walked = walk(Segments::new(first()).starting_points(points), 7, |number, request| {
        if outage.contains(&number) {
            return Err(Error::new(ErrorKind::Unavailable, "out of order"));
        }
        fleet.answer(request)
    });
    assert_eq!(walked.devices, fleet.devices);
    // Those under way at the time, and one at a time from then on.
    assert!(walked.errors.len() >= 40 - CONCURRENCY, "{walked:?}");
    assert!(walked.requests <= 100 + 40 + CONCURRENCY, "{} requests", walked.requests);
}

/// A request that was given up is made again, and an answer that comes too late does no harm.
#[test]
fn a_request_that_was_withdrawn_is_made_again() {
    let fleet = Fleet::new(1..=20, 10);
    let mut list = Segments::new(first()).starting_points([DeviceId::from("10")]);
    let Next::Send(one, request) = list.step() else { panic!() };
    let Next::Send(two, second) = list.step() else { panic!() };
    list.withdraw(one);
    list.withdraw(two);
    list.accept(one, fleet.answer(&second));
    let Next::Send(again, same) = list.step() else { panic!() };
    assert!(again != one && same == request);
    list.accept(again, fleet.answer(&same));
    assert_eq!(walk(list, 1, |_, request| fleet.answer(request)).devices, fleet.devices);
}

/// A listing goes on from where an earlier one was, in segments too.
#[test]
fn a_cursor_of_a_segmented_listing_is_as_good_as_any() {
    let fleet = Fleet::new(1..=100, 10);
    let points = || [35, 50, 64].map(|n| DeviceId::from(n.to_string()));
    let mut list = Segments::new(first()).starting_points(points());
    let mut devices = Vec::new();
    loop {
        match list.step() {
            Next::Send(ticket, request) => list.accept(ticket, fleet.answer(&request)),
            Next::Page(page) => {
                devices.extend(page.unwrap().into_iter().map(|device| device.device_id.to_string()));
                let cursor = list.cursor().cloned();
                assert_eq!(
                    devices.last().cloned(),
                    cursor.as_ref().map(ToString::to_string).or(devices.last().cloned())
                );
                let Some(cursor) = cursor else { break };
                list = Segments::new(first().after(cursor)).starting_points(points());
            }
            Next::Done => break,
            other @ Next::Wait => panic!("{other:?}"),
        }
    }
    assert_eq!(devices, fleet.devices);
}
