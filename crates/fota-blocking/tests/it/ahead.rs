//! Pages that are fetched before they are asked for: the next one, and those of segments.

use std::thread;
use std::time::Duration;

use bytes::Bytes;
use fota_blocking::core::TransportError;
use fota_blocking::{Client, LicenseList, Limits, Transport};

use crate::client::client;
use crate::fleet::Fleet;
use crate::service::{LOGIN, TOKEN, account, credentials};

const SLOW: Duration = Duration::from_millis(40);

fn rest(list: &mut LicenseList) -> Vec<String> {
    list.map(|device| device.unwrap().device_id.to_string()).collect()
}

#[test]
fn segments_share_one_login_and_keep_to_the_concurrency() {
    for (requests, most) in [(None, 8), (Some(3), 3), (Some(1), 1)] {
        let fleet = Fleet::new(40, SLOW);
        let mut list = client(&fleet.server).licenses(&account()).list().starting_points(fleet.ends());
        if let Some(requests) = requests {
            list = list.concurrency(requests);
        }
        assert_eq!(fleet.server.requests().len(), 0, "nothing is sent before the first device is asked for");
        assert_eq!(rest(&mut list), fleet.devices);
        assert_eq!((fleet.most(), fleet.lists()), (most, 20));
        assert_eq!((fleet.server.count(TOKEN), fleet.server.count(LOGIN)), (1, 1));
        assert_eq!(list.cursor(), None);
    }
}

#[test]
fn the_next_page_is_fetched_while_one_is_worked_on_for_those_who_ask() {
    for (pages, fetched) in [(None, 1), (Some(0), 1), (Some(1), 2), (Some(3), 2)] {
        let fleet = Fleet::new(10, SLOW);
        let mut list = client(&fleet.server).licenses(&account()).list();
        if let Some(pages) = pages {
            list = list.read_ahead(pages);
        }
        list.next_page().unwrap().unwrap();
        // The work: another request would have arrived by then.
        thread::sleep(SLOW * 4);
        assert_eq!(fleet.lists(), fetched, "read ahead {pages:?}");
        assert_eq!(list.cursor().unwrap().to_string(), fleet.devices[1]);
        assert_eq!(rest(&mut list), &fleet.devices[2..]);
        assert_eq!((fleet.lists(), fleet.most()), (5, 1));
    }
}

#[test]
fn a_list_that_is_dropped_leaves_a_client_that_works() {
    let fleet = Fleet::new(40, SLOW);
    let client = client(&fleet.server);
    let mut list = client.licenses(&account()).list().starting_points(fleet.ends());
    list.next().unwrap().unwrap();
    let cursor = list.cursor().unwrap().clone();
    drop(list);
    let mut list = client.licenses(&account()).list().starting_points(fleet.ends()).resume_from(cursor);
    assert_eq!(rest(&mut list), &fleet.devices[1..]);
    assert_eq!((fleet.server.count(TOKEN), fleet.server.count(LOGIN)), (1, 1));
}

/// Wherever a request is made, its panic is the caller's, and nobody waits for an answer that cannot come.
#[test]
#[should_panic(expected = "a defect of the transport")]
fn a_panic_in_a_thread_is_the_readers() {
    struct Broken;
    impl Transport for Broken {
        fn send(&self, _: http::Request<Bytes>, _: Limits) -> Result<http::Response<Bytes>, TransportError> {
            panic!("a defect of the transport")
        }
    }
    let client = Client::builder().credentials(credentials()).transport(Broken).build().unwrap();
    client.licenses(&account()).list().read_ahead(1).next();
}
