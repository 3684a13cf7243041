//! fota-models
