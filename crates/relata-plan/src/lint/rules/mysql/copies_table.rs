//! A change that copies the table
//!
//! What InnoDB cannot do in place is done by copying every row into a new table, while nobody can write the old one: another
//! type, another character set, another engine, a dropped primary key, a foreign key, a check, a stored generated column, a
//! column whose default each row computes, another order, another partitioning. What else stands in the table counts, where that is
//! known: beside a full text index, an index over a virtual column or a stored one, more is copied than elsewhere.
//!
//! ```sql,bad
//! ALTER TABLE orders MODIFY COLUMN total bigint NOT NULL;
//! ```
//!
//! A longer `varchar` (as long as its length byte suffices), a new column, a new index and a new default are done in place. Ask
//! for it (`ALGORITHM=INPLACE, LOCK=NONE`), and the server refuses rather than copies. For the others: `pt-online-schema-change`
//! or `gh-ost`.
//!
//! `FORCE`, `ROW_FORMAT`, `KEY_BLOCK_SIZE` and `ENGINE=InnoDB` for what is InnoDB write all of the table anew while others go on: it
//! takes the disk and the time that the table needs, and replicas stand still as long.
//!
//! ```sql,good
//! CREATE TABLE notes (id bigint PRIMARY KEY, title varchar(80));
//! ALTER TABLE notes MODIFY COLUMN title varchar(200);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("copies-table", Level::Hazard, MYSQL, include_str!("copies_table.rs"), check);

use crate::lint::redefinition::{Redefinition, comes_or_goes, other_engine, redefinition, written_anew};

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    // The server refuses what it cannot do so.
    let refuses = |action: &TableAction| match &action.action {
        Action::Algorithm(word) => matches!(word.as_str(), "INPLACE" | "INSTANT" | "NOCOPY"),
        Action::Lock(word) => word == "NONE",
        _ => false,
    };
    if actions.iter().any(refuses) {
        return;
    }
    let adds_key = actions.iter().any(|action| match &action.action {
        Action::AddConstraint(constraint) => constraint.kind == ConstraintKind::PrimaryKey,
        _ => false,
    });
    for action in actions {
        let what = match &action.action {
            Action::Algorithm(word) if word == "COPY" => "ALGORITHM=COPY".to_string(),
            Action::Redefine { from, column } => match redefinition(context, &alter.name, from, column) {
                Some(Redefinition::Copied(what)) => what,
                Some(Redefinition::Written(what)) => {
                    report
                        .at(action.extent, format!("{what}: all of {} is written anew, while others go on", alter.name))
                        .help("it takes the disk and the time that the table needs: do it while little happens")
                        .level(Level::Style)
                        .by_size_of(&alter.name);
                    continue;
                }
                None => continue,
            },
            Action::ConvertCharset(_) => "another character set".into(),
            Action::DropConstraint { kind: ConstraintKind::PrimaryKey, .. } if !adds_key => "a dropped primary key".into(),
            Action::AddColumn { column, .. } if column.generated == Some(Generated::Stored) => "a stored column".into(),
            Action::AddColumn { column, .. } if column.auto_increment => "an AUTO_INCREMENT column".into(),
            Action::AddColumn { column, .. } if column.references.is_some() && honours_references(context) => {
                "a foreign key with foreign_key_checks on".into()
            }
            Action::AddColumn { column, .. } if is_computed(column) => "a default that each row computes".into(),
            Action::Option(word) if COPIES.contains(&word.as_str()) && !is_rebuild(context, action, word) => word.clone(),
            Action::SystemVersioning { added: true } => "system versioning".into(),
            Action::AddConstraint(constraint) if constraint.kind == ConstraintKind::Check => "a check".into(),
            Action::AddConstraint(constraint)
                if constraint.kind == ConstraintKind::ForeignKey
                    && context.facts.setting("foreign_key_checks") != Some("0") =>
            {
                "a foreign key with foreign_key_checks on".into()
            }
            Action::Other if spreads(context.text(action.extent)) => "more partitions of a hash".into(),
            other => match of_this_table(context, &alter.name, other) {
                Some(what) => what,
                None => continue,
            },
        };
        let message = format!("{what}: all of {} is copied while nobody can write it", alter.name);
        report
            .at(action.extent, message)
            .help("ALGORITHM=INPLACE, LOCK=NONE where the server can; else pt-online-schema-change or gh-ost")
            .by_size_of(&alter.name);
    }
    rebuilds(context, report, alter, actions);
}

/// What writes the table anew in place, each statement once: where it is said, it is what the statement is for.
fn rebuilds(context: &Context<'_>, report: &mut Report, alter: &Alter, actions: &[TableAction]) {
    let found = actions.iter().find_map(|action| match &action.action {
        Action::Option(word) if is_rebuild(context, action, word) => Some((action, word)),
        _ => None,
    });
    let Some((action, word)) = found.filter(|_| written_anew(context, &alter.name).is_none()) else { return };
    report
        .at(action.extent, format!("{word}: all of {} is written anew; replicas stand still as long", alter.name))
        .help("do it while little happens, or with pt-online-schema-change or gh-ost")
        .by_size_of(&alter.name);
}

fn is_rebuild(context: &Context<'_>, action: &TableAction, word: &str) -> bool {
    match word {
        "ROW_FORMAT" | "KEY_BLOCK_SIZE" | "FORCE" => true,
        "ENGINE" => context.text(action.extent).to_lowercase().ends_with("innodb"),
        _ => false,
    }
}

/// What else stands in the table makes it so.
fn of_this_table(context: &Context<'_>, table: &Name, action: &Action) -> Option<String> {
    let needs_rows = match action {
        Action::AddColumn { column, .. } => column.generated != Some(Generated::Virtual),
        Action::AddConstraint(constraint) => {
            matches!(constraint.kind, ConstraintKind::Index | ConstraintKind::Unique | ConstraintKind::PrimaryKey)
        }
        Action::DropColumn { .. } => true,
        _ => false,
    };
    if let Some(engine) = other_engine(context, table).filter(|_| needs_rows) {
        return Some(format!("a table of {engine}"));
    }
    match action {
        Action::AddColumn { column, .. } => comes_or_goes(context, table, Some(column)),
        Action::DropColumn { .. } => comes_or_goes(context, table, None),
        Action::AddConstraint(constraint) if constraint.kind == ConstraintKind::PrimaryKey => written_anew(context, table),
        Action::Option(word) if matches!(word.as_str(), "ROW_FORMAT" | "KEY_BLOCK_SIZE" | "FORCE") => {
            written_anew(context, table)
        }
        _ => None,
    }
}

/// `ADD PARTITION PARTITIONS n`: rows of every partition go to others.
fn spreads(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_ascii_uppercase);
    let adds = words.next().as_deref() == Some("ADD") && words.next().as_deref() == Some("PARTITION");
    adds && words.any(|word| word == "PARTITIONS")
}

/// MariaDB from 10.5 and MySQL from 9 make a foreign key of what stands behind a column.
fn honours_references(context: &Context<'_>) -> bool {
    let version = context.options.server_version;
    let honours = version == 0 || version >= 100_500 || (90_000..100_000).contains(&version);
    honours && context.facts.setting("foreign_key_checks") != Some("0")
}

/// Options of a table, and changes of its partitions, that copy rows.
const COPIES: &[&str] = &["ENGINE", "ORDER", "PARTITION", "REMOVE", "COALESCE", "REORGANIZE", "REBUILD"];

/// The default calls something, and not just the clock.
fn is_computed(column: &ColumnDefinition) -> bool {
    const CLOCK: &[&str] = &["now", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"];
    let calls = column.default.iter().flat_map(|default| &default.calls);
    calls.into_iter().any(|call| !CLOCK.contains(&call.as_str()))
}
