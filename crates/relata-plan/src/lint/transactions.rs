//! Which transaction each statement of a file runs in.

use relata_schema::sql::{Statement, StatementKind};

/// The transactions of a file that relata's own runner runs: one around everything, or none at all. It passes over `BEGIN`
/// and `COMMIT`.
pub fn of_managed(statements: &[Statement<'_>], wrapped: bool) -> Vec<Option<usize>> {
    vec![wrapped.then_some(0); statements.len()]
}

/// For each statement the number of its transaction; `None`: by itself. `wrapped`: the runner begins one before the first
/// statement. A file that commits before it begins anything and begins again later is written for such a runner.
pub fn of(statements: &[Statement<'_>], wrapped: bool) -> Vec<Option<usize>> {
    let mut current = (wrapped || expects_wrapping(statements)).then_some(0);
    let mut next = 1;
    let mut begin = |current: &mut Option<usize>| {
        *current = Some(next);
        next += 1;
    };
    let mut out = Vec::with_capacity(statements.len());
    for statement in statements {
        match statement.kind {
            StatementKind::Begin if current.is_none() => begin(&mut current),
            StatementKind::Commit { chain } | StatementKind::Rollback { chain } => {
                out.push(current);
                current = None;
                if chain {
                    begin(&mut current);
                }
                continue;
            }
            _ => {}
        }
        out.push(current);
    }
    out
}

/// `COMMIT; CREATE INDEX CONCURRENTLY …; BEGIN; …`: whoever wrote it knows that it runs inside a transaction.
pub fn expects_wrapping(statements: &[Statement<'_>]) -> bool {
    let ends = |statement: &Statement<'_>| matches!(statement.kind, StatementKind::Commit { .. });
    let begins = |statement: &Statement<'_>| statement.kind == StatementKind::Begin;
    let first_end = statements.iter().position(ends);
    let first_begin = statements.iter().position(begins);
    matches!((first_end, first_begin), (Some(end), Some(begin)) if end < begin)
}
