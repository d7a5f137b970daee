//! What a proof saw, told: the locks of each table, and what was seen in other than the predicted way.

use relata_runtime::migrate::{self, Migration, Observed, Proof, Unproved};
use relata_schema::change::{Lock, LockSpan};
use relata_schema::model::ObjectName;
use relata_schema::{Diagnostic, Dialect};
use relata_sql::driver::ServerInfo;
use serde_json::{Value, json};

use crate::session::Session;

/// Lines that are shown of a long list.
const SHOWN: usize = 12;

/// A proof as the migration's header and the history keep it.
pub fn recorded(proof: &Proof, migration: &Migration, server: &ServerInfo, who: &str) -> String {
    let digest = proof.digest(migration, server);
    format!("on {} {} by {who}: {proof}, {}; proof {digest}", server.product, server.version, proof.on)
}

/// Names what a proof leaves out.
pub fn tell_unproved(session: &Session, migration: &Migration, unproved: &[Unproved]) {
    let finding = |unproved: &Unproved| {
        let message = format!("of {} is not proved what needs {}", migration.id(), unproved.lacks);
        let statements = unproved.statements.join("; ");
        Diagnostic::warning("proof-incomplete", message)
            .help(format!("name a server that has it with --shadow URL, or install it there; left out: {statements}"))
    };
    session.output.diagnostics(&unproved.iter().map(finding).collect::<Vec<_>>());
}

/// Says what up was seen to lock, and warns of what no step predicted.
pub fn tell(session: &Session, proof: &Proof) {
    let output = &session.output;
    let sqlite = proof.schema.dialect == Dialect::Sqlite;
    for (table, why) in &proof.bare {
        output.say(&format!("  no row could be made up for {table}: {why}"));
    }
    let mut locks = migrate::strongest(&proof.observed);
    locks.sort_by(|a, b| (b.span, b.mode, &a.object).cmp(&(a.span, a.mode, &b.object)));
    for lock in locks.iter().take(SHOWN) {
        output.say(&match (sqlite, lock.span) {
            (true, LockSpan::Scan) => format!("  {} is read for an index", lock.object),
            (true, _) => format!("  {} is made anew", lock.object),
            (false, _) => format!("  {}", sentence(lock)),
        });
    }
    if locks.len() > SHOWN {
        output.say(&format!("  and {} more tables", locks.len() - SHOWN));
    }
    let unseen = proof.observed.iter().filter(|observed| !observed.seen && !sqlite).count();
    if unseen > 0 && proof.schema.dialect == Dialect::Postgres {
        output.say(&format!("  locks unseen of {unseen} statements that cannot run in a transaction"));
    }
    let surprise = |line: &String| {
        Diagnostic::warning("proof-locks", format!("seen on the shadow: {line}"))
            .help("what was seen is what happens; the prediction is relata's mistake, please report it")
    };
    output.diagnostics(&proof.surprises.iter().map(surprise).collect::<Vec<_>>());
}

/// `locks public.posts access exclusive while the table is read`.
fn sentence(lock: &Lock) -> String {
    let span = match lock.span {
        LockSpan::Instant => "for an instant",
        LockSpan::Scan => "while rows are read",
        LockSpan::Rewrite => "while the table is written anew",
    };
    format!("locks {}: {}, {span}", lock.object, lock.mode)
}

/// The same, machine readable.
pub fn as_json(proof: &Proof) -> Value {
    json!({
        "statements": proof.observed.iter().map(statement).collect::<Vec<_>>(),
        "surprises": proof.surprises,
        "rows": proof.on.to_string(),
        "without_rows": bare_as_json(&proof.bare),
        "unproved": proof.unproved.iter().map(unproved).collect::<Vec<_>>(),
    })
}

/// Tables for which no row could be made up, each with the reason.
pub fn bare_as_json(bare: &[(ObjectName, String)]) -> Value {
    bare.iter().map(|(table, why)| json!({ "table": table.to_string(), "why": why })).collect()
}

fn unproved(unproved: &Unproved) -> Value {
    json!({ "lacks": unproved.lacks, "statements": unproved.statements })
}

fn statement(observed: &Observed) -> Value {
    let lock =
        |lock: &Lock| json!({ "object": lock.object.to_string(), "mode": lock.mode.word(), "span": lock.span.word() });
    json!({
        "position": observed.position,
        "line": observed.line,
        "seen": observed.seen,
        "locks": observed.locks.iter().map(lock).collect::<Vec<_>>(),
    })
}
