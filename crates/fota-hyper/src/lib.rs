//! fota-hyper
