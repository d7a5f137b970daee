//! Texts as the server spells them: defaults, options, bodies of views.

use relata_schema::Dialect;
use relata_schema::model::{ObjectName, SequenceParameters};

use super::{Line, text};

/// A default as MariaDB writes it in `CREATE TABLE`; MySQL reports literals without quotes.
pub(crate) fn default(reported: Option<&str>, mysql: bool, extra: &str, data_type: &str) -> Option<String> {
    let reported = reported?;
    if !mysql {
        return (reported != "NULL").then(|| reported.to_string());
    }
    let now = reported.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP");
    if extra.contains("DEFAULT_GENERATED") {
        return Some(if now { reported.to_string() } else { format!("({})", unescape(reported)) });
    }
    let numeric = matches!(
        data_type,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year" | "bit"
    );
    Some(if numeric || now { reported.to_string() } else { Dialect::Mysql.literal(reported) })
}

/// MySQL escapes the quotes of an expression: `_utf8mb4\'a\'`.
pub(crate) fn unescape(expression: &str) -> String {
    expression.replace("\\'", "'")
}

/// The expression after `on update` in `EXTRA`.
pub(crate) fn on_update(extra: &str) -> Option<String> {
    let at = extra.to_ascii_lowercase().find("on update ")? + "on update ".len();
    let rest = &extra[at..];
    Some(rest.split(' ').next().unwrap_or(rest).trim_end_matches(',').to_string())
}

/// `row_format=COMPRESSED stats_persistent=1` as pairs; what the server adds by itself is left out.
pub(crate) fn create_options(reported: &str) -> Vec<(String, String)> {
    let mut options = Vec::new();
    for word in words(reported) {
        if let Some((key, value)) = word.split_once('=') {
            let key = if key.starts_with('`') { key.to_string() } else { key.to_ascii_lowercase() };
            options.push((key, value.to_string()));
        }
    }
    options
}

/// Words between spaces, except those in quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"' | '`') => quote = Some(character),
            (Some(open), character) if open == character => quote = None,
            _ => {}
        }
        if (quote.is_some() || character != ' ')
            && let Some(word) = words.last_mut()
        {
            word.push(character);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A name that the server qualifies with its database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Used {
    /// A table or view.
    Relation(ObjectName),
    /// A function.
    Function(ObjectName),
}

/// The definition of a view without the name of its own database, and what it uses.
pub(crate) fn unqualified(definition: &str, database: &str) -> (String, Vec<Used>) {
    let qualifier = format!("{}.", Dialect::Mysql.quote(database));
    let mut out = String::with_capacity(definition.len());
    let mut used = Vec::new();
    let mut rest = definition;
    while !rest.is_empty() {
        let after_dot = out.ends_with('.');
        if let Some(tail) = rest.strip_prefix(&qualifier).filter(|tail| tail.starts_with('`') && !after_dot) {
            let name = quoted(tail);
            let object = ObjectName::bare(name[1..name.len() - 1].replace("``", "`"));
            used.push(match tail[name.len()..].starts_with('(') {
                true => Used::Function(object),
                false => Used::Relation(object),
            });
            rest = tail;
        }
        let piece = match rest.as_bytes()[0] {
            b'`' | b'\'' | b'"' => quoted(rest),
            _ => &rest[..rest.chars().next().map_or(1, char::len_utf8)],
        };
        out.push_str(piece);
        rest = &rest[piece.len()..];
    }
    used.sort();
    used.dedup();
    (out, used)
}

/// The quoted text at the start, with its quotes.
fn quoted(text: &str) -> &str {
    let mut characters = text.char_indices();
    let Some((_, quote)) = characters.next() else { return text };
    let mut escaped = false;
    let mut characters = characters.peekable();
    while let Some((at, character)) = characters.next() {
        if escaped {
            escaped = false;
        } else if character == '\\' && quote != '`' {
            escaped = true;
        } else if character == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return &text[..at + 1];
            }
        }
    }
    text
}

/// ``user@host`` as ``` `user`@`host` ```; a role has no host.
pub(crate) fn account(reported: &str) -> String {
    let quote = |name: &str| Dialect::Mysql.quote(name);
    match reported.rsplit_once('@') {
        Some((user, host)) if !host.is_empty() => format!("{}@{}", quote(user), quote(host)),
        Some((role, _)) => quote(role),
        None => quote(reported),
    }
}

/// The parameters of a sequence from a row of it: minimum, maximum, start, increment, cache, cycle.
pub(crate) fn sequence_parameters(line: &Line) -> SequenceParameters {
    let number = |index| text(line, index).parse::<i64>().unwrap_or_default();
    let increment = number(3);
    let (min, max) = if increment < 0 { (i64::MIN + 1, -1) } else { (1, i64::MAX - 1) };
    let start = if increment < 0 { number(1) } else { number(0) };
    let unless = |value: i64, default: i64| (value != default).then_some(value);
    SequenceParameters {
        start: unless(number(2), start),
        increment: unless(increment, 1),
        min: unless(number(0), min),
        max: unless(number(1), max),
        cache: unless(number(4), 1000),
        cycle: number(5) != 0,
    }
}

/// The statement that creates a trigger, with the trigger it follows: the server forgets that clause.
pub(crate) fn with_follows(definition: &str, previous: Option<&str>) -> String {
    let Some(previous) = previous else { return definition.to_string() };
    let lower = definition.to_ascii_lowercase();
    let Some(at) = lower.find("each row") else { return definition.to_string() };
    let (head, tail) = definition.split_at(at + "each row".len());
    format!("{head} FOLLOWS {}{tail}", Dialect::Mysql.quote(previous))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_lose_the_name_of_their_database() {
        let (query, used) = unqualified(
            "select `a`.`t`.`x` AS `a`,'`a`.`t`' AS `l`,`a`.`f`(1) AS `y`,`v`.`a` AS `z` from (`a`.`t` join `b`.`a`)",
            "a",
        );
        assert_eq!(
            query,
            "select `t`.`x` AS `a`,'`a`.`t`' AS `l`,`f`(1) AS `y`,`v`.`a` AS `z` from (`t` join `b`.`a`)"
        );
        let name = ObjectName::bare;
        assert_eq!(used, [Used::Relation(name("t")), Used::Function(name("f"))]);
    }

    #[test]
    fn defaults_of_both_servers() {
        for (reported, mysql, extra, data_type, expected) in [
            (Some("NULL"), false, "", "int", None),
            (None, false, "", "int", None),
            (Some("'it''s'"), false, "", "varchar", Some("'it''s'")),
            (Some("it's"), true, "", "varchar", Some("'it''s'")),
            (Some("5"), true, "", "int", Some("5")),
            (Some("b'1'"), true, "", "bit", Some("b'1'")),
            (Some("CURRENT_TIMESTAMP(3)"), true, "DEFAULT_GENERATED", "datetime", Some("CURRENT_TIMESTAMP(3)")),
            (Some("concat(_utf8mb4\\'a\\')"), true, "DEFAULT_GENERATED", "varchar", Some("(concat(_utf8mb4'a'))")),
        ] {
            assert_eq!(default(reported, mysql, extra, data_type).as_deref(), expected);
        }
    }

    #[test]
    fn options_and_updates() {
        let options = create_options("row_format=COMPRESSED `encryption`='a b' partitioned");
        let pair = |key: &str, value: &str| (key.to_string(), value.to_string());
        assert_eq!(options, [pair("row_format", "COMPRESSED"), pair("`encryption`", "'a b'")]);
        assert_eq!(on_update("on update current_timestamp(3), INVISIBLE").as_deref(), Some("current_timestamp(3)"));
    }

    #[test]
    fn triggers_say_whom_they_follow() {
        let sql = "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET @a = 1";
        let expected = "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW FOLLOWS `a` SET @a = 1";
        assert_eq!(with_follows(sql, Some("a")), expected);
        assert_eq!(relata_schema::dialect::mysql::print::follows(expected), Some("a"));
        assert_eq!(relata_schema::dialect::mysql::print::follows(sql), None);
    }
}
