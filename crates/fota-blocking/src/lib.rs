//! fota-blocking
