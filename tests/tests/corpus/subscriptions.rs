//! `GET /subscriptions/{acc}`: everything optional, two formats of time, a list inside a text.

use fota_core::models::{PurchaseType, Subscription, Timestamp};
use fota_core::subscriptions::Get;

use crate::{Exactly, Normalized, check};

#[test]
fn subscriptions() {
    let account = || Subscription::default().account_name("0000123456-00001".to_owned());
    check::<Get>(vec![
        (
            "canonical.json",
            Exactly,
            account()
                .purchase_type("TS-HFOTA-MRC,TS-HFOTA-EVNT".to_owned())
                .license_count(250u64)
                .license_used_count(4u64)
                .update_time(Timestamp::from("2024-03-05T09:10:12.5Z")),
        ),
        // With the six-digit suffix of the vendor's own example.
        (
            "time-in-go-style.json",
            Exactly,
            Subscription::default()
                .account_name("0000123456-000001".to_owned())
                .purchase_type("TS-HFOTA-MRC".to_owned())
                .license_count(9000u64)
                .license_used_count(1000u64)
                .update_time(Timestamp::from("2018-03-02 16:03:06.87 +0000 UTC")),
        ),
        (
            "billed-per-event.json",
            Exactly,
            account().purchase_type("TS-HFOTA-EVNT".to_owned()).license_count(0u64).license_used_count(0u64),
        ),
        (
            "purchase-types-untidy.json",
            Normalized,
            Subscription::default()
                .purchase_type(" TS-HFOTA-EVNT , TS-HFOTA-NEW,,TS-HFOTA-MRC ".to_owned())
                .license_count(1u64)
                .license_used_count(0u64)
                .update_time(Timestamp::from("")),
        ),
        ("nothing-but-the-account.json", Exactly, account()),
    ]);
}

#[test]
fn purchase_types() {
    let types = |file: &str| -> Vec<PurchaseType> {
        let subscription: Subscription =
            serde_json::from_slice(&crate::read("subscriptions.get", file)).unwrap();
        subscription.purchase_types().collect()
    };
    assert_eq!(types("canonical.json"), [PurchaseType::Mrc, PurchaseType::Event]);
    assert_eq!(
        types("purchase-types-untidy.json"),
        [PurchaseType::Event, PurchaseType::from("TS-HFOTA-NEW"), PurchaseType::Mrc]
    );
    assert_eq!(types("nothing-but-the-account.json"), []);
}
