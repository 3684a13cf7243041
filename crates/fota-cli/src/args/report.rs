//! `fota licenses report`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Write the page to this file; "-" is stdout. An earlier report is replaced, any other file is not
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
    /// Show the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// The most devices whose make and model are looked up, a thousand in a request; 0 looks up none
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) look_up: u64,
}
