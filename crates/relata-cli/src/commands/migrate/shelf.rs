//! `relata migrate shelf`: what migrations took away and is kept, and deleting it for good.

use clap::Args;
use relata_runtime::migrate::{self, Shelved};
use relata_sql::{Error, Kind, Result};

use super::Common;
use super::project::{Project, tell};
use crate::output::{Grid, Tone};
use crate::session::{Exit, Session};

/// Options of `relata migrate shelf`.
#[derive(Args)]
pub struct Shelf {
    /// Delete for good what is kept of these versions (a beginning is enough)
    #[arg(long, value_name = "VERSION", num_args = 1..)]
    purge: Vec<String>,
    /// Delete for good everything that is kept
    #[arg(long, conflicts_with = "purge")]
    purge_all: bool,
    /// Do not ask before deleting
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    common: Common,
}

impl Shelf {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::DataLoss` when something would be deleted and nobody said yes.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?;
        let output = &session.output;
        let kept = match project.connect_to_read().await? {
            Some(mut connection) => migrate::read_shelf(connection.as_mut()).await?,
            None => Vec::new(),
        };
        let wanted =
            |version: &str| self.purge_all || self.purge.iter().any(|wanted| version.starts_with(wanted.as_str()));
        let gone: Vec<&Shelved> = kept.iter().filter(|shelved| wanted(&shelved.version)).collect();
        if self.purge.is_empty() && !self.purge_all {
            print(session, &kept);
            return Ok(Exit::Done);
        }
        if gone.is_empty() {
            output.say("nothing of that is on the shelf");
            return Ok(Exit::Done);
        }
        let list: Vec<String> = gone.iter().map(ToString::to_string).collect();
        let list = list.join("; ");
        if !self.yes && !output.confirm(&format!("This is deleted for good: {list}.")) {
            return Err(Error::new(Kind::DataLoss, format!("this would be deleted for good: {list}"))
                .hint("nothing was deleted")
                .hint("if that is meant, run it again with --yes"));
        }
        let mut versions: Vec<String> = gone.iter().map(|shelved| shelved.version.clone()).collect();
        versions.dedup();
        let mut connection = project.connect().await?;
        let purged = project.runner.purge(connection.as_mut(), &versions, &mut |event| tell(output, &event)).await?;
        connection.close().await?;
        if output.json {
            let purged: Vec<_> = purged.iter().map(json).collect();
            output.result(&format!("{:#}", serde_json::json!({ "purged": purged })));
        } else {
            let word = output.paint(Tone::Good, "deleted");
            purged.iter().for_each(|shelved| output.say(&format!("{word} {shelved}")));
        }
        Ok(Exit::Done)
    }
}

fn print(session: &Session, kept: &[Shelved]) {
    if session.output.json {
        let kept: Vec<_> = kept.iter().map(json).collect();
        session.output.result(&format!("{:#}", serde_json::json!({ "shelf": kept })));
        return;
    }
    if kept.is_empty() {
        session.output.say("the shelf is empty");
        return;
    }
    let mut grid = Grid::new(&["migration", "what", "why", "since", "kept in"]);
    for shelved in kept {
        let row = [
            shelved.version.clone(),
            shelved.to_string(),
            shelved.reason.clone(),
            shelved.at.clone(),
            shelved.kept_in.to_string(),
        ];
        grid.push(row);
    }
    session.output.rows(&grid);
}

fn json(shelved: &Shelved) -> serde_json::Value {
    serde_json::json!({
        "version": shelved.version, "table": shelved.taken.table.to_string(), "column": shelved.taken.column,
        "narrowed": shelved.taken.narrowed, "rows": shelved.rows, "reason": shelved.reason, "at": shelved.at,
        "kept_in": shelved.kept_in.to_string(), "key": shelved.key,
    })
}
