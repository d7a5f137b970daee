//! The proof of a migration on a shadow: up, compare, down, compare, up again, with the data compared at each turn.
//!
//! What is proved: `up.sql` runs and gives the schema it promises; `down.sql` runs and gives back the schema before;
//! both can be repeated; the values of every column that is on both sides are still there, in their rows.
//! What is not: how long it takes and whom it blocks in production; what other data would do than the shadow's.

use relata_schema::change::Plan;
use relata_schema::model::{ObjectName, Schema};
use relata_schema::{Dialect, digest};
use relata_sql::driver::{Connection, ServerInfo};
use relata_sql::{Error, Kind, Result};

use super::content::{self, Content, Survivor};
use super::execute::{run_as_far, run_watched};
use super::folder::Migration;
use super::header::Header;
use super::lacking::{self, Lacking, Unproved};
use super::observe::{self, Beside, Observed};
use super::written::Written;

/// How two schemas compare: the planner knows.
pub trait Compare: Sync {
    /// What differs, one line each; empty: nothing that a plan would change.
    fn differences(&self, from: &Schema, to: &Schema) -> Vec<String>;

    /// The tables and columns that are on both sides, also under another name.
    fn survivors(&self, from: &Schema, to: &Schema) -> Vec<Survivor>;

    /// The plan for this change, with the locks it predicts. An empty one predicts nothing.
    fn plan(&self, _from: &Schema, to: &Schema) -> Plan {
        Plan { dialect: to.dialect, steps: Vec::new() }
    }
}

/// What was proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// The digest of the schema before up.
    pub start: String,
    /// The schema after up.
    pub schema: Schema,
    /// Whether down was proved too.
    pub down: bool,
    /// Tables that are on both sides.
    pub tables: usize,
    /// Their rows.
    pub rows: u64,
    /// Columns whose values were compared.
    pub columns: usize,
    /// Columns whose type is converted and whose values are others afterwards.
    pub converted: Vec<String>,
    /// Tables and columns that its statements write on purpose, and that hold others afterwards.
    pub written: Vec<String>,
    /// What the statements of up were seen to lock and rewrite.
    pub observed: Vec<Observed>,
    /// What was seen in other than the predicted way, one line each.
    pub surprises: Vec<String>,
    /// Which rows it was proved on; whoever put them there knows.
    pub on: ProvedOn,
    /// Tables for which no row could be made up, and why; whoever made them up knows.
    pub bare: Vec<(ObjectName, String)>,
    /// What was left out, because the shadow lacks what it needs.
    pub unproved: Vec<Unproved>,
}

/// Which rows a migration was proved on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProvedOn {
    /// None: only the schema was proved.
    #[default]
    Nothing,
    /// Rows that were made up for the proof.
    MadeUp,
    /// A copy of the target's rows.
    Copy,
}

impl ProvedOn {
    /// Each of them.
    pub const ALL: [ProvedOn; 3] = [ProvedOn::Nothing, ProvedOn::MadeUp, ProvedOn::Copy];
}

impl std::fmt::Display for ProvedOn {
    /// `on a copy of the data`, `on rows made up` or `without data`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ProvedOn::Nothing => "without data",
            ProvedOn::MadeUp => "on rows made up",
            ProvedOn::Copy => "on a copy of the data",
        })
    }
}

impl std::fmt::Display for Proof {
    /// `up, down, up; 15607 rows in 11 tables, 64 columns compared`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.down { "up, down, up" } else { "up" })?;
        let count =
            |number: u64, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
        let (rows, tables) = (count(self.rows, "row"), count(self.tables as u64, "table"));
        write!(f, "; {rows} in {tables}, {} compared", count(self.columns as u64, "column"))?;
        if !self.converted.is_empty() {
            write!(f, "; converted: {}", self.converted.join(", "))?;
        }
        if !self.written.is_empty() {
            write!(f, "; written by its statements: {}", self.written.join(", "))?;
        }
        if !self.bare.is_empty() {
            let names: Vec<String> = self.bare.iter().map(|(table, _)| table.to_string()).collect();
            write!(f, "; without rows: {}", names.join(", "))?;
        }
        if !self.unproved.is_empty() {
            let names: Vec<&str> = self.unproved.iter().map(|unproved| unproved.lacks.as_str()).collect();
            write!(f, "; not proved is what needs {}", names.join(", "))?;
        }
        Ok(())
    }
}

impl Proof {
    /// What was proved, as a digest: what the migration does up and down and on top of which parents, the schemas it
    /// leads from and to, the kind of server it ran on, which rows it ran on and what was left out. With any other it was
    /// not proved.
    pub fn digest(&self, migration: &Migration, server: &ServerInfo) -> String {
        let result = super::schema_digest(&self.schema);
        // Within these, servers mean the same by the same statements: PostgreSQL 15, MariaDB 10.11, SQLite 3.
        let parts = match self.schema.dialect {
            Dialect::Mysql => 2,
            Dialect::Postgres | Dialect::Sqlite => 1,
        };
        let version: Vec<&str> = server.version.split(['.', '-', ' ']).take(parts).collect();
        let way = if self.down { "up and down" } else { "up" };
        let text = format!(
            "{}\nfrom {}\nto {result}\non {} {}\n{way}\n{}\n{}",
            migration.digest,
            self.start,
            server.product,
            version.join("."),
            self.on,
            lacking::digest_of(&self.unproved)
        );
        digest::hex(&text)[..32].to_string()
    }
}

impl Proof {
    /// Which rows a proof of that digest ran on, if this proof is the same but for its rows; `None`: it is another.
    pub fn rows_of(&self, digest: &str, migration: &Migration, server: &ServerInfo) -> Option<ProvedOn> {
        let with = |on: &ProvedOn| Proof { on: *on, ..self.clone() }.digest(migration, server) == digest;
        ProvedOn::ALL.into_iter().find(with)
    }
}

/// Proves a migration on a connection to a shadow that stands where the migration begins. The shadow has been migrated
/// up afterwards. `target` is what up has to give; `None`: whatever it gives.
///
/// # Errors
/// `Kind::ProofFailed` with the differences as hints, or with what the database reported.
pub async fn prove(
    connection: &mut dyn Connection,
    migration: &Migration,
    target: Option<&Schema>,
    compare: &dyn Compare,
) -> Result<Proof> {
    let mut lacking = Lacking::default();
    let proof = prove_as_far(connection, migration, target, compare, &mut lacking, None).await?;
    match proof.unproved.first() {
        None => Ok(proof),
        Some(unproved) => {
            let message = format!("{} cannot be proved here: the server lacks {unproved}", migration.id());
            Err(Error::new(Kind::ProofFailed, message).hint("install it there, or give another server with --shadow"))
        }
    }
}

/// As [`prove`], but what the shadow lacks is left out and named in [`Proof::unproved`]. `lacking` is what it is known to
/// lack from migrations before; from sessions `beside` is watched what cannot run in a transaction.
///
/// # Errors
/// As [`prove`].
pub async fn prove_as_far(
    connection: &mut dyn Connection,
    migration: &Migration,
    target: Option<&Schema>,
    compare: &dyn Compare,
    lacking: &mut Lacking,
    beside: Option<&Beside>,
) -> Result<Proof> {
    let before = super::schema(connection).await?;
    // What is on both sides is known once up has run; so the values before are read for what the target keeps.
    let expected = target.map(|target| compare.survivors(&before, target));
    let expected = expected.unwrap_or_else(|| compare.survivors(&before, &before));
    let at_start = contents(connection, &expected, Side::Before).await?;
    let observed = run_watched(connection, &migration.header, &migration.up, Some(lacking), beside).await;
    let observed = observed.map_err(|error| failed(error, "up.sql"))?;
    let after = super::schema(connection).await?;
    let plan = compare.plan(&before, &after);
    let mut surprises = observe::surprises(&plan, &observed);
    if let Some(target) = target {
        same("up.sql does not give what was declared", compare.differences(&after, target))?;
    }
    let down = migration.down.as_ref().map(|(_, text)| text.as_str());
    let scripts: Vec<&str> = std::iter::once(migration.up.as_str()).chain(down).collect();
    let written = Written::read(&scripts, [&before, &after]);
    let (survivors, at_start) = narrowed(&expected, &at_start, compare.survivors(&before, &after));
    let mut proof = Proof { tables: survivors.len(), ..Proof::default() };
    let acknowledged = &migration.header.loses;
    let mut comparing =
        Comparing { survivors: &survivors, expected: &at_start, written: &written, acknowledged, proof: &mut proof };
    comparing.contents(connection, Side::After, "up.sql").await?;
    if let Some((header, text)) = &migration.down {
        run_as_far(connection, header, text, lacking).await.map_err(|error| failed(error, "down.sql"))?;
        let undone = super::schema(connection).await?;
        same("down.sql does not give back the schema from before up.sql", compare.differences(&undone, &before))?;
        comparing.contents(connection, Side::Before, "up.sql and down.sql").await?;
        let again = again(connection, migration, lacking, &plan, &observed).await;
        for line in again.map_err(|error| error.context("the second time"))? {
            note(&mut surprises, line);
        }
        let again = super::schema(connection).await?;
        same("up.sql gives another schema after down.sql", compare.differences(&again, &after))?;
        comparing.contents(connection, Side::After, "up, down, up").await?;
        proof.down = true;
    }
    proof.columns = survivors.iter().map(|survivor| survivor.columns.len()).sum();
    proof.rows = at_start.iter().map(|content| content.rows).sum();
    proof.surprises = surprises;
    proof.observed = observed;
    proof.start = super::schema_digest(&before);
    proof.unproved = lacking.take();
    proof.schema = after;
    Ok(proof)
}

/// Runs up again, and gives what was seen in other than the predicted way. In one transaction a lock that is held already
/// cannot be seen to be taken once more; so where that was, each statement of the plan runs by itself this time.
async fn again(
    connection: &mut dyn Connection,
    migration: &Migration,
    lacking: &mut Lacking,
    plan: &Plan,
    observed: &[Observed],
) -> Result<Vec<String>> {
    let (header, text) = (&migration.header, migration.up.as_str());
    if lacking.is_empty() && observe::is_covered(plan, observed) {
        let alone = Header { transaction_off: true, ..header.clone() };
        let observed = run_watched(connection, &alone, text, Some(lacking), None).await;
        let observed = observed.map_err(|error| failed(error, "up.sql").context("statement by statement"))?;
        return Ok(observe::surprises(plan, &observed));
    }
    run_as_far(connection, header, text, lacking).await.map_err(|error| failed(error, "up.sql"))?;
    Ok(Vec::new())
}

fn failed(error: Error, file: &str) -> Error {
    error.with_kind(Kind::ProofFailed).context(format!("proof on a shadow copy: {file}"))
}

fn same(what: &str, differences: Vec<String>) -> Result<()> {
    if differences.is_empty() {
        return Ok(());
    }
    let count = differences.len();
    let error = Error::new(Kind::ProofFailed, format!("{what}: {count} differences"));
    Err(differences.into_iter().take(20).fold(error, Error::hint))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

async fn contents(connection: &mut dyn Connection, survivors: &[Survivor], side: Side) -> Result<Vec<Content>> {
    let mut contents = Vec::new();
    for survivor in survivors {
        let pick = |pair: &(String, String)| if side == Side::Before { pair.0.clone() } else { pair.1.clone() };
        let key: Vec<String> = survivor.key.iter().map(pick).collect();
        let columns: Vec<String> =
            survivor.columns.iter().map(|(from, to, _)| pick(&(from.clone(), to.clone()))).collect();
        let table = if side == Side::Before { &survivor.table.0 } else { &survivor.table.1 };
        contents.push(content::read(connection, table, &key, &columns).await?);
    }
    Ok(contents)
}

/// The survivors whose values were read before, each with them.
fn narrowed(expected: &[Survivor], contents: &[Content], survivors: Vec<Survivor>) -> (Vec<Survivor>, Vec<Content>) {
    let before = |survivor: &Survivor| survivor.key.iter().map(|(from, _)| from.clone()).collect::<Vec<_>>();
    let find = |survivor: Survivor| {
        let same = |other: &Survivor| other.table.0 == survivor.table.0 && before(other) == before(&survivor);
        let index = expected.iter().position(same)?;
        let columns = survivor.columns.iter().map(|(from, ..)| {
            let at = expected[index].columns.iter().position(|(other, ..)| other == from)?;
            contents[index].columns.get(at).copied()
        });
        let content = Content { rows: contents[index].rows, columns: columns.collect::<Option<_>>()? };
        Some((survivor, content))
    };
    survivors.into_iter().filter_map(find).unzip()
}

/// What the values after are held against.
struct Comparing<'c> {
    survivors: &'c [Survivor],
    expected: &'c [Content],
    written: &'c Written,
    /// What the migration says to lose.
    acknowledged: &'c [String],
    proof: &'c mut Proof,
}

impl Comparing<'_> {
    async fn contents(&mut self, connection: &mut dyn Connection, side: Side, after: &str) -> Result<()> {
        let found = contents(connection, self.survivors, side).await?;
        let mut lost = Vec::new();
        for ((survivor, expected), found) in self.survivors.iter().zip(self.expected).zip(&found) {
            self.table(survivor, side, expected, found, &mut lost);
        }
        let result = same(&format!("values are not what they were after {after}"), lost);
        result.map_err(|error| match side {
            Side::Before => error.hint(
                "let down.sql put them back, or say at the top of up.sql that they go: -- relata: loses TABLE.COLUMN",
            ),
            Side::After => error,
        })
    }

    /// What is written on purpose may differ while the migration is applied. Undone, it has to be as it was, unless the
    /// migration says that it is lost.
    fn is_meant(&self, side: Side, table: &ObjectName, column: Option<&str>) -> bool {
        let written = match column {
            Some(column) => self.written.values(table, column),
            None => self.written.rows(table),
        };
        let name =
            column.map_or_else(|| format!("rows of {}", table.name), |column| format!("{}.{column}", table.name));
        let plain = |line: &String| line.replace(&format!("{}.{}", table.namespace, table.name), &table.name);
        written && (side == Side::After || self.acknowledged.iter().any(|line| plain(line).contains(&name)))
    }

    fn table(&mut self, survivor: &Survivor, side: Side, expected: &Content, found: &Content, lost: &mut Vec<String>) {
        let table = if side == Side::Before { &survivor.table.0 } else { &survivor.table.1 };
        let rows_written =
            [&survivor.table.0, &survivor.table.1].into_iter().any(|name| self.is_meant(side, name, None));
        if expected.rows != found.rows && rows_written {
            note(&mut self.proof.written, format!("rows of {table}"));
            return;
        } else if expected.rows != found.rows {
            lost.push(format!("{table} had {} rows and has {}", expected.rows, found.rows));
        }
        for (((from, to, converted), expected), found) in
            survivor.columns.iter().zip(&expected.columns).zip(&found.columns).filter(|((_, a), b)| a != b)
        {
            let column = format!("{table}.{}", if side == Side::Before { from } else { to });
            let before = self.is_meant(side, &survivor.table.0, Some(from));
            if before || self.is_meant(side, &survivor.table.1, Some(to)) {
                note(&mut self.proof.written, column);
            } else if *converted && expected.values == found.values {
                note(&mut self.proof.converted, column);
            } else {
                lost.push(format!("{column}: {} values before, {} after, or others", expected.values, found.values));
            }
        }
    }
}

fn note(list: &mut Vec<String>, what: String) {
    if !list.contains(&what) {
        list.push(what);
    }
}
