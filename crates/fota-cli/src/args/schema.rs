//! `fota schema`: what the JSON of other commands looks like.

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fota schema
  fota schema change > change.schema.json")]
pub(crate) struct Schema {
    /// The schema to print, by its name in the list [default: list them]
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}
