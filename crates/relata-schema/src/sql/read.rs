//! Statements from their text. One function a family of statements, in the files below; this one tells them apart.

mod alter;
mod column;
mod constraint;
mod cursor;
mod object;
mod session;
mod table;
mod write;

use super::{Extent, Name, Statement, StatementKind, Token, TokenKind, tokens};
use crate::dialect::Dialect;
use crate::script;
use cursor::Cursor;

/// The statements of a script, in order. A byte order mark at its beginning is not counted in places.
///
/// ```
/// use relata_schema::{Dialect, sql};
/// let statements = sql::read(Dialect::Postgres, "begin; drop table a, b.c;");
/// assert_eq!(statements[0].kind, sql::StatementKind::Begin);
/// let sql::StatementKind::Drop(drop) = &statements[1].kind else { panic!() };
/// assert_eq!((drop.object, drop.names[1].last()), ("TABLE", "c"));
/// ```
pub fn read(dialect: Dialect, text: &str) -> Vec<Statement<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let statements = script::statements(dialect, text).into_iter();
    statements
        .filter_map(|statement| {
            let sql = &text[statement.start..statement.start + statement.sql.len()];
            read_one(tokens(dialect, sql, statement.start), dialect, statement.line)
        })
        .collect()
}

fn read_one(tokens: Vec<Token<'_>>, dialect: Dialect, line: usize) -> Option<Statement<'_>> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    let extent = first.extent().through(last.extent());
    let mut cursor = Cursor::new(dialect, &tokens);
    let mut kind = kind(&mut cursor);
    if let StatementKind::Do(body) = &mut kind {
        *body = nested(&tokens, dialect, line);
    }
    Some(Statement { dialect, extent, line, kind, tokens, nested: false })
}

fn kind<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let Some(first) = cursor.next_word() else { return StatementKind::Other };
    match first.as_str() {
        "BEGIN" => session::begin(cursor),
        "START" if cursor.take("TRANSACTION") => StatementKind::Begin,
        // On MariaDB it ends the body of a routine that somebody has cut at its semicolons.
        "END" if cursor.dialect == Dialect::Mysql => StatementKind::Other,
        "COMMIT" | "END" => StatementKind::Commit { chain: session::chain(cursor) },
        "ROLLBACK" | "ABORT" => session::rollback(cursor),
        "SAVEPOINT" | "RELEASE" => StatementKind::Savepoint,
        "SET" | "RESET" => session::set(cursor),
        "PRAGMA" => session::pragma(cursor),
        "CREATE" => object::create(cursor),
        "ALTER" => alter::alter(cursor),
        "DROP" => object::drop(cursor),
        "RENAME" => object::rename(cursor),
        "TRUNCATE" => object::truncate(cursor),
        "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => write::write(&first, cursor),
        "WITH" => write::with(cursor),
        "REINDEX" => session::reindex(cursor),
        "VACUUM" => session::vacuum(cursor),
        "CLUSTER" => session::cluster(cursor),
        "REFRESH" => session::refresh(cursor),
        "LOCK" => session::lock(cursor),
        "OPTIMIZE" => session::optimize(cursor),
        "GRANT" => StatementKind::Grant,
        "REVOKE" => StatementKind::Revoke,
        "DO" => StatementKind::Do(Vec::new()),
        "SELECT" => session::select(cursor),
        "VALUES" | "TABLE" | "EXPLAIN" | "SHOW" => StatementKind::Query,
        _ => StatementKind::Other,
    }
}

/// The statements in the body of a `DO` block, and in the texts that it executes.
fn nested<'a>(block: &[Token<'a>], dialect: Dialect, line: usize) -> Vec<Statement<'a>> {
    let Some(body) = block.iter().find(|token| token.kind == TokenKind::Text && token.text.starts_with('$')) else {
        return Vec::new();
    };
    let (inside, offset) = body.dollar_content();
    let all = tokens(dialect, inside, body.start + offset);
    let parts = all.split(|token| token.is_mark(";"));
    let statements = parts.filter_map(|part| read_one(executed(statement_in(part), dialect), dialect, line));
    statements.map(|statement| Statement { nested: true, ..statement }).collect()
}

/// From the first word that begins a statement and follows `BEGIN`, `THEN`, `ELSE` or `LOOP`, or stands first.
fn statement_in<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    const VERBS: &[&str] = &[
        "ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "GRANT", "REVOKE", "EXECUTE", "REFRESH",
        "MERGE", "WITH",
    ];
    const BEFORE: &[&str] = &["BEGIN", "THEN", "ELSE", "LOOP"];
    let begins = |at: usize| {
        let after = at == 0 || BEFORE.iter().any(|word| tokens[at - 1].is(word));
        after && VERBS.iter().any(|verb| tokens[at].is(verb))
    };
    (0..tokens.len()).find(|at| begins(*at)).map_or(&[], |at| &tokens[at..])
}

/// What `EXECUTE 'text'` and `EXECUTE format('text', …)` run; anything else as it is.
fn executed<'a>(found: &[Token<'a>], dialect: Dialect) -> Vec<Token<'a>> {
    match found {
        [execute, format, open, text, ..] if execute.is("EXECUTE") && format.is("format") && open.is_mark("(") => {
            executed(&[*execute, *text], dialect)
        }
        [execute, text] if execute.is("EXECUTE") && text.kind == TokenKind::Text => {
            let open = usize::from(text.text.starts_with('\''));
            let doubled = text.text.trim_matches('\'').contains("''");
            match (open, doubled, text.text.len()) {
                (1, false, 2..) => tokens(dialect, &text.text[1..text.text.len() - 1], text.start + 1),
                _ if text.text.starts_with('$') => {
                    let (inside, offset) = text.dollar_content();
                    tokens(dialect, inside, text.start + offset)
                }
                _ => Vec::new(),
            }
        }
        [execute, ..] if execute.is("EXECUTE") => Vec::new(),
        found => found.to_vec(),
    }
}

/// A name folded as the dialect does it.
fn fold(dialect: Dialect, token: &Token<'_>) -> String {
    match (dialect, token.kind) {
        (Dialect::Postgres, TokenKind::Quoted | TokenKind::Text) => token.content(),
        _ => token.content().to_lowercase(),
    }
}

/// A name of one part.
fn single(dialect: Dialect, token: &Token<'_>) -> Name {
    Name { parts: vec![fold(dialect, token)], extent: token.extent() }
}

fn extent_of(tokens: &[Token<'_>]) -> Extent {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.extent().through(last.extent()),
        _ => Extent::default(),
    }
}
