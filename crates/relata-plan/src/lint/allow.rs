//! Comments by which a file says that it means it:
//!
//! ```sql
//! -- relata: allow index-not-concurrent because the table has forty rows
//! CREATE INDEX ON settings (name);
//! ```
//!
//! `allow` is for the statement that ends before it on the same line, else for the next one; `allow-file` for the whole file. Without a reason it has no effect, and that is a
//! finding, as is one that nothing needs.

use relata_schema::sql::{self, Extent, Statement};

use super::context::level_of;
use super::rules::{self, any};
use super::{Finding, Level, Options, Rule};

struct Allow {
    extent: Extent,
    codes: Vec<String>,
    reason: bool,
    /// What it covers.
    covers: Extent,
}

/// Takes out what is allowed, and adds what is wrong with the comments themselves.
pub fn settle(text: &str, file: usize, options: &Options, findings: &mut Vec<Finding>) {
    if !text.contains("relata:") {
        return;
    }
    let statements = sql::read(options.dialect, text);
    let found = sql::comments(options.dialect, text).into_iter();
    for allow in found.filter_map(|(extent, comment)| read(extent, comment, &statements, text)) {
        for (rule, message, help) in carry_out(&allow, options, findings) {
            let level = level_of(rule, options);
            if level != Level::Off {
                let (code, help, rows, extent) = (rule.code, Some(help), Vec::new(), allow.extent);
                findings.push(Finding { code, level, file, message, help, rows, extent, line: 0, column: 0 });
            }
        }
    }
}

/// The rule is about the comments themselves.
pub fn is_its_own(code: &str) -> bool {
    [any::allow_reason::RULE.code, any::allow_unknown::RULE.code, any::allow_unused::RULE.code].contains(&code)
}

/// Takes out what it allows; what is wrong with it, by rule, with message and help.
fn carry_out(allow: &Allow, options: &Options, findings: &mut Vec<Finding>) -> Vec<(&'static Rule, String, String)> {
    if !allow.reason {
        let message = format!("{} is allowed without a reason, so it is not", allow.codes.join(", "));
        return vec![(&any::allow_reason::RULE, message, "write why: … because REASON".into())];
    }
    let mut wrong: Vec<(&'static Rule, String, String)> = Vec::new();
    for code in &allow.codes {
        let Some(rule) = rules::ALL.iter().find(|rule| rule.code == code) else {
            let near = nearest(code)
                .map_or_else(|| "relata migrate lint --rules lists them".to_string(), |near| format!("is it {near}?"));
            wrong.push((&any::allow_unknown::RULE, format!("there is no rule {code}"), near));
            continue;
        };
        let before = findings.len();
        let inside = |extent: Extent| extent.start >= allow.covers.start && extent.start < allow.covers.end;
        findings.retain(|finding| finding.code != code || !inside(finding.extent));
        let elsewhere = level_of(rule, options) == Level::Off || !rule.dialects.contains(&options.dialect);
        // With a database at hand more, or less, may be found than without.
        if findings.len() == before && !elsewhere && options.live.is_none() && !needs_database(code) {
            let message = format!("nothing here needs {code} to be allowed");
            wrong.push((&any::allow_unused::RULE, message, "take the comment out".into()));
        }
    }
    wrong
}

/// The rule finds something only with a database or an application at hand.
fn needs_database(code: &str) -> bool {
    [any::violated_by_data::RULE.code, any::breaks_application::RULE.code].contains(&code)
}

/// `relata: allow CODE[, CODE] because REASON`.
fn read(extent: Extent, comment: &str, statements: &[Statement<'_>], text: &str) -> Option<Allow> {
    let rest = comment.strip_prefix("relata:")?.trim();
    let (word, rest) = rest.split_once(char::is_whitespace)?;
    let covers = match word {
        "allow-file" => Extent { start: 0, end: text.len() },
        "allow" => {
            let mut outer = statements.iter().filter(|statement| !statement.nested);
            let same_line = |statement: &&Statement<'_>| {
                let between = text.get(statement.extent.end..extent.start);
                between.is_some_and(|between| !between.contains('\n'))
            };
            let before = outer.clone().rfind(|statement| statement.extent.end <= extent.start).filter(same_line);
            let next = before.or_else(|| outer.find(|statement| statement.extent.end > extent.start))?;
            Extent { start: next.extent.start, end: next.extent.end.max(next.extent.start + 1) }
        }
        _ => return None,
    };
    let (codes, reason) = match rest.split_once("because") {
        Some((codes, reason)) => (codes, !reason.trim().is_empty()),
        None => (rest, false),
    };
    let codes = codes.split([',', ' ']).map(str::trim).filter(|code| !code.is_empty()).map(String::from).collect();
    Some(Allow { extent, codes, reason, covers })
}

/// The rule whose name begins most like what was written.
fn nearest(code: &str) -> Option<&'static str> {
    let shared = |rule: &Rule| code.bytes().zip(rule.code.bytes()).take_while(|(one, two)| one == two).count();
    let near = rules::ALL.iter().copied().max_by_key(|rule| shared(rule));
    near.filter(|rule| shared(rule) >= 3).map(|rule| rule.code)
}
