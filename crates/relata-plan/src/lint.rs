//! What is dangerous in a migration, before it runs: rules over the SQL of any file, of any tool.
//!
//! - [`rules`]: the rules, one file each. A rule's file holds its documentation, its examples (which are run as tests) and
//!   its check; the reference in the guide is printed from it.
//! - [`Facts`]: what the statements before this one have done: tables that are new and empty, constraints that wait for
//!   their validation, timeouts that are set, columns and their types, also of the migrations before this one.
//! - [`Live`]: what is known of the database it is for: its schema and the size of its tables.
//! - `allow`: comments by which a file says that it means it.
//!
//! Invariants
//! - A finding points into the file: its extent is a range of bytes of the text as given (without a byte order mark).
//! - What the reader does not know is no finding: silence rather than a false alarm.
//! - The order of findings is that of their places.
//!
//! Deliberately not here: the database itself. Whoever has a connection tells what is there by [`Live`], asks the
//! [`probes`], and adds what is [`broken`] by [`join`].

mod allow;
mod bounds;
mod context;
mod facts;
mod live;
mod misspelt;
mod probe;
mod rebuild;
mod redefinition;
mod rule;
pub mod rules;
mod transactions;
mod volatility;
mod widening;

use std::collections::BTreeMap;

use relata_schema::Dialect;
use relata_schema::sql::{self, Extent, Statement, StatementKind};

pub use bounds::{Bound, Condition, Demand, Verdict};
pub use context::{Context, Report};
pub use facts::{ColumnFact, ConstraintFact, Facts, TableFact};
pub use live::{Live, TableSize};
pub use probe::Probe;
pub use rule::{Example, Level, Rule};

/// A file to look at.
#[derive(Debug, Clone, Default)]
pub struct File<'a> {
    /// Its name, for findings.
    pub name: String,
    /// Its text.
    pub text: &'a str,
    /// The runner wraps it in a transaction.
    pub in_transaction: bool,
    /// Its way back is there: a `down.sql`. `None`: it is in no folder of migrations.
    pub has_reverse: Option<bool>,
    /// The runner is relata's own: it gives up waiting for locks, goes on where it was cut off, and keeps transactions to
    /// itself.
    pub managed: bool,
    /// It is applied again whenever it changes.
    pub repeatable: bool,
    /// What it loses, acknowledged in its header (`-- relata: loses …`).
    pub acknowledged: Vec<String>,
    /// Look at it; `false`: only learn from it what there is when the next one runs.
    pub checked: bool,
}

/// How to look.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The dialect.
    pub dialect: Dialect,
    /// Version of the server as `major * 10000 + minor * 100 + patch`; 0: the newest.
    pub server_version: u32,
    /// Rules with another level than their own.
    pub levels: BTreeMap<String, Level>,
    /// What is known of the database.
    pub live: Option<Live>,
    /// The schema that the running application declares.
    pub application: Option<relata_schema::Schema>,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule: `index-not-concurrent`.
    pub code: &'static str,
    /// How serious.
    pub level: Level,
    /// The file, by its place in the list given.
    pub file: usize,
    /// What is wrong and why, one sentence.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
    /// Rows of the live database that are in the way, as text.
    pub rows: Vec<String>,
    /// Where.
    pub extent: Extent,
    /// The line of the beginning, from 1.
    pub line: usize,
    /// The column of the beginning in characters, from 1.
    pub column: usize,
}

/// The findings in files that run one after the other.
///
/// ```
/// use relata_plan::lint::{File, Options, lint};
/// use relata_schema::Dialect;
/// let file = File { text: "create index on users (name);", checked: true, ..File::default() };
/// let found = lint(&[file], &Options { dialect: Dialect::Postgres, ..Options::default() });
/// assert!(found.iter().any(|finding| finding.code == "index-not-concurrent"));
/// ```
pub fn lint(files: &[File<'_>], options: &Options) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    walk(files, options, |context, file| found.extend(context.check(file)));
    join(files, options, &mut found, Vec::new());
    found
}

/// The questions to the rows of the live database that the files raise. None unless [`Live::asked`].
pub fn probes(files: &[File<'_>], options: &Options) -> Vec<Probe> {
    let level = context::level_of(&rules::any::violated_by_data::RULE, options);
    let mut asked = Vec::new();
    if options.live.as_ref().is_some_and(|live| live.asked) && level != Level::Off {
        walk(files, options, |context, file| asked.extend(probe::of(context, file)));
    }
    asked
}

/// The finding that rows break what the probe asked about.
pub fn broken(probe: &Probe, rows: Vec<String>, options: &Options) -> Finding {
    let rule = &rules::any::violated_by_data::RULE;
    let when = if probe.at_once { "it fails" } else { "its validation fails" };
    let more = if rows.len() < probe::SAMPLE { "" } else { ", these and perhaps more" };
    Finding {
        code: rule.code,
        level: context::level_of(rule, options),
        file: probe.file,
        message: format!("{when} on the data that is there: {}{more}", probe.breaks),
        help: Some("correct the rows first, in a migration before this one".into()),
        rows,
        extent: probe.extent,
        line: 0,
        column: 0,
    }
}

/// Adds what the database's rows say to what [`lint`] has found: comments that allow it are heeded, and all is in order.
pub fn join(files: &[File<'_>], options: &Options, findings: &mut Vec<Finding>, more: Vec<Finding>) {
    let mut by_file: Vec<Vec<Finding>> = vec![Vec::new(); files.len()];
    for finding in findings.drain(..).chain(more) {
        by_file[finding.file].push(finding);
    }
    for (index, (file, mut own)) in files.iter().zip(by_file).enumerate().filter(|(_, (file, _))| file.checked) {
        let text = plain(file.text);
        own.retain(|finding| !allow::is_its_own(finding.code));
        allow::settle(text, index, options, &mut own);
        place(text, &mut own);
        findings.extend(own);
    }
}

fn plain(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Goes through all statements, and shows those of the files that are to be looked at.
fn walk(files: &[File<'_>], options: &Options, mut visit: impl FnMut(&Context<'_>, usize)) {
    let mut facts = Facts::new(options);
    for (index, file) in files.iter().enumerate() {
        let text = plain(file.text);
        let statements = flat(sql::read(options.dialect, text));
        let transactions = match file.managed {
            true => transactions::of_managed(&statements, file.in_transaction),
            false => transactions::of(&statements, file.in_transaction),
        };
        let expects_wrapping = transactions::expects_wrapping(&statements);
        facts.begin_file();
        for at in 0..statements.len() {
            facts.enter(transactions[at]);
            if file.checked {
                let statement = &statements[at];
                let (statements, transactions, facts) = (&statements, &transactions, &facts);
                let context =
                    Context { statement, at, statements, transactions, expects_wrapping, facts, file, options, text };
                visit(&context, index);
            }
            facts.apply(&statements[at], transactions[at]);
        }
    }
}

/// The statements, those of `DO` blocks after the block that holds them.
fn flat(statements: Vec<Statement<'_>>) -> Vec<Statement<'_>> {
    let mut out = Vec::with_capacity(statements.len());
    for mut statement in statements {
        let inside = match &mut statement.kind {
            StatementKind::Do(body) => std::mem::take(body),
            _ => Vec::new(),
        };
        out.push(statement);
        out.extend(inside);
    }
    out
}

/// Sorts the findings and gives them lines and columns, in one walk over the text.
fn place(text: &str, findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.extent, a.code).cmp(&(b.extent, b.code)));
    let (mut at, mut line, mut begin) = (0, 1, 0);
    for finding in findings {
        let start = finding.extent.start.min(text.len());
        for (offset, _) in text[at..start].match_indices('\n') {
            line += 1;
            begin = at + offset + 1;
        }
        at = start;
        finding.line = line;
        finding.column = text[begin..start].chars().count() + 1;
    }
}

#[cfg(test)]
mod tests;
