//! Reads what SQLite's pragmas do not tell from the text of `CREATE TABLE` and `CREATE INDEX`: checks, names of
//! constraints, collations, generated expressions, AUTOINCREMENT, conflict clauses, deferral, index expressions.
//!
//! The text comes from `sqlite_schema`, so SQLite has accepted it: the reader never fails, it skips what it does not
//! know. Names are given as written there, without quotes; expressions without comments and with single spaces.

use crate::dialect::Dialect;
use crate::model::{Action, Check, Column, Deferral, ForeignKey, Generated, IndexPart, Key, Match, ObjectName};
use crate::script::flatten;

use super::print::stands_alone;
use super::token::{Kind, Token, tokens};

/// The key of the parameter that holds a conflict clause.
pub const ON_CONFLICT: &str = "on conflict";
/// The parameter of a row number that is declared without `NOT NULL`: it is never NULL all the same, so with and without
/// are one schema, and each is written as it was found.
pub const NOT_NULL_UNSAID: &str = "not null unsaid";

/// The parameters of a column that mean something: two columns that differ in the others are the same.
pub fn meant(column: &Column) -> impl Iterator<Item = &(String, String)> {
    column.parameters.iter().filter(|(key, _)| key != NOT_NULL_UNSAID)
}

/// What the text of a table tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableText {
    /// Its columns, in order.
    pub columns: Vec<ColumnText>,
    /// `AUTOINCREMENT`.
    pub auto_increment: bool,
    /// Its primary key.
    pub primary_key: Option<Key>,
    /// The primary key stands on its column.
    pub primary_key_inline: bool,
    /// Its unique constraints, in order.
    pub uniques: Vec<Key>,
    /// Its foreign keys, in order.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its checks, in order. Those written on a column are no different.
    pub checks: Vec<Check>,
    /// A virtual table: what follows `USING`.
    pub using: Option<String>,
}

/// What the text of a column tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnText {
    /// Its name.
    pub name: String,
    /// `COLLATE`.
    pub collation: Option<String>,
    /// `GENERATED ALWAYS AS (…)`.
    pub generated: Option<Generated>,
    /// `NOT NULL ON CONFLICT …`.
    pub on_conflict: Option<String>,
}

/// What the text of an index tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexText {
    /// Its parts: expressions without collation and direction.
    pub parts: Vec<IndexPart>,
    /// `WHERE`.
    pub predicate: Option<String>,
}

/// Reads `CREATE TABLE …` or `CREATE VIRTUAL TABLE …`.
pub fn table(sql: &str) -> TableText {
    let tokens = tokens(sql);
    let mut reader = Reader { sql, tokens: &tokens, at: 0 };
    reader.skip_to("TABLE");
    let mut out = TableText::default();
    while reader.peek().is_some_and(|token| !token.is_mark("(") && !token.is("USING")) {
        reader.at += 1;
    }
    if reader.accept("USING") {
        out.using = reader.peek().map(|token| sql[token.start..].trim().to_string());
        return out;
    }
    let body = reader.parentheses();
    let body = Reader { sql, tokens: body, at: 0 };
    for item in body.items() {
        let mut item = Reader { sql, tokens: item, at: 0 };
        if item.at_table_constraint() {
            item.table_constraints(&mut out);
        } else {
            item.column(&mut out);
        }
    }
    out
}

/// Reads `CREATE INDEX …`.
pub fn index(sql: &str) -> IndexText {
    let tokens = tokens(sql);
    let mut reader = Reader { sql, tokens: &tokens, at: 0 };
    reader.skip_to("ON");
    while reader.peek().is_some_and(|token| !token.is_mark("(")) {
        reader.at += 1;
    }
    let parts = Reader { sql, tokens: reader.parentheses(), at: 0 };
    let parts = parts.items().into_iter().map(|item| Reader { sql, tokens: item, at: 0 }.part()).collect();
    let predicate = reader.accept("WHERE").then(|| reader.text(&reader.tokens[reader.at..]));
    IndexText { parts, predicate }
}

#[derive(Clone)]
struct Reader<'a> {
    sql: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn accept_all(&mut self, keywords: &[&str]) -> bool {
        let found = keywords
            .iter()
            .enumerate()
            .all(|(offset, keyword)| self.tokens.get(self.at + offset).is_some_and(|token| token.is(keyword)));
        self.at += if found { keywords.len() } else { 0 };
        found
    }

    fn skip_to(&mut self, keyword: &str) {
        while self.at < self.tokens.len() && !self.accept(keyword) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> String {
        let name = self.peek().map(Token::name).unwrap_or_default();
        self.at += 1;
        name
    }

    /// The source of some tokens on one line, without comments.
    fn text(&self, tokens: &[Token<'_>]) -> String {
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => flatten(Dialect::Sqlite, &self.sql[first.start..last.end()]),
            _ => String::new(),
        }
    }

    /// The tokens between the parentheses that begin here; goes past them.
    fn parentheses(&mut self) -> &'a [Token<'a>] {
        if !self.peek().is_some_and(|token| token.is_mark("(")) {
            return &[];
        }
        let start = self.at + 1;
        let mut depth = 0;
        while let Some(token) = self.peek() {
            depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
            self.at += 1;
            if depth == 0 {
                return &self.tokens[start..self.at - 1];
            }
        }
        &self.tokens[start..]
    }

    fn expression(&mut self) -> String {
        let inside = self.parentheses();
        self.text(inside)
    }

    /// The pieces between commas outside parentheses.
    fn items(&self) -> Vec<&'a [Token<'a>]> {
        let mut depth = 0;
        let items = self.tokens.split(|token| {
            depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
            depth == 0 && token.is_mark(",")
        });
        items.filter(|item| !item.is_empty()).collect()
    }

    /// Names in the parentheses that begin here.
    fn names(&mut self) -> Vec<String> {
        let sql = self.sql;
        let list = Reader { sql, tokens: self.parentheses(), at: 0 };
        list.items().iter().map(|item| item[0].name()).collect()
    }

    fn at_table_constraint(&self) -> bool {
        ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
            .iter()
            .any(|word| self.peek().is_some_and(|token| token.is(word)))
    }

    fn at_column_constraint(&self) -> bool {
        const WORDS: [&str; 12] = [
            "CONSTRAINT",
            "PRIMARY",
            "NOT",
            "NULL",
            "UNIQUE",
            "CHECK",
            "DEFAULT",
            "COLLATE",
            "REFERENCES",
            "GENERATED",
            "AS",
            "DEFERRABLE",
        ];
        WORDS.iter().any(|word| self.peek().is_some_and(|token| token.is(word)))
    }

    /// One part of a key or index: a column or an expression, with collation and direction.
    fn part(mut self) -> IndexPart {
        let mut part = IndexPart::default();
        let mut end = self.tokens.len();
        let ends_with = |end: usize, word: &str| end > 1 && self.tokens[end - 1].is(word);
        if ends_with(end, "ASC") || ends_with(end, "DESC") {
            part.descending = ends_with(end, "DESC");
            end -= 1;
        }
        // After several operands, it belongs to the last one.
        let whole = |end: usize| end == 1 || stands_alone(&self.text(&self.tokens[..end]));
        if end > 2 && self.tokens[end - 2].is("COLLATE") && whole(end - 2) {
            part.collation = Some(self.tokens[end - 1].name());
            end -= 2;
        }
        if end == 1 && matches!(self.tokens[0].kind, Kind::Word | Kind::Quoted | Kind::Text) {
            part.column = self.name();
        } else {
            part.expression = Some(self.text(&self.tokens[..end]));
        }
        part
    }

    fn parts(&mut self) -> Vec<IndexPart> {
        let sql = self.sql;
        let list = Reader { sql, tokens: self.parentheses(), at: 0 };
        list.items().into_iter().map(|item| Reader { sql, tokens: item, at: 0 }.part()).collect()
    }

    fn on_conflict(&mut self) -> Option<String> {
        self.accept_all(&["ON", "CONFLICT"]).then(|| self.name().to_ascii_uppercase())
    }

    fn conflict_parameters(&mut self) -> Vec<(String, String)> {
        self.on_conflict().into_iter().map(|clause| (ON_CONFLICT.to_string(), clause)).collect()
    }

    fn column(&mut self, out: &mut TableText) {
        let mut column = ColumnText { name: self.name(), ..ColumnText::default() };
        let mut constraint = String::new();
        while self.at < self.tokens.len() {
            if self.peek().is_some_and(|token| token.is_mark("(")) {
                self.parentheses();
            } else if !self.at_column_constraint() {
                self.at += 1;
            } else if self.accept("CONSTRAINT") {
                constraint = self.name();
            } else {
                self.column_constraint(&mut column, std::mem::take(&mut constraint), out);
            }
        }
        out.columns.push(column);
    }

    fn column_constraint(&mut self, column: &mut ColumnText, name: String, out: &mut TableText) {
        let part = || vec![IndexPart::column(column.name.clone())];
        if self.accept_all(&["PRIMARY", "KEY"]) {
            let mut parts = part();
            parts[0].descending = !self.accept("ASC") && self.accept("DESC");
            let parameters = self.conflict_parameters();
            out.auto_increment |= self.accept("AUTOINCREMENT");
            out.primary_key_inline = true;
            out.primary_key = Some(Key { name, parts, parameters, ..Key::default() });
        } else if self.accept_all(&["NOT", "NULL"]) {
            column.on_conflict = self.on_conflict();
        } else if self.accept("NULL") {
            self.on_conflict();
        } else if self.accept("UNIQUE") {
            let parameters = self.conflict_parameters();
            out.uniques.push(Key { name, parts: part(), parameters, ..Key::default() });
        } else if self.accept("CHECK") {
            out.checks.push(Check { name, expression: self.expression(), ..Check::default() });
        } else if self.accept("COLLATE") {
            column.collation = Some(self.name());
        } else if self.accept("REFERENCES") {
            let key = self.references(name, vec![column.name.clone()]);
            out.foreign_keys.push(key);
        } else if self.accept_all(&["GENERATED", "ALWAYS", "AS"]) || self.accept("AS") {
            let expression = self.expression();
            let stored = self.accept("STORED");
            column.generated = Some(Generated { expression, stored });
        } else if let Some(deferral) = self.deferral() {
            // SQLite takes this clause by itself, too: it belongs to the last foreign key.
            out.foreign_keys.iter_mut().next_back().into_iter().for_each(|key| key.deferral = deferral.clone());
        } else {
            self.default_value();
        }
    }

    fn default_value(&mut self) {
        self.at += 1;
        if self.peek().is_some_and(|token| token.is_mark("+") || token.is_mark("-")) {
            self.at += 1;
        }
        if self.peek().is_some_and(|token| token.is_mark("(")) {
            self.parentheses();
        } else {
            self.at += 1;
        }
    }

    /// What follows `REFERENCES`.
    fn references(&mut self, name: String, columns: Vec<String>) -> ForeignKey {
        let references = ObjectName::bare(self.name());
        let referenced_columns = self.names();
        let mut key = ForeignKey { name, columns, references, referenced_columns, ..ForeignKey::default() };
        loop {
            if self.accept_all(&["ON", "DELETE"]) {
                key.on_delete = self.action();
            } else if self.accept_all(&["ON", "UPDATE"]) {
                key.on_update = self.action();
            } else if self.accept("MATCH") {
                key.matching = match self.name().to_ascii_uppercase().as_str() {
                    "FULL" => Match::Full,
                    "PARTIAL" => Match::Partial,
                    _ => Match::Simple,
                };
            } else if let Some(deferral) = self.deferral() {
                key.deferral = deferral;
            } else {
                return key;
            }
        }
    }

    fn action(&mut self) -> Action {
        for (words, action) in [
            (&["NO", "ACTION"][..], Action::NoAction),
            (&["RESTRICT"], Action::Restrict),
            (&["CASCADE"], Action::Cascade),
            (&["SET", "NULL"], Action::SetNull),
            (&["SET", "DEFAULT"], Action::SetDefault),
        ] {
            if self.accept_all(words) {
                return action;
            }
        }
        Action::NoAction
    }

    fn deferral(&mut self) -> Option<Deferral> {
        let deferrable = match (self.accept_all(&["NOT", "DEFERRABLE"]), self.accept("DEFERRABLE")) {
            (true, _) => false,
            (_, true) => true,
            _ => return None,
        };
        let deferred = self.accept_all(&["INITIALLY", "DEFERRED"]);
        if !deferred {
            self.accept_all(&["INITIALLY", "IMMEDIATE"]);
        }
        Some(Deferral { deferrable, initially_deferred: deferrable && deferred })
    }

    /// SQLite needs no comma between table constraints.
    fn table_constraints(&mut self, out: &mut TableText) {
        let mut name = String::new();
        while self.at < self.tokens.len() {
            if self.accept("CONSTRAINT") {
                name = self.name();
            } else if self.accept_all(&["PRIMARY", "KEY"]) {
                let inside = self.tokens[self.at..].iter().take_while(|token| !token.is_mark(")"));
                out.auto_increment |= inside.last().is_some_and(|token| token.is("AUTOINCREMENT"));
                out.primary_key = Some(self.key(std::mem::take(&mut name)));
            } else if self.accept("UNIQUE") {
                let key = self.key(std::mem::take(&mut name));
                out.uniques.push(key);
            } else if self.accept("CHECK") {
                let expression = self.expression();
                self.on_conflict();
                out.checks.push(Check { name: std::mem::take(&mut name), expression, ..Check::default() });
            } else if self.accept_all(&["FOREIGN", "KEY"]) {
                let columns = self.names();
                self.accept("REFERENCES");
                let key = self.references(std::mem::take(&mut name), columns);
                out.foreign_keys.push(key);
            } else {
                self.at += 1;
            }
        }
    }

    fn key(&mut self, name: String) -> Key {
        let mut parts = self.parts();
        // `PRIMARY KEY (id AUTOINCREMENT)`
        for part in &mut parts {
            if let Some(column) = part.expression.take_if(|text| text.to_ascii_uppercase().ends_with(" AUTOINCREMENT"))
            {
                part.column = tokens(&column).first().map(Token::name).unwrap_or_default();
            }
        }
        let parameters = self.conflict_parameters();
        Key { name, parts, parameters, ..Key::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_their_constraints() {
        let read = table(
            "CREATE TABLE \"a b\" (\n  [Id] INTEGER CONSTRAINT pk PRIMARY KEY DESC ON CONFLICT REPLACE AUTOINCREMENT,\n\
             'name' NVARCHAR(160) COLLATE nocase DEFAULT 'x,(' NOT NULL ON CONFLICT ignore UNIQUE, -- , CHECK (1)\n\
             `n` DECIMAL(10,2) DEFAULT -1.5 CHECK (n > 0 /* , */ AND (n) < 'a)b'),\n\
             g INT GENERATED ALWAYS AS (n * 2) STORED, v AS (n+1),\n\
             o REFERENCES \"Other\"(x) ON DELETE SET NULL ON UPDATE CASCADE NOT NULL,\n\
             p INT REFERENCES q DEFERRABLE INITIALLY DEFERRED)",
        );
        let names: Vec<_> = read.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["Id", "name", "n", "g", "v", "o", "p"]);
        let key = read.primary_key.unwrap();
        assert_eq!((key.name.as_str(), key.parts[0].descending), ("pk", true));
        assert_eq!(key.parameters, [(ON_CONFLICT.to_string(), "REPLACE".to_string())]);
        assert!(read.auto_increment);
        assert_eq!(read.columns[1].collation.as_deref(), Some("nocase"));
        assert_eq!(read.columns[1].on_conflict.as_deref(), Some("IGNORE"));
        assert_eq!(read.uniques[0].columns().collect::<Vec<_>>(), ["name"]);
        assert_eq!(read.checks[0].expression, "n > 0 AND (n) < 'a)b'");
        assert_eq!(read.columns[3].generated, Some(Generated { expression: "n * 2".into(), stored: true }));
        assert_eq!(read.columns[4].generated, Some(Generated { expression: "n+1".into(), stored: false }));
        assert_eq!(
            (read.foreign_keys[0].on_delete, read.foreign_keys[0].on_update),
            (Action::SetNull, Action::Cascade)
        );
        assert_eq!(read.foreign_keys[0].referenced_columns, ["x"]);
        assert!(read.foreign_keys[1].deferral.initially_deferred);
    }

    #[test]
    fn table_constraints_with_and_without_commas() {
        let read = table(
            "CREATE TABLE t (a, b, constraint c check (a, b) foreign key (a, b) references t (b, a) match full,\n\
             PRIMARY KEY (a COLLATE nocase DESC, b), UNIQUE (\"b\") ON CONFLICT FAIL) WITHOUT ROWID, STRICT",
        );
        assert_eq!(read.checks[0].name, "c");
        assert_eq!(read.foreign_keys[0].columns, ["a", "b"]);
        assert_eq!(read.foreign_keys[0].matching, Match::Full);
        let part = &read.primary_key.unwrap().parts[0];
        assert_eq!((part.column.as_str(), part.collation.as_deref(), part.descending), ("a", Some("nocase"), true));
        assert_eq!(read.uniques[0].parameters[0].1, "FAIL");
        assert!(table("CREATE TABLE t (id INTEGER, PRIMARY KEY (id AUTOINCREMENT))").auto_increment);
    }

    #[test]
    fn virtual_tables_and_indexes() {
        let read = table("CREATE VIRTUAL TABLE f USING fts5(title, body, tokenize = 'porter')");
        assert_eq!(read.using.as_deref(), Some("fts5(title, body, tokenize = 'porter')"));
        let read =
            index("CREATE UNIQUE INDEX i ON t (lower(a) COLLATE nocase DESC, (b + 1), [c d]) WHERE a -- x\n > 1");
        assert_eq!(read.parts[0].expression.as_deref(), Some("lower(a)"));
        assert_eq!((read.parts[0].collation.as_deref(), read.parts[0].descending), (Some("nocase"), true));
        assert_eq!(read.parts[1].expression.as_deref(), Some("(b + 1)"));
        assert_eq!(read.parts[2].column, "c d");
        assert_eq!(read.predicate.as_deref(), Some("a > 1"));
    }

    #[test]
    fn nonsense_does_not_panic() {
        for sql in ["", "CREATE TABLE", "CREATE TABLE t (", "CREATE TABLE t (a CHECK", "CREATE TABLE t (a REFERENCES"] {
            table(sql);
            index(sql);
        }
    }
}
