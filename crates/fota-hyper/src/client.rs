//! The client: what calls share, and the calls that belong to no resource.

use std::sync::Arc;

use fota_core::models::{AccountName, Subscription};
use fota_core::{
    AsyncTimer, AsyncTransport, Config, Credentials, Endpoint, Error, Moment, SavedTokens, Shared, bulk,
    drive, subscriptions,
};

use crate::{ClientBuilder, Devices, Licenses};

/// A client of the service. Cheap to clone; all clones share connections and both tokens.
///
/// Any number of calls may run at once. When tokens are missing or die, one of the calls fetches new ones
/// and the others wait for it. A future that is dropped abandons its call; if the call was a write, nobody
/// knows whether it was made.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    transport: Box<dyn AsyncTransport>,
    timer: Box<dyn AsyncTimer>,
}

impl Client {
    /// Settings of a new client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The licenses of an account.
    pub fn licenses(&self, account: &AccountName) -> Licenses {
        Licenses::new(self.clone(), account.clone())
    }

    /// The devices of an account.
    pub fn devices(&self, account: &AccountName) -> Devices {
        Devices::new(self.clone(), account.clone())
    }

    /// What an account has bought: `GET /subscriptions/{acc}`.
    ///
    /// # Errors
    /// Whatever ended the call.
    pub async fn subscription(&self, account: &AccountName) -> Result<Subscription, Error> {
        self.call(subscriptions::Get::new(account.clone())).await
    }

    /// Makes any call, your own [`Endpoint`] included.
    ///
    /// # Errors
    /// Whatever ended the call.
    pub async fn call<E: Endpoint>(&self, endpoint: E) -> Result<E::Output, Error> {
        drive::call(&self.0.shared, &*self.0.transport, &*self.0.timer, endpoint).await
    }

    /// Runs a bulk change to its end: every device with exactly one outcome, several requests in flight,
    /// lost answers looked up.
    ///
    /// The observer is shown the run after each call, can break it off, and can keep a journal; see
    /// [`Observer`](bulk::Observer). In the end [`Run::report`](bulk::Run::report) names every device, and
    /// [`Run::stopped`](bulk::Run::stopped) the error that ended the run early, if one did.
    ///
    /// When the future is dropped, the devices of the requests in flight are unresolved, and all else is known.
    ///
    /// ```
    /// # use fota_hyper::core::script::{Script, VirtualClock};
    /// # use fota_hyper::{Client, Credentials, models::{AccountName, DeviceId}};
    /// use std::ops::ControlFlow;
    /// use fota_hyper::bulk::{Action, Run};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let script = Script::new().login().answer(200, r#"{"accountName":"0000123456-00001","licCount":250,
    /// #     "licUsedCount":1,"deviceList":[{"deviceId":"352099001761481","status":"LicenseAssignSuccess"}]}"#);
    /// # let client = Client::builder().credentials(Credentials::new("fake", "fake", "fake", "fake"))
    /// #     .transport(script).timer(VirtualClock::new()).build()?;
    /// # let account: AccountName = "0000123456-00001".parse()?;
    ///
    /// let mut run = Run::new(Action::Assign, account, [DeviceId::from("352099001761481")]);
    /// client.run(&mut run, &mut |run: &Run| {
    ///     let (done, all) = run.progress();
    ///     println!("{done} of {all}");
    ///     ControlFlow::Continue(())
    /// }).await;
    /// assert_eq!(run.report().counts().applied, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn run<O: bulk::Observer + ?Sized>(&self, run: &mut bulk::Run, observer: &mut O) {
        crate::run::run(self, &*self.0.timer, run, observer).await;
    }

    /// Gets both tokens now rather than at the first call.
    ///
    /// # Errors
    /// Whatever ended the login. One that was refused is never repeated: see
    /// [`Client::is_login_blocked`].
    pub async fn login(&self) -> Result<(), Error> {
        drive::run(self.0.shared.login(), &*self.0.transport, &*self.0.timer).await
    }

    /// Ends the session, if there is one. A later call logs in again.
    ///
    /// # Errors
    /// Whatever ended the call. The session is forgotten all the same.
    pub async fn logout(&self) -> Result<(), Error> {
        drive::run(self.0.shared.logout(), &*self.0.transport, &*self.0.timer).await
    }

    /// Revokes the access token, if there is one, for every process that shares the key.
    ///
    /// # Errors
    /// Whatever ended the call. The token is forgotten all the same.
    pub async fn revoke(&self) -> Result<(), Error> {
        drive::run(self.0.shared.revoke(), &*self.0.transport, &*self.0.timer).await
    }

    /// Both tokens as they are now, to be kept for another process with the same credentials. Nothing unless
    /// both are alive. Whoever reads them can act as the user until they die, so keep them like a password.
    pub fn saved_tokens(&self) -> Option<SavedTokens> {
        self.0.shared.saved_tokens(self.0.timer.now())
    }

    /// Takes over the tokens that another process saved, so that nobody needs to log in.
    ///
    /// Each is ignored when it is dead, and when there is one already, which is newer. Should the service refuse
    /// them, they are replaced like any others.
    ///
    /// ```
    /// # use fota_hyper::core::script::Script;
    /// # use fota_hyper::{Client, Credentials, SavedTokens};
    /// # let client = || Client::builder().credentials(Credentials::new("fake", "fake", "fake", "fake"))
    /// #     .transport(Script::new()).build();
    /// # let first = client()?;
    /// # first.adopt_tokens(SavedTokens { access_token: "fake".into(), bearer_left: std::time::Duration::from_secs(9),
    /// #     session_token: "fake".into(), session_idle: std::time::Duration::ZERO });
    /// # let second = client()?;
    /// if let Some(tokens) = first.saved_tokens() {
    ///     second.adopt_tokens(tokens);
    /// }
    /// # assert!(second.saved_tokens().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn adopt_tokens(&self, saved: SavedTokens) {
        self.0.shared.adopt_tokens(saved, self.0.timer.now());
    }

    /// Other credentials from now on, for all clones. Logins are allowed again.
    pub fn set_credentials(&self, credentials: Credentials) {
        self.0.shared.set_credentials(credentials);
    }

    /// Whether logins are blocked because an earlier one failed. The service locks a user for good after
    /// five failures, so only [`Client::set_credentials`] allows another one.
    pub fn is_login_blocked(&self) -> bool {
        self.0.shared.is_login_blocked()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        self.0.shared.config()
    }

    pub(crate) fn now(&self) -> Moment {
        self.0.timer.now()
    }

    pub(crate) fn new(
        shared: Arc<Shared>,
        transport: Box<dyn AsyncTransport>,
        timer: Box<dyn AsyncTimer>,
    ) -> Self {
        Client(Arc::new(Inner { shared, transport, timer }))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("servers", &self.config().servers).finish_non_exhaustive()
    }
}
