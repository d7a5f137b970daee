//! What stood before a migration began, so that undoing half of it takes none of that away.
//!
//! `down.sql` undoes the whole of a migration. After half of it, `DROP TABLE a` may name a table that was there before: the
//! migration failed because it was, or had not come so far. So a statement that takes away what stood before is passed over,
//! unless the way up itself had taken that away and put something else in its place.
//!
//! Read from the text: `DROP` of tables, views, sequences, schemas, `ALTER TABLE … DROP` of columns and partitions, `TRUNCATE`.
//! Whatever else a statement does, the schema is compared with that of before when all of them have run.

use relata_schema::Dialect;
use relata_schema::model::{ObjectName, Schema, Table};
use relata_schema::script::{Token, tokens};

/// What a statement takes away, with what it holds.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Table(Name),
    View(Name),
    Sequence(Name),
    Namespace(String),
    Column(Name, String),
}

/// A name as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    namespace: Option<String>,
    name: String,
}

impl Name {
    fn means(&self, other: &ObjectName) -> bool {
        let namespace = self.namespace.as_ref();
        same(&self.name, &other.name)
            && namespace.is_none_or(|namespace| other.namespace.is_empty() || same(namespace, &other.namespace))
    }
}

/// Letters may be folded by the server: what may be the same is taken for the same, and stays.
fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Whether a statement on the way down takes away what was there before the way up, of which these statements have run
/// or may have.
pub(super) fn takes(dialect: Dialect, sql: &str, before: Option<&Schema>, up: &[String]) -> bool {
    let replaced = |taken: &Taken| up.iter().any(|up| moves(dialect, up, taken, before.is_none()));
    taken(dialect, sql).iter().any(|taken| stood(taken, before) && !replaced(taken))
}

/// Where it is not known what stood, everything did that the way up did not create.
fn stood(taken: &Taken, before: Option<&Schema>) -> bool {
    let Some(before) = before else { return true };
    let table = |name: &Name| before.tables.iter().find(|table| name.means(&table.name));
    match taken {
        Taken::Table(name) => table(name).is_some(),
        Taken::View(name) => before.views.iter().any(|view| name.means(&view.name)),
        Taken::Sequence(name) => before.sequences.iter().any(|sequence| name.means(&sequence.name)),
        Taken::Namespace(namespace) => before.tables.iter().any(|table| same(&table.name.namespace, namespace)),
        Taken::Column(name, column) => table(name).is_some_and(|table| has_column(table, column)),
    }
}

fn has_column(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|other| same(&other.name, column))
}

/// Whether a statement on the way up took something away itself, gave it another name, or, where that is asked, created it:
/// what was created without `IF NOT EXISTS` had not been there.
fn moves(dialect: Dialect, up: &str, taken: &Taken, creating: bool) -> bool {
    let tokens = tokens(dialect, up);
    let name = match taken {
        Taken::Table(name) | Taken::View(name) | Taken::Sequence(name) => &name.name,
        Taken::Namespace(name) | Taken::Column(_, name) => name,
    };
    let says = |words: &[&str]| tokens.iter().any(|token| words.iter().any(|word| token.is(word)));
    let moving = says(&["DROP", "RENAME", "CHANGE"]) || creating && says(&["CREATE", "ADD"]) && !says(&["IF"]);
    moving && tokens.iter().filter_map(Token::name).any(|other| same(other, name))
}

fn taken(dialect: Dialect, sql: &str) -> Vec<Taken> {
    let tokens = tokens(dialect, sql);
    let mut reader = Reader { tokens: &tokens, at: 0 };
    if reader.eat("TRUNCATE") {
        reader.eat("TABLE");
        reader.eat("ONLY");
        return reader.names().into_iter().map(Taken::Table).collect();
    }
    if reader.eat("ALTER") {
        while ["ONLINE", "IGNORE", "FOREIGN"].iter().any(|word| reader.eat(word)) {}
        return if reader.eat("TABLE") { reader.dropped_members() } else { Vec::new() };
    }
    if !reader.eat("DROP") {
        return Vec::new();
    }
    while ["TEMPORARY", "MATERIALIZED", "FOREIGN"].iter().any(|word| reader.eat(word)) {}
    let make: fn(Name) -> Taken = if reader.eat("TABLE") {
        Taken::Table
    } else if reader.eat("VIEW") {
        Taken::View
    } else if reader.eat("SEQUENCE") {
        Taken::Sequence
    } else if reader.eat("SCHEMA") || reader.eat("DATABASE") {
        |name| Taken::Namespace(name.name)
    } else {
        return Vec::new();
    };
    reader.names().into_iter().map(make).collect()
}

struct Reader<'t> {
    tokens: &'t [Token<'t>],
    at: usize,
}

impl Reader<'_> {
    fn eat(&mut self, keyword: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| *token == Token::Other(sign));
        self.at += usize::from(found);
        found
    }

    fn if_exists(&mut self) {
        if self.eat("IF") {
            self.eat("EXISTS");
        }
    }

    fn word(&mut self) -> Option<String> {
        let name = self.tokens.get(self.at)?.name()?.to_string();
        self.at += 1;
        Some(name)
    }

    fn name(&mut self) -> Option<Name> {
        let mut parts = vec![self.word()?];
        while self.sign(".") {
            parts.push(self.word()?);
        }
        let name = parts.pop()?;
        Some(Name { namespace: parts.pop(), name })
    }

    /// `[IF EXISTS] a, b.c`.
    fn names(&mut self) -> Vec<Name> {
        self.if_exists();
        let mut names: Vec<Name> = self.name().into_iter().collect();
        while self.sign(",") {
            names.extend(self.name());
        }
        names
    }

    /// What `ALTER TABLE a DROP …` takes out of it.
    fn dropped_members(&mut self) -> Vec<Taken> {
        const NO_COLUMNS: [&str; 12] = [
            "INDEX",
            "KEY",
            "CONSTRAINT",
            "FOREIGN",
            "PRIMARY",
            "CHECK",
            "DEFAULT",
            "NOT",
            "IDENTITY",
            "EXPRESSION",
            "SYSTEM",
            "PERIOD",
        ];
        self.if_exists();
        self.eat("ONLY");
        let (Some(table), mut taken, mut depth) = (self.name(), Vec::new(), 0_usize) else { return Vec::new() };
        while self.at < self.tokens.len() {
            if self.sign("(") {
                depth += 1;
            } else if self.sign(")") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && (self.eat("DROP") || self.eat("TRUNCATE")) {
                if self.eat("PARTITION") {
                    taken.push(Taken::Table(table.clone()));
                    continue;
                }
                let named = self.eat("COLUMN");
                self.if_exists();
                let next = self.tokens.get(self.at);
                let column = named || !next.is_some_and(|token| NO_COLUMNS.iter().any(|word| token.is(word)));
                taken.extend(self.word().filter(|_| column).map(|column| Taken::Column(table.clone(), column)));
            } else {
                self.at += 1;
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use relata_schema::model::Column;

    use super::*;

    fn before() -> Schema {
        let column = |name: &str| Column { name: name.into(), ..Column::default() };
        let name = ObjectName::bare("Old");
        let table = Table { name, columns: vec![column("id"), column("b c")], ..Table::default() };
        Schema { tables: vec![table], ..Schema::new(Dialect::Mysql) }
    }

    #[test]
    fn what_stood_before_is_seen_in_any_spelling() {
        let (before, none) = (before(), []);
        for sql in [
            "DROP TABLE Old",
            "drop table if exists new, shop.`old` cascade",
            "DROP TEMPORARY TABLE old",
            "TRUNCATE TABLE old",
            "ALTER TABLE old ADD x int, DROP id",
            "ALTER TABLE `Old` DROP COLUMN IF EXISTS `b c`, DROP INDEX i",
            "ALTER TABLE old DROP PARTITION p",
            "/* back */ DROP -- it\n TABLE old",
        ] {
            assert!(takes(Dialect::Mysql, sql, Some(&before), &none), "{sql}");
            assert!(takes(Dialect::Mysql, sql, None, &none), "{sql}");
        }
        for sql in [
            "DROP TABLE new",
            "ALTER TABLE old DROP COLUMN x",
            "ALTER TABLE old DROP INDEX id, DROP FOREIGN KEY id, DROP PRIMARY KEY",
            "ALTER TABLE old ALTER COLUMN id DROP DEFAULT",
            "ALTER TABLE old ADD CHECK (x <> 'DROP id')",
            "DELETE FROM old",
            "DROP VIEW old",
        ] {
            assert!(!takes(Dialect::Mysql, sql, Some(&before), &none), "{sql}");
        }
    }

    #[test]
    fn what_the_way_up_had_put_in_its_place_is_undone() {
        let before = before();
        let takes = |sql: &str, up: &str| takes(Dialect::Mysql, sql, Some(&before), &[up.to_string()]);
        assert!(!takes("DROP TABLE old", "DROP TABLE `old`"));
        assert!(!takes("DROP TABLE old", "RENAME TABLE old TO older"));
        assert!(!takes("ALTER TABLE old DROP id", "ALTER TABLE old CHANGE id number int"));
        assert!(takes("DROP TABLE old", "CREATE TABLE IF NOT EXISTS old (id int)"));
        assert!(takes("DROP TABLE old", "DROP TABLE other"));
        assert!(takes("DROP TABLE old", "CREATE TABLE old (id int)"));
    }

    #[test]
    fn where_it_is_not_known_what_stood_the_way_up_says_what_it_created() {
        let takes = |sql: &str, up: &str| takes(Dialect::Mysql, sql, None, &[up.to_string()]);
        assert!(!takes("DROP TABLE new", "CREATE TABLE new (id int)"));
        assert!(!takes("ALTER TABLE old DROP x", "ALTER TABLE old ADD COLUMN x int"));
        assert!(takes("DROP TABLE new", "CREATE TABLE IF NOT EXISTS new (id int)"));
        assert!(takes("DROP TABLE new", "CREATE TABLE other (id int)"));
        assert!(relata_schema::lock::read("").is_err(), "a text that was not kept is no empty schema");
    }
}
