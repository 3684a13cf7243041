//! fota-core
