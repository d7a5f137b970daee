//! `relata schema lock`: writes `schema.lock` anew from what is declared, with the identities that stand in it, in
//! whatever state a merge left it.

use clap::Args;
use relata_sql::Result;

use super::diff::stands_on_other;
use super::migrate::Common;
use super::migrate::new::{all_renames, first_names};
use super::migrate::project::Project;
use crate::identity::{IdentityOptions, LockFile, Matching, warnings};
use crate::output::Tone;
use crate::session::{Exit, Session};
use crate::source::{Loaded, Loader, Source};

/// Options of `relata schema lock`.
#[derive(Args)]
pub struct Lock {
    /// What is declared: any source [default: the sources of relata.toml, else src, else what the migrations give]
    #[arg(long, value_name = "SRC")]
    from: Option<String>,
    /// Write nothing; exit 3 if the file would change
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    common: Common,
}

impl Lock {
    /// Runs the command.
    ///
    /// # Errors
    /// When what is declared cannot be read, or the file not be written.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?;
        let progress = session.output.progress("replaying the migrations on a shadow database");
        let start = project.replayed(&project.migrations).await?;
        progress.doing("reading the declaration");
        let declared = self.declared(session, &project).await?.unwrap_or_else(|| Loaded::plain(start.clone()));
        drop(progress);
        session.output.diagnostics(&declared.diagnostics);
        let file = LockFile::beside(&project.directory)?.after(all_renames(project.dialect, &project.migrations));
        let matched = Matching::new(&start, &declared, &self.identity)?
            .identities(&file.identities(), &first_names(project.dialect, &project.migrations))
            .look();
        session.output.diagnostics(&warnings(&matched.open));
        let current = file.says(&file.text_for(&matched.target, &matched.renames));
        let written = !self.check && file.write(&matched.target, &matched.renames)?;
        let path = file.path().display().to_string();
        if session.output.json {
            let value = serde_json::json!({ "path": path, "written": written && !current, "current": current });
            session.output.result(&format!("{value:#}"));
        } else if current {
            session.output.say(&format!("{path} is what is declared"));
        } else if written {
            session.output.say(&format!("{} {path}", session.output.paint(Tone::Good, "written")));
        } else if self.check {
            session.output.say(&format!("{path} is not what is declared: relata schema lock writes it anew"));
        } else {
            session.output.say(&format!("{path} is for another dialect and was left as it is"));
        }
        Ok(if self.check && !current { Exit::Findings } else { Exit::Done })
    }

    /// What is declared; `None` where nothing is.
    async fn declared(&self, session: &Session, project: &Project) -> Result<Option<Loaded>> {
        let sources = match &self.from {
            Some(text) => vec![Source::parse(text)?],
            None => {
                let paths = session.config()?.sources(&session.environment()?);
                if !paths.iter().all(|path| path.exists()) {
                    return Ok(None);
                }
                Source::configured(session)?
            }
        };
        let loader = Loader { dialect: project.dialect, shadow: project.shadow.clone(), normalize: true, ground: None };
        match loader.load_all(&sources).await {
            // What it stands on is in the migrations.
            Err(error) if stands_on_other(&error) && !project.migrations.is_empty() => {
                let given = project.replayed(&project.migrations).await?;
                Loader { ground: Some(&given), ..loader }.load_all(&sources).await.map(Some)
            }
            loaded => loaded.map(Some),
        }
    }
}
