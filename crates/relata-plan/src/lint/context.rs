//! What a rule sees, and how it says what it found.

use relata_schema::Dialect;
use relata_schema::sql::{Alter, Extent, Name, Statement, StatementKind, TableAction};

use super::facts::Facts;
use super::live::{LARGE, SMALL, describe};
use super::rule::{Level, Rule};
use super::{File, Finding, Options, rules};

/// One statement with all that surrounds it.
pub struct Context<'c> {
    /// The statement.
    pub statement: &'c Statement<'c>,
    /// Its place among the statements.
    pub at: usize,
    /// All statements of the file.
    pub statements: &'c [Statement<'c>],
    /// The transaction of each.
    pub transactions: &'c [Option<usize>],
    /// The file ends a transaction that it has not begun: it is written for a runner that has.
    pub expects_wrapping: bool,
    /// What is so before this statement.
    pub facts: &'c Facts,
    /// The file.
    pub file: &'c File<'c>,
    /// How to look.
    pub options: &'c Options,
    /// The text of the file.
    pub text: &'c str,
}

/// What a rule found in one statement.
#[derive(Debug, Default)]
pub struct Report {
    items: Vec<Item>,
}

/// One thing found, before level and place are settled.
#[derive(Debug, Default)]
pub struct Item {
    extent: Extent,
    message: String,
    help: Option<String>,
    table: Option<Name>,
    level: Option<Level>,
}

impl Report {
    /// Something is found there.
    pub fn at(&mut self, extent: Extent, message: impl Into<String>) -> &mut Item {
        self.items.push(Item { extent, message: message.into(), ..Item::default() });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }
}

impl Item {
    /// What to do instead.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// How serious it is depends on the size of this table.
    pub fn by_size_of(&mut self, table: &Name) -> &mut Self {
        self.table = Some(table.clone());
        self
    }

    /// Another level than the rule's own.
    pub fn level(&mut self, level: Level) -> &mut Self {
        self.level = Some(level);
        self
    }
}

impl<'c> Context<'c> {
    /// Runs every rule on the statement.
    pub fn check(&self, file: usize) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in rules::ALL {
            let level = level_of(rule, self.options);
            if level == Level::Off || !rule.dialects.contains(&self.options.dialect) {
                continue;
            }
            let mut report = Report::default();
            (rule.check)(self, &mut report);
            findings.extend(report.items.into_iter().map(|item| self.settle(rule, level, item, file)));
        }
        findings
    }

    fn settle(&self, rule: &Rule, level: Level, item: Item, file: usize) -> Finding {
        // What the settings say is stronger than what the rule thinks of the case.
        let said = self.options.levels.contains_key(rule.code);
        let mut level = if said { level } else { item.level.unwrap_or(level) };
        let mut message = item.message;
        let size = item.table.as_ref().and_then(|table| self.options.live.as_ref()?.size(table));
        if let Some(size) = size {
            message = format!("{message} ({})", describe(size));
            level = match size.rows {
                0..=SMALL if !said => Level::Style,
                LARGE.. => Level::Hazard,
                _ => level,
            };
        }
        let (code, help, extent) = (rule.code, item.help, item.extent);
        Finding { code, level, file, message, help, rows: Vec::new(), extent, line: 0, column: 0 }
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.options.dialect
    }

    /// The server is of this version or newer (`120_000` is PostgreSQL 12); without a version said, it is the newest.
    pub fn since(&self, version: u32) -> bool {
        self.options.server_version == 0 || self.options.server_version >= version
    }

    /// The statement runs in a transaction with others.
    pub fn in_transaction(&self) -> bool {
        self.transactions[self.at].is_some()
    }

    /// The actions of an `ALTER TABLE` on a table that was there before this file.
    pub fn alters_existing(&self) -> Option<(&'c Alter, &'c [TableAction])> {
        let (alter, actions) = self.alters_table()?;
        (!self.facts.is_new(&alter.name)).then_some((alter, actions))
    }

    /// The actions of an `ALTER TABLE`.
    pub fn alters_table(&self) -> Option<(&'c Alter, &'c [TableAction])> {
        match &self.statement.kind {
            StatementKind::Alter(alter) if alter.object == "TABLE" => Some((alter, &alter.actions)),
            _ => None,
        }
    }

    /// The statements after this one, in the same file.
    pub fn after(&self) -> impl Iterator<Item = &'c Statement<'c>> {
        self.statements[self.at + 1..].iter()
    }

    /// Those after this one in the same transaction.
    pub fn after_in_transaction(&self) -> impl Iterator<Item = &'c Statement<'c>> {
        let own = self.transactions[self.at];
        let rest = self.statements[self.at + 1..].iter().zip(&self.transactions[self.at + 1..]);
        rest.take_while(move |(_, other)| own.is_some() && **other == own).map(|(statement, _)| statement)
    }

    /// The header says that this is lost.
    pub fn is_acknowledged(&self, name: &str) -> bool {
        let names = |line: &String| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        self.file.acknowledged.iter().any(names)
    }

    /// The text of an extent.
    pub fn text(&self, extent: Extent) -> &'c str {
        extent.of(self.text)
    }
}

/// The level of a rule under these options.
pub fn level_of(rule: &Rule, options: &Options) -> Level {
    options.levels.get(rule.code).copied().unwrap_or(rule.level)
}
