//! The list: three pages as a stream and as pages, resumed, after errors.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fota_core::models::LicensedDevice;
use fota_hyper::{ErrorKind, LicenseList, ListPath};
use futures_core::Stream;

use crate::client::client;
use crate::server::{Received, answer};
use crate::service::{DEVICES, LIST, account, credentials, service};

async fn rest(list: &mut LicenseList) -> Vec<String> {
    let mut devices = Vec::new();
    while let Some(device) = list.next().await {
        devices.push(id(&device.unwrap()));
    }
    devices
}

fn id(device: &LicensedDevice) -> String {
    device.device_id.to_string()
}

#[tokio::test]
async fn the_stream_walks_all_pages() {
    let server = service(|_| None);
    let mut list = client(&server).licenses(&account()).list();
    assert_eq!(server.requests().len(), 0, "nothing is sent before the first device is asked for");
    let mut devices = Vec::new();
    while let Some(device) = poll_fn(|context| Pin::new(&mut list).poll_next(context)).await {
        devices.push(id(&device.unwrap()));
    }
    assert_eq!(devices, DEVICES);
    assert_eq!((server.count(LIST), list.cursor()), (3, None));
    assert!(list.next().await.is_none() && list.next_page().await.is_none());
    assert_eq!(server.count(LIST), 3);
}

#[tokio::test]
async fn pages_and_devices_mix_and_the_cursor_is_exact() {
    let server = service(|_| None);
    let licenses = client(&server).licenses(&account());
    let mut list = licenses.list();
    assert_eq!(list.cursor().unwrap().to_string(), "0");
    list.next().await.unwrap().unwrap();
    assert_eq!(list.cursor().unwrap().to_string(), DEVICES[0]);
    let cursor = list.cursor().unwrap().clone();
    assert_eq!(list.next_page().await.unwrap().unwrap().iter().map(id).collect::<Vec<_>>(), &DEVICES[1..2]);
    assert_eq!(list.next_page().await.unwrap().unwrap().iter().map(id).collect::<Vec<_>>(), &DEVICES[2..4]);
    assert_eq!(list.cursor().unwrap().to_string(), DEVICES[3]);
    assert_eq!(rest(&mut list).await, &DEVICES[4..]);
    assert_eq!(rest(&mut licenses.list().resume_from(cursor)).await, &DEVICES[1..]);
}

#[tokio::test]
async fn an_error_comes_once_and_next_page_asks_again() {
    let broken = AtomicBool::new(true);
    let second = format!("{LIST}{}", DEVICES[1]);
    let server = service(move |request| {
        let now = request.line() == second && broken.swap(false, Ordering::SeqCst);
        now.then(|| answer("403 Forbidden", r#"{"errorCode":"X","errorMessage":"not now"}"#))
    });
    let mut list = client(&server).licenses(&account()).list();
    list.next().await.unwrap().unwrap();
    list.next().await.unwrap().unwrap();
    assert_eq!(list.next().await.unwrap().unwrap_err().kind(), ErrorKind::Unauthorized);
    assert!(list.next().await.is_none() && list.next().await.is_none());
    assert_eq!(list.next_page().await.unwrap().unwrap().len(), 2);
    assert_eq!(rest(&mut list).await, &DEVICES[4..]);
}

#[tokio::test]
async fn a_cursor_that_the_server_forgot_starts_over_without_duplicates() {
    let broken = AtomicBool::new(true);
    let server = service(move |request: &Received| {
        let now = request.line() == format!("{LIST}{}", DEVICES[3]) && broken.swap(false, Ordering::SeqCst);
        let body = r#"{"errorCode":"INVALID_PARAMETER","errorMessage":"LastSeenDeviceId Not Valid"}"#;
        now.then(|| answer("400 Bad Request", body))
    });
    let mut list = client(&server).licenses(&account()).list();
    assert_eq!(rest(&mut list).await, DEVICES);
    assert_eq!(server.count(LIST), 3 + 3);
}

#[tokio::test]
async fn a_cursor_that_does_not_lead_on_is_an_error() {
    let page = r#"{"accountName":"a","assignedLicenses":1,"hasMoreData":true,"lastSeenDeviceId":"0","deviceList":[]}"#;
    let server = service(|request| request.line().starts_with(LIST).then(|| answer("200 OK", page)));
    let mut list = client(&server).licenses(&account()).list();
    assert_eq!(list.next().await.unwrap().unwrap_err().kind(), ErrorKind::Paging);
    assert!(list.next().await.is_none());
}

#[tokio::test]
async fn the_other_documented_path_is_an_option() {
    let server = service(|_| None);
    let client = fota_hyper::Client::builder()
        .base_url(&server.url())
        .credentials(credentials())
        .list_path(ListPath::Index)
        .build()
        .unwrap();
    // The server of this test does not know that path.
    assert_eq!(client.licenses(&account()).usage().await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(server.count("GET /api/fota/v3/licenses/0000123456-00001/index/0"), 1);
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let server = service(|request| {
        if request.line().starts_with(LIST) {
            std::thread::sleep(Duration::from_millis(60));
        }
        None
    });
    let mut list = client(&server).licenses(&account()).list();
    let mut devices = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(20), list.next()).await {
            Ok(Some(device)) => devices.push(id(&device.unwrap())),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    assert_eq!(devices, DEVICES);
    assert_eq!(server.count(LIST), 3);
}
