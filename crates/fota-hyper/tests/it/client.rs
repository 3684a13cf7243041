//! The client over real sockets: shared logins, changes, bulk runs, farewells.

use std::ops::ControlFlow;
use std::time::Duration;

use fota_core::bulk::{Action, Options, Outcome, Run};
use fota_core::models::{DeviceId, Verdict};
use fota_hyper::{Client, ErrorKind, RetryPolicy};

use crate::server::{Server, answer, closed_port};
use crate::service::{ASSIGN, DEVICES, LOGIN, LOGOUT, REMOVE, REVOKE, TOKEN, account, credentials, service};

pub(crate) fn client(server: &Server) -> Client {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1));
    Client::builder().base_url(&server.url()).credentials(credentials()).retry(retry).build().unwrap()
}

async fn crowd() {
    let server = service(|_| None);
    let client = client(&server);
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.licenses(&account()).usage().await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().assigned_licenses, Some(5));
    }
    assert_eq!((server.count(TOKEN), server.count(LOGIN)), (1, 1));
}

#[tokio::test]
async fn two_hundred_tasks_log_in_once() {
    crowd().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_tasks_on_several_threads_log_in_once() {
    crowd().await;
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let body =
        r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.UnexpectedError","errorMessage":"login failed"}"#;
    let server = service(|request| (request.line() == LOGIN).then(|| answer("401 Unauthorized", body)));
    let client = client(&server);
    let error = client.licenses(&account()).usage().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRejected, "{error}");
    assert!(client.is_login_blocked());
    let error = client.login().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginBlocked, "{error}");
    assert_eq!(server.count(LOGIN), 1);
    client.set_credentials(credentials());
    assert!(!client.is_login_blocked());
}

#[tokio::test]
async fn changes_name_each_device() {
    let server = service(|_| None);
    let licenses = client(&server).licenses(&account());
    let change = licenses.assign(DEVICES).await.unwrap();
    assert_eq!(change.device_list.len(), 5);
    assert!(change.device_list.iter().all(|device| device.verdict() == Verdict::Success));
    let change = licenses.remove([DeviceId::from(DEVICES[0])]).await.unwrap();
    assert_eq!(change.device_list.len(), 1);
    let none: [&str; 0] = [];
    assert_eq!(licenses.assign(none).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!((server.count(ASSIGN), server.count(REMOVE)), (1, 1));
}

#[tokio::test]
async fn a_lost_answer_of_a_change_is_told_and_not_repeated() {
    let server = service(|request| (request.line() == ASSIGN).then(String::new));
    let error = client(&server).licenses(&account()).assign(DEVICES).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.may_have_been_applied());
    assert_eq!(server.count(ASSIGN), 1);
}

#[tokio::test]
async fn a_refused_connection_is_retried_and_surely_not_applied() {
    let client = Client::builder()
        .base_url(&format!("http://{}", closed_port()))
        .credentials(credentials())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)).max_attempts(3))
        .build()
        .unwrap();
    let error = client.licenses(&account()).assign(DEVICES).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(!error.may_have_been_applied());
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_bulk_run_ends_when_the_observer_breaks_it_off() {
    let server = service(|_| None);
    let client = client(&server);
    let options = Options::default().batch(2).concurrency(1);
    let new = || Run::new(Action::Assign, account(), DEVICES.map(DeviceId::from)).options(options);
    let mut run = new();
    client.run(&mut run, &mut |_: &Run| ControlFlow::Break(())).await;
    assert_eq!((run.progress(), server.count(ASSIGN)), ((2, 5), 1));
    let mut calls = 0;
    let mut run = new();
    client
        .run(&mut run, &mut |_: &Run| {
            calls += 1;
            ControlFlow::Continue(())
        })
        .await;
    assert_eq!((calls, server.count(ASSIGN)), (3, 4));
    let report = run.report();
    assert!(report.devices.iter().all(|device| device.outcome == Outcome::Applied));
}

#[tokio::test]
async fn farewells_reach_the_server_once_and_cost_no_login() {
    let server = service(|_| None);
    let client = client(&server);
    client.logout().await.unwrap();
    client.revoke().await.unwrap();
    assert!(server.requests().is_empty(), "there was nothing to end");
    client.login().await.unwrap();
    client.logout().await.unwrap();
    client.logout().await.unwrap();
    client.revoke().await.unwrap();
    client.revoke().await.unwrap();
    let lines: Vec<_> = server.requests().iter().map(|request| request.line().to_owned()).collect();
    assert_eq!(lines, [TOKEN, LOGIN, LOGOUT, REVOKE]);
}

#[test]
fn what_cannot_work_is_refused_when_building() {
    for builder in [
        Client::builder(),
        Client::builder().base_url("http://127.0.0.1:1"),
        Client::builder().base_url("http://example.com").credentials(credentials()),
        Client::builder().base_url("").credentials(credentials()),
    ] {
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    let production = Client::builder().credentials(credentials()).build();
    #[cfg(not(feature = "tls"))]
    assert_eq!(production.unwrap_err().kind(), ErrorKind::InvalidRequest);
    #[cfg(feature = "tls")]
    drop(production);
}
