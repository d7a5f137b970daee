//! `relata migrate merge`: joins two branches of migrations when they fit together, which is proved: on one shadow
//! database the one branch runs first, on another the other, and schemas and rows come out the same.
//!
//! What joins is a migration of its own, without statements, that names both heads as parents (decision 0010 says why).
//! Branches that do not fit are explained object by object; `--rebase` writes what follows then (see [`rebase`]).

mod rebase;

use std::collections::BTreeSet;

use clap::Args;
use relata_plan::diff::diff;
use relata_runtime::migrate::{self, Compare, Content, Draft, Graph, Header, Migration};
use relata_schema::Schema;
use relata_schema::change::{Change, TableChange};
use relata_schema::model::{ObjectName, Table};
use relata_sql::{Connection, Error, Kind, Result};

use super::Common;
use super::compare::{Planner, describe};
use super::ground::{DataOptions, Ground};
use super::project::Project;
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata migrate merge`.
#[derive(Args)]
pub struct Merge {
    /// What the merge is called
    #[arg(long, value_name = "NAME", default_value = "merge")]
    name: String,
    /// Where the branches do not fit together: write what is pending anew on top of the rest
    #[arg(long)]
    rebase: bool,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    common: Common,
}

/// What one branch has that the other has not.
pub struct Branch {
    /// Its newest migration.
    pub head: Migration,
    /// Its migrations, oldest first.
    pub own: Vec<Migration>,
}

/// Two branches, and what they have in common.
pub struct Fork {
    /// Every migration that both are built on, in the order of running.
    pub common: Vec<Migration>,
    /// The one with the older head first.
    pub branches: [Branch; 2],
}

/// What one order of running gave.
struct Order {
    schema: Schema,
    contents: Vec<(ObjectName, Content)>,
    has_data: bool,
}

impl Merge {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::Migration` with what is in the way when branches do not fit together.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut written = Vec::new();
        // Each time there is a head less: joined, or one branch put after another.
        loop {
            let project = Project::read(session, &self.common)?;
            let Some((domain, heads)) = forked(&project)? else { break };
            written.extend(self.join(session, &project, &domain, &heads).await?);
        }
        if written.is_empty() {
            session.output.say("nothing to merge: the history has one head");
            return Ok(Exit::Done);
        }
        if session.output.json {
            let paths: Vec<_> = written.iter().map(|migration| migration.path.display().to_string()).collect();
            session.output.result(&format!("{:#}", serde_json::json!({ "written": paths })));
        } else {
            written.iter().for_each(|migration| session.output.result(&migration.path.display().to_string()));
        }
        Ok(Exit::Done)
    }

    /// Proves that every two heads fit together, and all of them, each once as the first, and writes what joins them all.
    async fn join(
        &self,
        session: &Session,
        project: &Project,
        domain: &str,
        heads: &[Migration],
    ) -> Result<Vec<Migration>> {
        let mut schema = Schema::new(project.dialect);
        let mut proved = String::new();
        for (index, one) in heads.iter().enumerate() {
            for other in &heads[index + 1..] {
                let fork = fork(project, one, other)?;
                match self.fits(session, project, &fork).await? {
                    Ok(order) => {
                        proved = format!(
                            "both orders {}",
                            if order.has_data { "on a copy of the data" } else { "without data" }
                        );
                        schema = order.schema;
                    }
                    Err(conflict) if self.rebase => {
                        return rebase::rebase(session, project, &fork, &conflict, heads.len() == 2).await;
                    }
                    Err(conflict) => return Err(conflict.error(&fork)),
                }
            }
        }
        if heads.len() > 2 {
            schema = self.all_fit(session, project, heads).await?;
            proved = format!("{} orders, {proved}", heads.len());
        }
        let draft = Draft {
            domain: domain.to_string(),
            name: self.name.clone(),
            up_header: Header {
                dialect: Some(project.dialect),
                parents: heads.iter().map(|head| head.digest.clone()).collect(),
                schema: Some(migrate::schema_digest(&schema)),
                proved: Some(proved.clone()),
                ..Header::default()
            },
            up: format!("-- joins {}\n", ids(heads.iter())),
            down_header: Header { dialect: Some(project.dialect), ..Header::default() },
            down: Some("-- nothing to undo: both branches stay as they are\n".into()),
        };
        let migration = draft.migration(&project.directory, project.dialect, jiff::Timestamp::now());
        migrate::write_folder(&migration)?;
        let word = session.output.paint(Tone::Good, "joined");
        session.output.say(&format!("{word} {}: the same comes out of {proved}", ids(heads.iter())));
        Ok(vec![migration])
    }

    /// More than two heads: runs all of them, each branch once as the first. Two and two may fit where all do not.
    async fn all_fit(&self, session: &Session, project: &Project, heads: &[Migration]) -> Result<Schema> {
        let progress = session.output.progress("running all branches in several orders");
        let mut first: Option<Order> = None;
        for turn in 0..heads.len() {
            let order: Vec<&Migration> = heads[turn..].iter().chain(&heads[..turn]).collect();
            let (common, branches) = apart(project, &order)?;
            let branches: Vec<&Branch> = branches.iter().collect();
            let (ran, _) = self.order(session, project, &common, &branches, false).await?;
            let ran = ran.map_err(|error| error.context(format!("in the order {}", ids(order.iter().copied()))))?;
            let Some(before) = &first else {
                first = Some(ran);
                continue;
            };
            let mut differences = Planner::default().differences(&before.schema, &ran.schema);
            differences.extend(contents_differ(before, &ran));
            if !differences.is_empty() {
                let message = format!("{} fit two and two, but not all together", ids(heads.iter()));
                let error = Error::new(Kind::Migration, message);
                return Err(differences.into_iter().take(20).fold(error, Error::hint));
            }
        }
        drop(progress);
        first.map(|order| order.schema).ok_or_else(|| Error::new(Kind::Internal, "there are no heads"))
    }

    /// Runs both orders. The inner error says why they do not fit.
    async fn fits(
        &self,
        session: &Session,
        project: &Project,
        fork: &Fork,
    ) -> Result<std::result::Result<Order, Conflict>> {
        let [one, other] = &fork.branches;
        let progress = session.output.progress("running the branches in one order");
        let (first, has_data) = self.order(session, project, &fork.common, &[one, other], true).await?;
        progress.doing("and in the other");
        let (second, _) = self.order(session, project, &fork.common, &[other, one], has_data).await?;
        drop(progress);
        let conflict = match (first, second) {
            (Ok(first), Ok(second)) => {
                let mut differences = Planner::default().differences(&first.schema, &second.schema);
                if differences.is_empty() {
                    differences = contents_differ(&first, &second);
                }
                if differences.is_empty() {
                    return Ok(Ok(first));
                }
                Conflict { works: [true, true], reasons: differences, both: Vec::new() }
            }
            (first, second) => {
                let works = [first.is_ok(), second.is_ok()];
                let reason = |order: std::result::Result<Order, Error>, before: &Branch, after: &Branch| {
                    let error = order.err()?;
                    let after = ids(after.own.iter());
                    Some(format!("after {}, {after} fails: {}", ids(before.own.iter()), error.message()))
                };
                let reasons = [reason(first, one, other), reason(second, other, one)];
                Conflict { works, reasons: reasons.into_iter().flatten().collect(), both: Vec::new() }
            }
        };
        // Only to explain it; a branch that does not run by itself tells nothing.
        let both = touched_by_both(project, fork).await.unwrap_or_default();
        Ok(Err(Conflict { both, ..conflict }))
    }

    /// What comes out when the branches run in this order, and whether that was on data; the inner error is what the
    /// database said.
    async fn order(
        &self,
        session: &Session,
        project: &Project,
        common: &[Migration],
        branches: &[&Branch],
        with_data: bool,
    ) -> Result<(std::result::Result<Order, Error>, bool)> {
        let mut ground = Ground::after(project, common).await?;
        if with_data {
            ground.fill(session, project, common, &self.data).await?;
        }
        let has_data = ground.has_data;
        for migration in branches.iter().flat_map(|branch| &branch.own) {
            let ran = migrate::run_script(ground.connection()?, &migration.header, &migration.up).await;
            if let Err(error) = ran {
                ground.close().await?;
                return Ok((Err(error), has_data));
            }
        }
        let schema = migrate::schema(ground.connection()?).await?;
        let contents = contents(ground.connection()?, &schema).await?;
        ground.close().await?;
        Ok((Ok(Order { schema, contents, has_data }), has_data))
    }
}

/// Why two branches do not fit together.
pub struct Conflict {
    /// Whether the older head's branch can run first, and whether the other can.
    pub works: [bool; 2],
    reasons: Vec<String>,
    /// What both branches change, in words.
    both: Vec<String>,
}

impl Conflict {
    fn error(&self, fork: &Fork) -> Error {
        let [one, other] = &fork.branches;
        let message = format!("{} and {} do not fit together", ids(one.own.iter()), ids(other.own.iter()));
        let mut error = Error::new(Kind::Migration, message);
        for reason in self.reasons.iter().take(20) {
            error = error.hint(reason.clone());
        }
        for touched in self.both.iter().take(20) {
            error = error.hint(touched.clone());
        }
        error.hint(match self.works {
            [true, false] => {
                format!("{} can run first: relata migrate merge --rebase puts the other after it", ids(one.own.iter()))
            }
            [false, true] => format!(
                "{} can run first: relata migrate merge --rebase puts the other after it",
                ids(other.own.iter())
            ),
            _ => "relata migrate merge --rebase writes what is pending anew, from what is declared".to_string(),
        })
    }

    /// The conflict in one line.
    pub fn summary(&self) -> String {
        self.reasons.iter().chain(&self.both).take(3).cloned().collect::<Vec<_>>().join("; ")
    }
}

/// The first domain whose history has more than one head, with those.
fn forked(project: &Project) -> Result<Option<(String, Vec<Migration>)>> {
    let graph = Graph::of(&project.migrations)?;
    let heads = graph.heads().into_iter().find(|(_, heads)| heads.len() > 1);
    Ok(heads.map(|(domain, heads)| (domain.to_string(), heads.into_iter().cloned().collect())))
}

/// What all of several heads are built on, and what each adds to those before it, in this order.
fn apart(project: &Project, heads: &[&Migration]) -> Result<(Vec<Migration>, Vec<Branch>)> {
    let graph = Graph::of(&project.migrations)?;
    let of = |head: &Migration| -> Vec<Migration> {
        graph.ancestors(&head.version).into_iter().chain([head]).cloned().collect()
    };
    let lines: Vec<Vec<Migration>> = heads.iter().map(|head| of(head)).collect();
    let in_all = |one: &Migration| lines.iter().all(|line| line.iter().any(|other| other.version == one.version));
    let common: Vec<Migration> = lines.iter().take(1).flatten().filter(|one| in_all(one)).cloned().collect();
    let mut done: BTreeSet<String> = common.iter().map(|migration| migration.version.clone()).collect();
    let mut branches = Vec::new();
    for (head, line) in heads.iter().zip(lines) {
        let own: Vec<Migration> = line.into_iter().filter(|one| done.insert(one.version.clone())).collect();
        branches.push(Branch { head: (*head).clone(), own });
    }
    Ok((common, branches))
}

/// What two heads have in common, and what each has alone.
fn fork(project: &Project, one: &Migration, other: &Migration) -> Result<Fork> {
    let graph = Graph::of(&project.migrations)?;
    let of = |head: &Migration| -> Vec<Migration> {
        graph.ancestors(&head.version).into_iter().chain([head]).cloned().collect()
    };
    let (left, right) = (of(one), of(other));
    let versions = |list: &[Migration]| list.iter().map(|m| m.version.clone()).collect::<BTreeSet<_>>();
    let (in_left, in_right) = (versions(&left), versions(&right));
    let common = left.iter().filter(|m| in_right.contains(&m.version)).cloned().collect();
    let own = |list: Vec<Migration>, elsewhere: &BTreeSet<String>| -> Vec<Migration> {
        list.into_iter().filter(|m| !elsewhere.contains(&m.version)).collect()
    };
    let one = Branch { head: one.clone(), own: own(left, &in_right) };
    let other = Branch { head: other.clone(), own: own(right, &in_left) };
    Ok(Fork { common, branches: [one, other] })
}

/// Migrations by name, for messages.
pub fn ids<'m>(migrations: impl Iterator<Item = &'m Migration>) -> String {
    migrations.map(Migration::id).collect::<Vec<_>>().join(" and ")
}

async fn contents(connection: &mut dyn Connection, schema: &Schema) -> Result<Vec<(ObjectName, Content)>> {
    let mut contents = Vec::new();
    let holds_rows = |table: &&Table| table.options.virtual_using.is_none();
    for table in schema.tables.iter().filter(holds_rows) {
        let key: Vec<String> = table.primary_key.iter().flat_map(|key| key.columns().map(String::from)).collect();
        let stored = table.columns.iter().filter(|column| column.generated.is_none());
        let columns: Vec<String> = stored.map(|column| column.name.clone()).collect();
        let content = migrate::read_content(connection, &table.name, &key, &columns).await?;
        contents.push((table.name.clone(), content));
    }
    Ok(contents)
}

fn contents_differ(one: &Order, other: &Order) -> Vec<String> {
    let differs = |((table, a), (_, b)): (&(ObjectName, Content), &(ObjectName, Content))| {
        (a != b).then(|| format!("{table} has other rows in the other order"))
    };
    one.contents.iter().zip(&other.contents).filter_map(differs).collect()
}

/// What both branches change, object by object.
async fn touched_by_both(project: &Project, fork: &Fork) -> Result<Vec<String>> {
    let start = project.replayed(&fork.common).await?;
    let mut changed = Vec::new();
    for branch in &fork.branches {
        let after = project.replayed(fork.common.iter().chain(&branch.own)).await?;
        let changes = diff(&start, &after, &[]);
        changed.push((objects(&changes), branch));
    }
    let [(one, left), (other, right)] = changed.as_slice() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (object, how) in one {
        let there: Vec<&str> = other.iter().filter(|(name, _)| name == object).map(|(_, how)| how.as_str()).collect();
        if !there.is_empty() {
            found.push(format!(
                "both change {object}: {} ({how}), {} ({})",
                left.head.id(),
                right.head.id(),
                there.join("; ")
            ));
        }
    }
    Ok(found)
}

/// The objects that changes touch, with each change in words; columns and other members by themselves.
fn objects(changes: &[Change]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for change in changes {
        let members: Vec<Change> = match change {
            Change::AlterTable { from, to, changes } => changes
                .iter()
                .map(|one: &TableChange| Change::AlterTable {
                    from: from.clone(),
                    to: to.clone(),
                    changes: vec![one.clone()],
                })
                .collect(),
            other => vec![other.clone()],
        };
        for member in &members {
            for line in describe(member) {
                // Said of a database that lacks it, "is missing" is what the branch adds.
                let (object, how) = [(" is missing", "added"), (" is too many", "dropped"), (" differs", "changed")]
                    .iter()
                    .find_map(|(end, how)| line.strip_suffix(end).map(|object| (object.to_string(), *how)))
                    .unwrap_or((line.clone(), "changed"));
                found.push((object, how.to_string()));
            }
        }
    }
    found
}
