//! `fota auth …`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  fota auth status")]
pub(crate) enum Auth {
    /// Log in with the configured credentials, say what came of it, and log out
    ///
    /// One login is tried, no more: five wrong ones in a row lock the user. When commands share a session that is
    /// alive, none is tried, and none is logged out.
    #[command(after_help = "Examples:\n  fota auth status\n  fota auth status --profile staging -o json")]
    Status,
    /// Log in, and keep the session for later commands where they share one
    ///
    /// Commands share a session when FOTA_SESSION_CACHE=1 or session_cache = true asks for it; then this is what the
    /// first of many jobs may do for all of them. Otherwise it only shows that the credentials work, and logs out
    /// again.
    #[command(
        after_help = "Examples:\n  FOTA_SESSION_CACHE=1 fota auth login\n  fota auth login --profile staging"
    )]
    Login,
    /// End the session that commands share, and remove it from this machine
    ///
    /// Commands share a session when FOTA_SESSION_CACHE=1 or session_cache = true asks for it: the first one logs
    /// in, and its tokens are kept in a file that only you can read. Otherwise each command logs in and out by
    /// itself, and there is nothing to do here.
    #[command(after_help = "Examples:\n  fota auth logout\n  fota auth logout --profile staging")]
    Logout,
    /// Forget the failed logins of the configured credentials
    ///
    /// After two failed logins no more are sent with the same user name and password, by any command: five in a
    /// row lock the user. A corrected user name or password needs no reset. Check them before you reset.
    #[command(after_help = "Examples:\n  fota auth reset-guard\n  fota auth reset-guard --profile staging")]
    ResetGuard,
}
