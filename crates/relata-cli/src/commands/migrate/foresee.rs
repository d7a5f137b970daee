//! What pending migrations would take away, found out before anything runs: each is run on a shadow database and the
//! schema before is compared with the schema after. That holds for hand-written SQL as for generated.
//!
//! What exists in the target now and is not acknowledged by name in the file (`-- relata: loses table posts`) is refused,
//! unless it is kept on the shelf. Migrations whose statements can only add are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use relata_plan::loss::{How, Loss, filled, losses, unacknowledged};
use relata_plan::rename::rebuilt;
use relata_runtime::migrate::{self, Lacking, Migration, Reason, Shelve, State, Taken};
use relata_schema::change::Rename;
use relata_schema::lock::identity::keys;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_schema::sql::{self, StatementKind};
use relata_schema::{Dialect, Schema, script};
use relata_sql::{Connection, Error, Kind, Result};

use super::project::Project;

/// What a migration would take away, and what it renames.
#[derive(Default)]
pub struct Foresight {
    losses: Vec<Loss>,
    renames: Vec<Rename>,
}

/// By the version of the migration.
pub type Foreseen = BTreeMap<String, Foresight>;

/// Runs the pending migrations on a shadow that stands where the target stands.
///
/// # Errors
/// When the shadow cannot be had, or refuses a statement.
pub async fn foresee(project: &Project, connection: &mut dyn Connection, wanted: &[&Migration]) -> Result<Foreseen> {
    let mut foreseen = of_rows(connection, wanted).await?;
    let may = |migration: &&&Migration| may_take(project.dialect, &migration.up);
    let Some(last) = wanted.iter().rposition(|migration| may(&migration)) else { return Ok(foreseen) };
    let mut history = migrate::read_history(connection).await?;
    history.retain(|row| matches!(row.state, State::Applied | State::Baseline));
    let live = migrate::schema(connection).await?;
    // What the shadow's server lacks cannot be looked at; the rest can.
    let mut lacking = Lacking::default();
    let mut shadow = project.replay_as_far(project.applied(&history), &mut lacking).await?;
    // What is taken from a table that another pending migration renames is taken from the one that is there now.
    let mut steps: Vec<Vec<Rename>> = Vec::new();
    for migration in &wanted[..=last] {
        let looked_at = may(&migration);
        let before = if looked_at { Some(migrate::schema(shadow.connection()?).await?) } else { None };
        let ran = migrate::run_as_far(shadow.connection()?, &migration.header, &migration.up, &mut lacking).await;
        ran.map_err(|error| error.context(format!("trying {} on a shadow database", migration.id())))?;
        let Some(before) = before else {
            steps.push(all_renames(project.dialect, migration));
            continue;
        };
        let after = migrate::schema(shadow.connection()?).await?;
        let mut renames = migration.header.renames.clone();
        renames.extend(plausible(written_renames(project.dialect, &migration.up), &before, &after));
        renames.dedup();
        let mut found = losses(&before, &after, &renames);
        found.extend(filled(&before, &after, &renames));
        let earlier = migrate::composed(&steps);
        found.retain(|loss| exists(&live, &as_first_named(&earlier, &loss.object)));
        if !found.is_empty() {
            foreseen.entry(migration.version.clone()).or_default().losses.extend(found);
        }
        if let Some(foresight) = foreseen.get_mut(&migration.version) {
            foresight.renames.clone_from(&renames);
        }
        steps.push(renames);
    }
    shadow.close().await?;
    Ok(foreseen)
}

/// What statements take from every row of tables that have rows now.
async fn of_rows(connection: &mut dyn Connection, wanted: &[&Migration]) -> Result<Foreseen> {
    let mut foreseen = Foreseen::new();
    let dialect = connection.dialect();
    let may = |migration: &&&Migration| {
        script::statements(dialect, &migration.up).iter().any(|statement| {
            let words = script::words(dialect, &statement.sql, 1);
            words.first().is_some_and(|word| ["UPDATE", "DELETE", "TRUNCATE", "DO"].contains(&word.as_str()))
        })
    };
    if !wanted.iter().any(|migration| may(&migration)) {
        return Ok(foreseen);
    }
    let live = migrate::schema(connection).await?;
    let mut empty: BTreeMap<ObjectName, bool> = BTreeMap::new();
    let mut steps: Vec<Vec<Rename>> = Vec::new();
    for migration in wanted {
        let earlier = migrate::composed(&steps);
        steps.push(all_renames(dialect, migration));
        if !may(&migration) {
            continue;
        }
        for mut loss in relata_plan::loss::of_rows(&live, &migration.up, &migrate::composed(&steps)) {
            let table = &loss.object.name;
            if !empty.contains_key(table) {
                empty.insert(table.clone(), migrate::is_empty(connection, table).await?);
            }
            if !empty[table] {
                loss.object = as_last_named(&earlier, &loss.object);
                let foresight = foreseen.entry(migration.version.clone()).or_default();
                foresight.losses.push(loss);
                foresight.renames.clone_from(steps.last().unwrap_or(&Vec::new()));
            }
        }
    }
    Ok(foreseen)
}

/// The renames that the head of a file says and that its statements make.
pub fn all_renames(dialect: Dialect, migration: &Migration) -> Vec<Rename> {
    let mut renames = migration.header.renames.clone();
    let written = written_renames(dialect, &migration.up);
    renames.extend(written.into_iter().filter(|rename| !migration.header.renames.contains(rename)));
    renames
}

/// What a table or column was called before renames.
fn as_first_named(renames: &[Rename], object: &ObjectKey) -> ObjectKey {
    let mut first = object.clone();
    let table = renames.iter().find(|rename| rename.from.member.is_empty() && rename.to == object.name);
    if let Some(table) = table {
        first.name = table.from.name.clone();
    }
    let of = |rename: &&Rename| rename.from.name == first.name && !rename.from.member.is_empty();
    let column = renames.iter().filter(of).find(|rename| rename.to.name == object.member);
    if let Some(column) = column {
        first.member = column.from.member.clone();
    }
    first
}

/// What it is called after them.
fn as_last_named(renames: &[Rename], object: &ObjectKey) -> ObjectKey {
    let mut last = object.clone();
    for rename in renames.iter().filter(|rename| rename.from.name == object.name) {
        if rename.from.member.is_empty() {
            last.name = rename.to.clone();
        } else if rename.from.member == object.member {
            last.member = rename.to.name.clone();
        }
    }
    last
}

/// Refuses what is lost for good and not acknowledged. `kept`: tables and columns are put on the shelf.
///
/// # Errors
/// `Kind::DataLoss` with every loss by name, and the lines that acknowledge them.
pub fn refuse(wanted: &[&Migration], foreseen: &Foreseen, kept: bool) -> Result<()> {
    let mut messages = Vec::new();
    let mut lines = Vec::new();
    for migration in wanted {
        let Some(foresight) = foreseen.get(&migration.version) else { continue };
        let mut open = unacknowledged(&foresight.losses, &migration.header.loses);
        open.retain(|loss| !(kept && taken(loss).is_some()));
        if open.is_empty() {
            continue;
        }
        let lost: Vec<String> = open.iter().map(ToString::to_string).collect();
        messages.push(format!("{} would lose {}", migration.id(), lost.join("; ")));
        let file = migration.path.join("up.sql");
        lines.extend(open.iter().map(|loss| format!("-- relata: loses {} (into {})", loss.name(), file.display())));
    }
    if messages.is_empty() {
        return Ok(());
    }
    let error = Error::new(Kind::DataLoss, messages.join("; ")).hint("nothing was applied");
    let error = error.hint(format!("if that is meant, say so at the head of the file: {}", lines.join("; ")));
    Err(if kept { error } else { error.hint("or keep what goes, so that a rollback brings it back: --preserve") })
}

/// What the runner keeps of these losses.
pub fn shelves(foreseen: &Foreseen, reason: Reason) -> BTreeMap<String, Shelve> {
    let shelve = |foresight: &Foresight| {
        let taken = together(foresight.losses.iter().filter_map(taken));
        Shelve { taken, reason, renames: foresight.renames.clone() }
    };
    let all = foreseen.iter().map(|(version, foresight)| (version.clone(), shelve(foresight)));
    all.filter(|(_, shelve)| !shelve.taken.is_empty()).collect()
}

/// A column that becomes narrower and takes no NULL any more is kept once.
fn together(all: impl Iterator<Item = Taken>) -> Vec<Taken> {
    let mut kept: Vec<Taken> = Vec::new();
    for one in all {
        match kept.iter_mut().find(|other| (&other.table, &other.column) == (&one.table, &one.column)) {
            Some(other) if other.narrowed || other.filled => {
                other.narrowed |= one.narrowed;
                other.filled |= one.filled;
            }
            _ => kept.push(one),
        }
    }
    kept
}

/// What of a loss can be kept: tables and columns.
fn taken(loss: &Loss) -> Option<Taken> {
    let (object, table) = (&loss.object, loss.object.name.clone());
    match (object.kind, &loss.how) {
        (ObjectKind::Table, How::Dropped | How::Emptied) => {
            Some(Taken { table, column: None, narrowed: false, filled: false })
        }
        (ObjectKind::Column, how) => {
            let narrowed = matches!(how, How::Narrowed(_) | How::Overwritten);
            Some(Taken { table, column: Some(object.member.clone()), narrowed, filled: *how == How::Filled })
        }
        _ => None,
    }
}

fn exists(schema: &Schema, object: &ObjectKey) -> bool {
    match object.kind {
        ObjectKind::Table | ObjectKind::Column => {
            let table = schema.table(&object.name);
            table.is_some_and(|table| object.member.is_empty() || table.column(&object.member).is_some())
        }
        _ => true,
    }
}

/// Whether a script has a statement that can take something away.
fn may_take(dialect: Dialect, text: &str) -> bool {
    let statements = script::statements(dialect, text);
    let words = |statement: &script::ScriptStatement| script::words(dialect, &statement.sql, 400);
    let writes = statements.iter().any(|statement| words(statement).first().is_some_and(|word| word == "UPDATE"));
    statements.iter().any(|statement| {
        let words = words(statement);
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        match words.first().map(String::as_str) {
            Some("ALTER") if writes && words.windows(3).any(|three| three == ["SET", "NOT", "NULL"]) => true,
            Some("ALTER") => has(&["DROP", "MODIFY", "CHANGE", "TYPE", "CONVERT", "RENAME"]),
            Some("CREATE") => has(&["REPLACE"]) && has(&["TABLE"]),
            Some(
                "INSERT" | "UPDATE" | "DELETE" | "SELECT" | "WITH" | "COMMENT" | "GRANT" | "REVOKE" | "ANALYZE" | "SET"
                | "BEGIN" | "COMMIT" | "START" | "END" | "PRAGMA" | "REINDEX" | "VACUUM" | "REFRESH" | "USE"
                | "OPTIMIZE",
            )
            | None => false,
            Some(_) => true,
        }
    })
}

/// The renames that a script makes in so many words; a column that gets its name while its table is built anew, too.
pub fn written_renames(dialect: Dialect, text: &str) -> Vec<Rename> {
    let statements = script::split(dialect, text);
    let steps: Vec<_> = statements.iter().map(|sql| read_rename(dialect, &script::flatten(dialect, sql))).collect();
    let mut renames = migrate::composed(&steps);
    let (created, dropped) = created_and_dropped(dialect, text);
    // What is only there for the time of the script.
    renames.retain(|rename| {
        let table = rename.from.kind == ObjectKind::Table && rename.from.member.is_empty();
        let is = |names: &[String], name: &ObjectName| names.iter().any(|one| one.eq_ignore_ascii_case(&name.name));
        !table || !is(&created, &rename.from.name) && !is(&dropped, &rename.to)
    });
    renames.extend(rebuilt(dialect, text));
    renames
}

/// The tables that a script creates, and those that it drops.
fn created_and_dropped(dialect: Dialect, text: &str) -> (Vec<String>, Vec<String>) {
    let (mut created, mut dropped) = (Vec::new(), Vec::new());
    for statement in sql::read(dialect, text) {
        match statement.kind {
            StatementKind::CreateTable(table) => created.push(table.name.last().to_string()),
            StatementKind::Drop(drop) if drop.object == "TABLE" => {
                dropped.extend(drop.names.iter().map(|name| name.last().to_string()));
            }
            _ => {}
        }
    }
    (created, dropped)
}

/// Of renames those that lead from what was there before to what is there after, each once: a table that is built anew
/// under its old name is no rename.
pub fn plausible(mut renames: Vec<Rename>, before: &Schema, after: &Schema) -> Vec<Rename> {
    let keys = |schema: &Schema| -> BTreeSet<ObjectKey> { keys(schema).into_iter().map(|(_, key)| key).collect() };
    let (before_keys, after_keys) = (keys(before), keys(after));
    renames.retain(|rename| {
        let from = &rename.from;
        if from.kind == ObjectKind::Enum && !from.member.is_empty() {
            return before.enum_values(&from.name).contains(&from.member);
        }
        if !from.member.is_empty() {
            return before_keys.contains(from);
        }
        let to = rename.to_key();
        before_keys.contains(from)
            && !after_keys.contains(from)
            && !before_keys.contains(&to)
            && after_keys.contains(&to)
    });
    let mut once: Vec<Rename> = Vec::new();
    for rename in renames {
        if !once.contains(&rename) {
            once.push(rename);
        }
    }
    once
}

/// `ALTER TABLE a RENAME [COLUMN] x TO y`, `ALTER TABLE a RENAME TO b`, `ALTER TABLE a CHANGE [COLUMN] x y …`,
/// `RENAME TABLE a TO b, …`.
fn read_rename(dialect: Dialect, sql: &str) -> Vec<Rename> {
    let tokens = tokens(sql);
    let is = |at: usize, word: &str| {
        tokens.get(at).is_some_and(|token| !token.quoted && token.text.eq_ignore_ascii_case(word))
    };
    let name = |at: usize| name_at(dialect, &tokens, at);
    let mut renames = Vec::new();
    if is(0, "RENAME") && is(1, "TABLE") {
        let mut at = 2;
        while let Some((from, next)) = name(at) {
            let Some((to, next)) = name(next + 1).filter(|_| is(next, "TO")) else { break };
            renames.push(Rename { from: ObjectKey::of(ObjectKind::Table, &from), to });
            at = next + 1;
        }
        return renames;
    }
    if !(is(0, "ALTER") && is(1, "TABLE")) {
        return renames;
    }
    let mut at = 2;
    while ["IF", "EXISTS", "ONLY"].iter().any(|word| is(at, word)) {
        at += 1;
    }
    let Some((table, mut at)) = name(at) else { return renames };
    while at < tokens.len() {
        let column = usize::from(is(at + 1, "COLUMN"));
        let member = |at: usize| name(at).map(|(name, _)| name.name);
        if is(at, "RENAME") && (is(at + 1, "TO") || is(at + 1, "AS")) {
            if let Some((to, _)) = name(at + 2) {
                let to = if to.namespace.is_empty() || dialect != Dialect::Postgres {
                    ObjectName { namespace: table.namespace.clone(), ..to }
                } else {
                    to
                };
                renames.push(Rename { from: ObjectKey::of(ObjectKind::Table, &table), to });
            }
        } else if is(at, "RENAME") && is(at + column + 2, "TO") {
            if let (Some(from), Some(to)) = (member(at + column + 1), member(at + column + 3)) {
                renames.push(column_rename(&table, &from, &to));
            }
        } else if is(at, "CHANGE")
            && let (Some(from), Some(to)) = (member(at + column + 1), member(at + column + 2))
            && from != to
        {
            renames.push(column_rename(&table, &from, &to));
        }
        at += 1;
    }
    renames
}

fn column_rename(table: &ObjectName, from: &str, to: &str) -> Rename {
    Rename { from: ObjectKey::member(ObjectKind::Column, table, from), to: ObjectName::bare(to) }
}

struct Token {
    text: String,
    quoted: bool,
}

/// The names and words of a statement on one line, and its punctuation.
fn tokens(sql: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut rest = sql.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            ' ' => {}
            '"' | '`' | '\'' => {
                let mut text = String::new();
                while let Some(c) = rest.next() {
                    if c == first && rest.peek() != Some(&first) {
                        break;
                    }
                    if c == first {
                        rest.next();
                    }
                    text.push(c);
                }
                found.push(Token { text, quoted: true });
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                let mut text = String::from(c);
                while let Some(&c) = rest.peek().filter(|c| c.is_alphanumeric() || **c == '_' || **c == '$') {
                    text.push(c);
                    rest.next();
                }
                found.push(Token { text, quoted: false });
            }
            c => found.push(Token { text: c.into(), quoted: false }),
        }
    }
    found
}

/// The name that begins at a token, and where the next begins. PostgreSQL folds what is not quoted.
fn name_at(dialect: Dialect, tokens: &[Token], at: usize) -> Option<(ObjectName, usize)> {
    let part = |at: usize| {
        let token = tokens
            .get(at)
            .filter(|token| token.quoted || token.text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$'))?;
        let fold = dialect == Dialect::Postgres && !token.quoted;
        Some(if fold { token.text.to_lowercase() } else { token.text.clone() })
    };
    let first = part(at)?;
    let dotted = tokens.get(at + 1).is_some_and(|token| token.text == "." && !token.quoted);
    match (dotted, part(at + 2)) {
        (true, Some(second)) if dialect == Dialect::Postgres => Some((ObjectName::new(first, second), at + 3)),
        (true, Some(second)) => Some((ObjectName::bare(second), at + 3)),
        _ => Some((dialect.name(&first), at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_are_read_from_the_statement() {
        let check = |dialect, sql: &str, expected: &[&str]| {
            let found: Vec<String> =
                read_rename(dialect, sql).iter().map(|rename| format!("{} -> {}", rename.from, rename.to)).collect();
            assert_eq!(found, expected, "{sql}");
        };
        check(Dialect::Sqlite, "ALTER TABLE a RENAME COLUMN x TO \"y z\"", &["column a.x -> y z"]);
        check(Dialect::Sqlite, "ALTER TABLE a RENAME x TO y", &["column a.x -> y"]);
        check(Dialect::Sqlite, "ALTER TABLE a RENAME TO b", &["table a -> b"]);
        check(Dialect::Postgres, "ALTER TABLE ONLY s.A RENAME COLUMN X TO y", &["column s.a.x -> y"]);
        check(Dialect::Postgres, "ALTER TABLE a RENAME TO b", &["table public.a -> public.b"]);
        check(Dialect::Mysql, "ALTER TABLE `a` CHANGE `x` `y` int, CHANGE COLUMN p p int", &["column a.x -> y"]);
        check(Dialect::Mysql, "RENAME TABLE a TO b, c TO d", &["table a -> b", "table c -> d"]);
        check(Dialect::Sqlite, "ALTER TABLE a DROP COLUMN x", &[]);
    }

    #[test]
    fn what_is_there_for_the_time_of_a_script_is_no_rename() {
        for (dialect, text, expected) in [
            (
                Dialect::Sqlite,
                "CREATE TABLE n (id INTEGER, email TEXT); INSERT INTO n SELECT id, mail FROM a; DROP TABLE a; ALTER TABLE n RENAME TO a",
                "column a.mail -> email",
            ),
            (
                Dialect::Sqlite,
                "ALTER TABLE a RENAME TO o; CREATE TABLE a (id INTEGER); INSERT INTO a SELECT id FROM o; DROP TABLE o",
                "",
            ),
            (
                Dialect::Mysql,
                "CREATE TABLE n LIKE a; INSERT INTO n SELECT * FROM a; RENAME TABLE a TO o, n TO a",
                "table a -> o",
            ),
        ] {
            let found = written_renames(dialect, text);
            let found: Vec<String> = found.iter().map(|rename| format!("{} -> {}", rename.from, rename.to)).collect();
            assert_eq!(found.join(", "), expected, "{text}");
        }
    }

    #[test]
    fn what_only_adds_is_not_looked_at() {
        for (sql, expected) in [
            ("CREATE TABLE a (x int); INSERT INTO a VALUES ('DROP')", false),
            ("ALTER TABLE a ADD COLUMN y int", false),
            ("ALTER TABLE a DROP COLUMN y", true),
            ("DROP VIEW v", true),
            ("ALTER TABLE a ALTER COLUMN x TYPE int", true),
            ("DO $$ BEGIN DROP TABLE a; END $$", true),
            ("ALTER TABLE a ALTER COLUMN x SET NOT NULL", false),
            ("UPDATE a SET x = 0 WHERE x IS NULL; ALTER TABLE a ALTER COLUMN x SET NOT NULL", true),
        ] {
            assert_eq!(may_take(Dialect::Postgres, sql), expected, "{sql}");
        }
    }
}
