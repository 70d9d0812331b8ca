//! What a connection is given when it starts: the settings, and the addresses of those it may talk to.

use std::sync::Arc;

use archiveopteryx::settings::Settings;
use tokio::sync::watch;

use crate::database::Database;
use crate::delivery::Intake;

/// The services of one arbiter. The database is that arbiter's own, so that a request need not cross threads.
#[derive(Clone)]
pub struct Services {
    pub settings: Arc<Settings>,
    pub database: actix::Addr<Database>,
    pub intake: Intake,
    /// Becomes true when the server wants to stop: a connection says goodbye then, and ends.
    pub stopping: watch::Receiver<bool>,
}
