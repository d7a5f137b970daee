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
    let moment = matches!(data_type, "timestamp" | "datetime");
    Some(if is_number(data_type) || now && moment { reported.to_string() } else { Dialect::Mysql.literal(reported) })
}

/// Whether a value of this type is written without quotes.
pub(crate) fn is_number(data_type: &str) -> bool {
    let whole = ["tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"];
    whole.contains(&data_type) || matches!(data_type, "decimal" | "float" | "double")
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

/// Words between spaces, except those in quotes.
pub(crate) fn words(text: &str) -> Vec<String> {
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
pub(crate) fn quoted(text: &str) -> &str {
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

/// The query in `CREATE … VIEW name [(columns)] AS query [WITH … CHECK OPTION]`, and the list of columns with its
/// parentheses: MySQL writes one where the view was created with it.
pub(crate) fn view_query<'s>(shown: &'s str, name: &str) -> Option<(&'s str, &'s str)> {
    let (_, rest) = shown.split_once(&format!(" VIEW {} ", Dialect::Mysql.quote(name)))?;
    let (columns, query) = match rest.strip_prefix("AS ") {
        Some(query) => ("", query),
        None => {
            let end = list_end(rest)?;
            (&rest[..end], rest[end..].strip_prefix(" AS ")?)
        }
    };
    let options = [" WITH CASCADED CHECK OPTION", " WITH LOCAL CHECK OPTION"];
    Some((options.iter().find_map(|option| query.strip_suffix(option)).unwrap_or(query), columns))
}

/// Where the list of quoted names ends that the text begins with.
fn list_end(text: &str) -> Option<usize> {
    let mut at = text.strip_prefix('(').map(|_| 1)?;
    loop {
        at += quoted(text.get(at..).filter(|rest| rest.starts_with('`'))?).len();
        match text.as_bytes().get(at)? {
            b',' => at += 1,
            b')' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// What `ALGORITHM=` says of a view.
pub(crate) fn algorithm(shown: &str) -> Option<&str> {
    shown.strip_prefix("CREATE ALGORITHM=")?.split(' ').next()
}

/// Modes under which the same text means something else. The strictness of a session is not among them.
const MEANINGS: [&str; 12] = [
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "ORACLE",
    "MSSQL",
    "NO_BACKSLASH_ESCAPES",
    "HIGH_NOT_PRECEDENCE",
    "NO_UNSIGNED_SUBTRACTION",
    "EMPTY_STRING_IS_NULL",
    "SIMULTANEOUS_ASSIGNMENT",
    "TIME_ROUND_FRACTIONAL",
];

/// The statement as any session can run it: if its mode gives it a meaning of its own, it sets that mode for itself.
pub(crate) fn under_mode(definition: String, sql_mode: &str) -> String {
    let needed: Vec<&str> = sql_mode.split(',').filter(|mode| MEANINGS.contains(mode)).collect();
    if needed.is_empty() {
        return definition;
    }
    format!(
        "SET STATEMENT sql_mode = CONCAT(@@sql_mode, ',{}') FOR EXECUTE IMMEDIATE {}",
        needed.join(","),
        Dialect::Mysql.literal(&definition)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_that_gives_a_text_its_meaning_goes_with_it() {
        let sql = "CREATE FUNCTION \"f\"() RETURNS int RETURN 'a' || 'b'";
        assert_eq!(under_mode(sql.into(), "STRICT_TRANS_TABLES,NO_ZERO_DATE"), sql);
        assert_eq!(
            under_mode(sql.into(), "ANSI_QUOTES,STRICT_TRANS_TABLES"),
            "SET STATEMENT sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES') FOR EXECUTE IMMEDIATE \
             'CREATE FUNCTION \"f\"() RETURNS int RETURN ''a'' || ''b'''"
        );
    }

    #[test]
    fn the_query_of_a_view() {
        let shown = "CREATE ALGORITHM=UNDEFINED DEFINER=`r`@`h` SQL SECURITY DEFINER VIEW `v` AS select _latin1'x' AS `x` \
                     WITH LOCAL CHECK OPTION";
        assert_eq!(view_query(shown, "v"), Some(("select _latin1'x' AS `x`", "")));
        assert_eq!(algorithm(shown), Some("UNDEFINED"));
        let named = "CREATE ALGORITHM=MERGE VIEW `v` (`a)`,`b``` AS select 1 AS `1`,2 AS `2`";
        assert_eq!(view_query(named, "v"), None, "an open list");
        let named = "CREATE ALGORITHM=MERGE VIEW `v` (`a)`,`b`) AS select 1 AS `1`,2 AS `2`";
        assert_eq!(view_query(named, "v"), Some(("select 1 AS `1`,2 AS `2`", "(`a)`,`b`)")));
        assert_eq!(view_query(shown, "w"), None);
    }

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
            (Some("CURRENT_TIMESTAMP"), true, "", "varchar", Some("'CURRENT_TIMESTAMP'")),
            (Some("concat(_utf8mb4\\'a\\')"), true, "DEFAULT_GENERATED", "varchar", Some("(concat(_utf8mb4'a'))")),
        ] {
            assert_eq!(default(reported, mysql, extra, data_type).as_deref(), expected);
        }
    }

    #[test]
    fn updates() {
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
