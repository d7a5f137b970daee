//! `relata explain SQL`: how the database runs a statement, and what is worth doing about it.

use std::time::Duration;

use clap::Args;
use relata_runtime::explain::{Explain as _, ExplainOptions, Plan};
use relata_runtime::sql_unchecked;
use relata_sql::Result;

use crate::drivers::prepare;
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata explain`.
#[derive(Args)]
pub struct Explain {
    /// One SQL statement
    #[arg(value_name = "SQL")]
    sql: String,
    /// Run it and tell what really happened; what it writes is rolled back
    #[arg(long)]
    analyze: bool,
    /// Plan as if every table were large (PostgreSQL)
    #[arg(long)]
    as_if_large: bool,
    /// Seconds until an answer must be there
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = super::health::seconds)]
    timeout: Duration,
}

impl Explain {
    /// Runs the command.
    ///
    /// # Errors
    /// When the database refuses the statement.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let url = session.url()?;
        let mut db = prepare(&url, self.timeout)?;
        let options = ExplainOptions { analyze: self.analyze, as_if_large: self.as_if_large };
        // A question mark is no place for a parameter here.
        let sql = self.sql.trim_end().trim_end_matches(';').replace('?', "??");
        let plan = sql_unchecked::<()>(sql, ()).explain_with(options, &mut db).await?;
        if session.output.json {
            session.output.result(&format!("{:#}", plan.json()));
        } else {
            print(session, &plan);
        }
        Ok(if plan.findings.is_empty() { Exit::Done } else { Exit::Findings })
    }
}

fn print(session: &Session, plan: &Plan) {
    session.output.result(&plan.tree());
    for finding in &plan.findings {
        let rule = session.output.paint(Tone::Warning, finding.rule.word());
        session.output.say(&format!("{rule}: {}\n  try: {}", finding.message, finding.fix));
    }
}
