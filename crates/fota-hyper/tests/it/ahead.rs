//! Pages that are fetched before they are asked for: the next one, and those of segments.

use std::time::Duration;

use fota_hyper::core::{Limits, RetryPolicy};
use fota_hyper::{Client, LicenseList};

use crate::client::client;
use crate::fleet::Fleet;
use crate::service::{LOGIN, TOKEN, account, credentials};

const SLOW: Duration = Duration::from_millis(40);

async fn rest(list: &mut LicenseList) -> Vec<String> {
    let mut devices = Vec::new();
    while let Some(device) = list.next().await {
        devices.push(device.unwrap().device_id.to_string());
    }
    devices
}

#[tokio::test]
async fn segments_share_one_login_and_keep_to_the_concurrency() {
    for (requests, most) in [(None, 8), (Some(3), 3), (Some(1), 1)] {
        let fleet = Fleet::new(40, SLOW);
        let mut list = client(&fleet.server).licenses(&account()).list().starting_points(fleet.ends());
        if let Some(requests) = requests {
            list = list.concurrency(requests);
        }
        assert_eq!(fleet.server.requests().len(), 0, "nothing is sent before the first device is asked for");
        assert_eq!(rest(&mut list).await, fleet.devices);
        assert_eq!((fleet.most(), fleet.lists()), (most, 20));
        assert_eq!((fleet.server.count(TOKEN), fleet.server.count(LOGIN)), (1, 1));
        assert_eq!(list.cursor(), None);
    }
}

#[tokio::test]
async fn the_next_page_is_fetched_while_one_is_worked_on() {
    for (pages, fetched) in [(None, 2), (Some(0), 1), (Some(3), 2)] {
        let fleet = Fleet::new(10, SLOW);
        let mut list = client(&fleet.server).licenses(&account()).list();
        if let Some(pages) = pages {
            list = list.read_ahead(pages);
        }
        list.next_page().await.unwrap().unwrap();
        // The work: another request would have arrived by then.
        tokio::time::sleep(SLOW * 4).await;
        assert_eq!(fleet.lists(), fetched, "read ahead {pages:?}");
        assert_eq!(list.cursor().unwrap().to_string(), fleet.devices[1]);
        assert_eq!(rest(&mut list).await, &fleet.devices[2..]);
        assert_eq!((fleet.lists(), fleet.most()), (5, 1));
    }
}

#[tokio::test]
async fn a_list_that_is_dropped_leaves_a_client_that_works() {
    let fleet = Fleet::new(40, SLOW);
    let client = client(&fleet.server);
    let mut list = client.licenses(&account()).list().starting_points(fleet.ends());
    list.next().await.unwrap().unwrap();
    let cursor = list.cursor().unwrap().clone();
    drop(list);
    let mut list = client.licenses(&account()).list().starting_points(fleet.ends()).resume_from(cursor);
    assert_eq!(rest(&mut list).await, &fleet.devices[1..]);
    assert_eq!((fleet.server.count(TOKEN), fleet.server.count(LOGIN)), (1, 1));
}

/// The runtime stands still for longer than a call may take: that is not the server's fault.
#[tokio::test]
async fn work_that_takes_long_does_not_cost_the_page_read_ahead() {
    let fleet = Fleet::new(4, SLOW);
    let total = Duration::from_millis(900);
    let client = Client::builder()
        .base_url(&fleet.server.url())
        .credentials(credentials())
        .retry(RetryPolicy::default().total(total))
        .limits(Limits::default().attempt(total))
        .build()
        .unwrap();
    let mut list = client.licenses(&account()).list();
    list.next_page().await.unwrap().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(list.next_page().await.unwrap().unwrap().len(), 2);
}
