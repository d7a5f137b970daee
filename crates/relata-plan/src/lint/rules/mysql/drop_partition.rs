//! A partition, tablespace or history that is dropped, or a partition whose rows go elsewhere
//!
//! Its rows are lost: those of a partition that is dropped or emptied, those of a tablespace that is discarded, and with
//! `DROP SYSTEM VERSIONING` every row as it once was. With `EXCHANGE PARTITION` its rows stand in the other table, where the
//! application does not look for them.
//!
//! ```sql,bad
//! ALTER TABLE events DROP PARTITION p2020;
//! ```
//!
//! ```sql,good
//! ALTER TABLE events ADD COLUMN note varchar(80);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-partition", Level::Hazard, MYSQL, include_str!("drop_partition.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        let what = match &action.action {
            Action::Option(word) if word == "DISCARD" => "the rows",
            Action::SystemVersioning { added: false } => "the history",
            _ => continue,
        };
        if !context.is_acknowledged(alter.name.last()) {
            report
                .at(action.extent, format!("{what} of {} will be lost", alter.name))
                .help("copy them into another table first");
        }
    }
    let loses = |word: &str| word.eq_ignore_ascii_case("DROP") || word.eq_ignore_ascii_case("TRUNCATE");
    let tokens = &context.statement.tokens;
    let found = tokens.windows(2).find(|pair| loses(pair[0].text) && pair[1].is("PARTITION"));
    if let Some(pair) = found
        && !context.is_acknowledged(alter.name.last())
    {
        report
            .at(pair[0].extent().through(pair[1].extent()), format!("the rows of that partition of {} are lost", alter.name))
            .help("EXCHANGE PARTITION with a table that keeps them");
    }
    let exchanged = tokens.windows(2).find(|pair| pair[0].is("EXCHANGE") && pair[1].is("PARTITION"));
    if let Some(pair) = exchanged
        && !context.is_acknowledged(alter.name.last())
    {
        report
            .at(
                pair[0].extent().through(pair[1].extent()),
                format!("the rows of that partition leave {}, and others come", alter.name),
            )
            .help("see that nobody needs them there; rows that do not belong there are refused only WITH VALIDATION");
    }
}
