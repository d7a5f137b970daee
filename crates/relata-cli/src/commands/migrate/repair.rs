//! `relata migrate repair`: makes the history agree with the files, and the files with each other.

use clap::Args;
use relata_runtime::migrate;
use relata_sql::Result;

use super::Common;
use super::project::{Project, tell};
use crate::session::{Exit, Session};

/// Options of `relata migrate repair`.
#[derive(Args)]
pub struct Repair {
    #[command(flatten)]
    common: Common,
}

impl Repair {
    /// Runs the command.
    ///
    /// # Errors
    /// When the database cannot be reached or a file not be written.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut project = Project::read(session, &self.common)?;
        let output = &session.output;
        let mut done = Vec::new();
        let mut connection = project.connect().await?;
        let history = migrate::read_history(connection.as_mut()).await?;
        for rewritten in migrate::reparent(project.dialect, &project.migrations, &history)? {
            done.push(format!("{rewritten}: its parent is written anew"));
        }
        project.migrations = migrate::read_folder(&project.directory, project.dialect)?;
        let observer: &mut migrate::Observer<'_> = &mut |event| tell(output, &event);
        done.extend(project.runner.repair(connection.as_mut(), &project.migrations, observer).await?);
        connection.close().await?;
        if output.json {
            output.result(&format!("{:#}", serde_json::json!({ "repaired": done })));
            return Ok(Exit::Done);
        }
        if done.is_empty() {
            output.say("nothing to repair");
        }
        done.iter().for_each(|line| output.say(line));
        Ok(Exit::Done)
    }
}
