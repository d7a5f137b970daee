//! `SHOW CREATE TABLE`, for what no view of the catalogue tells: how a key is written (`USING`, `KEY_BLOCK_SIZE`, parser,
//! `WITHOUT OVERLAPS`), application-time periods, options of the table as given, and partitions word by word.
//!
//! The text is the server's own and regular; what is not known here is left out, not guessed.

use std::collections::BTreeMap;

use relata_schema::Dialect;

/// What the text of one table tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Keys by name, `PRIMARY` the primary one.
    pub(crate) keys: BTreeMap<String, WrittenKey>,
    /// Application-time periods: name, and first and last column in parentheses.
    pub(crate) periods: Vec<(String, String)>,
    /// Options, without engine, character set, comment and the next number.
    pub(crate) options: Vec<(String, String)>,
    /// Columns by name, if the server is MySQL.
    pub(crate) columns: BTreeMap<String, WrittenColumn>,
    /// Checks by name, if the server is MySQL.
    pub(crate) checks: BTreeMap<String, WrittenCheck>,
    /// What follows `PARTITION BY` up to the list, on one line.
    pub(crate) partition_key: Option<String>,
    /// Each partition, with its subpartitions if they have names.
    pub(crate) partitions: Vec<String>,
}

/// How a key is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenKey {
    /// `USING …`, in lower case.
    pub(crate) method: Option<String>,
    /// The expression of each part that has one, on MySQL.
    pub(crate) expressions: Vec<Option<String>>,
    /// The period that may not overlap.
    pub(crate) without_overlaps: Option<String>,
    /// Other options.
    pub(crate) parameters: Vec<(String, String)>,
}

/// How MySQL writes a column.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenColumn {
    /// What follows `DEFAULT`, unless that is NULL.
    pub(crate) default: Option<String>,
    /// The expression of a generated column.
    pub(crate) generated: Option<String>,
    /// The id of a spatial reference system.
    pub(crate) srid: Option<String>,
}

/// How MySQL writes a check.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenCheck {
    pub(crate) expression: String,
    pub(crate) not_enforced: bool,
}

/// Reads what MySQL answers to `SHOW CREATE TABLE`.
pub(crate) fn read_mysql(sql: &str) -> Written {
    let sql = plain(sql);
    let mut written = read(&sql);
    let body = sql.find(" (\n").and_then(|at| parentheses(&sql[at + 1..]));
    for item in body.map(|(body, _)| items(body)).unwrap_or_default() {
        let item = item.trim();
        if item.starts_with('`') {
            let (name, definition) = name(item);
            written.columns.insert(name, written_column(definition));
        } else if let Some((name, check)) = item.strip_prefix("CONSTRAINT ").and_then(written_check) {
            written.checks.insert(name, check);
        }
    }
    written
}

/// The text with what stands in comments of a version, `/*!80016 NOT ENFORCED */`: the server wrote it, so it means it.
/// Without the character sets before literals, too, where they change nothing ([`introducer`]): what was created without
/// one, or with another, comes back with that of the session, or of the column it is compared with.
fn plain(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        if let Some(inside) = rest.strip_prefix("/*!") {
            at += rest.len() - inside.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(' ').len();
        } else if rest.starts_with("*/") {
            out.truncate(out.trim_end_matches(' ').len());
            at += 2;
        } else if let Some(word) = introducer(rest).filter(|_| !out.ends_with(|c: char| c.is_alphanumeric())) {
            at += word.len();
        } else {
            let piece = piece(rest);
            out.push_str(piece);
            at += piece.len();
        }
    }
    out
}

/// The word at the start that says the character set of a literal, if the literal means the same without it: every session
/// speaks utf8mb4, and most other character sets write ASCII alike.
fn introducer(text: &str) -> Option<&str> {
    const OTHER_BYTES: [&str; 6] = ["_binary", "_utf16", "_utf16le", "_utf32", "_ucs2", "_"];
    let end = 1 + text.strip_prefix('_')?.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (word, rest) = text.split_at(end);
    let same = word == "_utf8mb4" || super::texts::quoted(rest).is_ascii() && !OTHER_BYTES.contains(&word);
    (rest.starts_with('\'') && same).then_some(word)
}

/// Words between spaces outside quotes and parentheses.
fn pieces(text: &str) -> Vec<&str> {
    let (mut depth, mut at, mut start) = (0_i32, 0, 0);
    let mut words = Vec::new();
    while at < text.len() {
        let piece = piece(&text[at..]);
        match piece {
            "(" => depth += 1,
            ")" => depth -= 1,
            " " if depth == 0 => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += piece.len();
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// What is between the parentheses around a text, if one pair is around all of it.
pub(crate) fn inside(text: &str) -> Option<&str> {
    let (inside, rest) = parentheses(text.strip_prefix('(').map(|_| text)?)?;
    rest.trim().is_empty().then_some(inside)
}

fn written_column(definition: &str) -> WrittenColumn {
    let mut column = WrittenColumn::default();
    let mut words = pieces(definition).into_iter();
    while let Some(word) = words.next() {
        match word {
            "DEFAULT" => column.default = words.next().filter(|default| *default != "NULL").map(String::from),
            "AS" => column.generated = words.next().and_then(inside).map(String::from),
            "SRID" => column.srid = words.next().map(String::from),
            "COMMENT" => drop(words.next()),
            _ => {}
        }
    }
    column
}

/// ``` `name` CHECK ((…)) [NOT ENFORCED] ```
fn written_check(text: &str) -> Option<(String, WrittenCheck)> {
    let (name, rest) = text.starts_with('`').then(|| name(text))?;
    let (expression, tail) = parentheses(rest.strip_prefix(" CHECK ")?)?;
    let expression = inside(expression).unwrap_or(expression).to_string();
    Some((name, WrittenCheck { expression, not_enforced: tail.contains("NOT ENFORCED") }))
}

/// Reads what `SHOW CREATE TABLE` answers.
pub(crate) fn read(sql: &str) -> Written {
    let mut written = Written::default();
    let Some(open) = sql.find(" (\n").map(|at| at + 1) else { return written };
    let Some((body, rest)) = parentheses(&sql[open..]) else { return written };
    for item in items(body) {
        let item = item.trim();
        if let Some((name, key)) = key(item) {
            written.keys.insert(name, key);
        } else if let Some(period) = item.strip_prefix("PERIOD FOR ").filter(|period| period.starts_with('`')) {
            let (name, columns) = name(period);
            written.periods.push((name, columns.trim().to_string()));
        }
    }
    let (options, partitions) = match rest.find("PARTITION BY ") {
        Some(at) if !inside_quotes(rest, at) => (&rest[..at], Some(&rest[at + "PARTITION BY ".len()..])),
        _ => (rest, None),
    };
    written.options = table_options(options);
    if let Some(clause) = partitions {
        partitioning(clause, &mut written);
    }
    written
}

fn inside_quotes(text: &str, at: usize) -> bool {
    let mut next = 0;
    while next < at {
        let length = piece(&text[next..]).len();
        if next + length > at && length > 1 {
            return true;
        }
        next += length;
    }
    false
}

/// The character at the start, or the whole quoted text that starts here.
fn piece(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'`' | b'\'' | b'"') => super::texts::quoted(text),
        _ => &text[..text.chars().next().map_or(0, char::len_utf8)],
    }
}

/// What is between the parenthesis at the start and the one that closes it, and what follows.
fn parentheses(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let piece = piece(&text[at..]);
        match piece {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        at += piece.len();
        if depth == 0 {
            return Some((&text[1..at - 1], &text[at..]));
        }
    }
    None
}

/// The pieces between commas outside quotes and parentheses.
fn items(body: &str) -> Vec<&str> {
    let (mut depth, mut at, mut start) = (0_i32, 0, 0);
    let mut items = Vec::new();
    while at < body.len() {
        let piece = piece(&body[at..]);
        match piece {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                items.push(&body[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += piece.len();
    }
    items.push(&body[start..]);
    items
}

/// The quoted name at the start, and what follows.
fn name(text: &str) -> (String, &str) {
    let quoted = super::texts::quoted(text);
    (quoted[1..quoted.len() - 1].replace("``", "`"), &text[quoted.len()..])
}

/// What is in the parentheses that a part of a key begins with.
fn expression(part: &str) -> Option<String> {
    let part = part.trim();
    part.starts_with('(').then(|| parentheses(part))?.map(|(inside, _)| inside.to_string())
}

fn key(item: &str) -> Option<(String, WrittenKey)> {
    let (name, rest) = match item.strip_prefix("PRIMARY KEY ") {
        Some(rest) => ("PRIMARY".to_string(), rest),
        None => {
            let at = item
                .find("KEY `")
                .filter(|at| matches!(item[..*at].trim(), "" | "UNIQUE" | "FULLTEXT" | "SPATIAL" | "VECTOR"))?;
            let (found, rest) = name(&item[at + "KEY ".len()..]);
            (found, rest.trim_start())
        }
    };
    let (parts, tail) = parentheses(rest)?;
    let last = items(parts).pop().unwrap_or_default().trim();
    let overlaps = last.strip_suffix(" WITHOUT OVERLAPS").map(|period| self::name(period).0);
    let expressions: Vec<Option<String>> = items(parts).into_iter().map(expression).collect();
    let expressions = if expressions.iter().any(Option::is_some) { expressions } else { Vec::new() };
    let mut key = WrittenKey { without_overlaps: overlaps, expressions, ..WrittenKey::default() };
    let mut words = super::texts::words(tail).into_iter().peekable();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((option, value)) => key.parameters.push((option.to_ascii_lowercase(), value.to_string())),
            None if word == "USING" => key.method = words.next().map(|method| method.to_ascii_lowercase()),
            None if word == "COMMENT" => drop(words.next()),
            // MySQL puts it into a comment that only it reads.
            None if word.ends_with("WITH") && words.peek().is_some_and(|word| word == "PARSER") => {
                words.next();
                key.parameters.extend(words.next().map(|parser| ("with parser".to_string(), parser)));
            }
            None => {}
        }
    }
    Some((name, key))
}

fn table_options(text: &str) -> Vec<(String, String)> {
    const SAID_ELSEWHERE: [&str; 5] = ["engine", "auto_increment", "default charset", "collate", "comment"];
    let mut options = Vec::new();
    let mut before = String::new();
    let mut comment = false;
    for word in super::texts::words(&text.replace('\n', " ")) {
        // In a comment stands what only some servers read, and what this engine has no use for.
        let inside = comment || word.starts_with("/*");
        comment = inside && !word.ends_with("*/");
        if inside {
            continue;
        }
        match word.split_once('=') {
            Some((key, value)) => {
                let key = if key.starts_with('`') { key.to_string() } else { key.to_ascii_lowercase() };
                let key = format!("{}{key}", std::mem::take(&mut before));
                if !SAID_ELSEWHERE.contains(&key.as_str()) {
                    options.push((key, value.to_string()));
                }
            }
            None => before.push_str(&format!("{} ", word.to_ascii_lowercase())),
        }
    }
    options
}

/// Partitions are all of the table's engine: the word is left out.
fn partitioning(clause: &str, written: &mut Written) {
    let clause = clause.trim().trim_end_matches("*/").trim();
    let list = clause.find("\n(PARTITION ").map(|at| at + 1);
    let (key, list) = clause.split_at(list.unwrap_or(clause.len()));
    written.partition_key = Some(key.split_whitespace().collect::<Vec<_>>().join(" "));
    let Some((list, _)) = parentheses(list) else { return };
    written.partitions = items(list).into_iter().map(|item| without_engine(item.trim())).collect();
}

fn without_engine(item: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < item.len() {
        if let Some(rest) = item[at..].strip_prefix(" ENGINE = ") {
            at = item.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
            continue;
        }
        if let Some(rest) = item[at..].strip_prefix("SUBPARTITION ").filter(|rest| !rest.starts_with('`')) {
            // MySQL quotes names only where it must.
            let name = &rest[..rest.find([' ', ',', ')']).unwrap_or(rest.len())];
            out.push_str(&format!("SUBPARTITION `{name}`"));
            at = item.len() - rest.len() + name.len();
            continue;
        }
        let piece = piece(&item[at..]);
        match piece {
            "\n" => {}
            " " if out.ends_with([' ', '(']) => {}
            _ => out.push_str(piece),
        }
        at += piece.len();
    }
    // Names are quoted where they must be.
    let Some(rest) = out.strip_prefix("PARTITION ").filter(|rest| rest.starts_with('`')) else { return out };
    let (name, rest) = name(rest);
    format!("PARTITION {}{rest}", Dialect::Mysql.ident(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn keys_periods_and_options() {
        let written = read(
            "CREATE TABLE `a``b` (\n  `id` int(11) NOT NULL COMMENT 'KEY `x` (',\n  `s` date NOT NULL,\n  \
             PERIOD FOR `p q` (`s`, `e`),\n  PRIMARY KEY (`id`,`p q` WITHOUT OVERLAPS) KEY_BLOCK_SIZE=8,\n  \
             UNIQUE KEY `u` (`s`(3)) USING HASH COMMENT 'USING BTREE',\n  FULLTEXT KEY `f` (`t`) WITH PARSER `ngram`\n) \
             ENGINE=Aria AUTO_INCREMENT=3 DEFAULT CHARSET=latin1 DATA DIRECTORY='/x y' PAGE_CHECKSUM=1 /* TRANSACTIONAL=0 */ \
             UNION=(`a`,`b`) COMMENT='PARTITION BY x=1' WITH SYSTEM VERSIONING",
        );
        let primary = &written.keys["PRIMARY"];
        assert_eq!(primary.without_overlaps.as_deref(), Some("p q"));
        assert_eq!(primary.parameters, pairs(&[("key_block_size", "8")]));
        assert_eq!(written.keys["u"], WrittenKey { method: Some("hash".into()), ..WrittenKey::default() });
        assert_eq!(written.keys["f"].parameters, pairs(&[("with parser", "`ngram`")]));
        assert_eq!(written.periods, pairs(&[("p q", "(`s`, `e`)")]));
        let options = [("data directory", "'/x y'"), ("page_checksum", "1"), ("union", "(`a`,`b`)")];
        assert_eq!(written.options, pairs(&options));
        assert_eq!((written.partition_key, written.partitions), (None, Vec::new()));
    }

    #[test]
    fn partitions() {
        let written = read(
            "CREATE TABLE `t` (\n  `id` int(11)\n) ENGINE=InnoDB\n PARTITION BY RANGE (year(`d`))\nSUBPARTITION BY HASH \
             (to_days(`d`))\n(PARTITION `p0` VALUES LESS THAN (2000)\n (SUBPARTITION `s0` COMMENT = ' ENGINE = x' \
             ENGINE = InnoDB,\n  SUBPARTITION `s1` ENGINE = InnoDB),\n PARTITION `or der` VALUES LESS THAN MAXVALUE\n \
             (SUBPARTITION `s2` ENGINE = InnoDB,\n  SUBPARTITION `s3` ENGINE = InnoDB))",
        );
        assert_eq!(written.partition_key.as_deref(), Some("RANGE (year(`d`)) SUBPARTITION BY HASH (to_days(`d`))"));
        assert_eq!(
            written.partitions,
            [
                "PARTITION p0 VALUES LESS THAN (2000) (SUBPARTITION `s0` COMMENT = ' ENGINE = x', SUBPARTITION `s1`)",
                "PARTITION `or der` VALUES LESS THAN MAXVALUE (SUBPARTITION `s2`, SUBPARTITION `s3`)",
            ]
        );
        let mysql =
            read("CREATE TABLE `t` (\n  `id` int\n) ENGINE=InnoDB\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 4 */");
        let named = "CREATE TABLE `t` (\n  `y` int\n) ENGINE=InnoDB\n/*!50100 PARTITION BY RANGE (`y`)\nSUBPARTITION BY HASH (`y`)\n\
             (PARTITION a VALUES LESS THAN (1)\n (SUBPARTITION b ENGINE = InnoDB,\n  SUBPARTITION c ENGINE = InnoDB)) */";
        let list = ["PARTITION a VALUES LESS THAN (1) (SUBPARTITION `b`, SUBPARTITION `c`)"];
        assert_eq!(read_mysql(named).partitions, list);
        assert_eq!(mysql.partition_key.as_deref(), Some("HASH (`id`) PARTITIONS 4"));
        assert!(mysql.options.is_empty() && mysql.partitions.is_empty());
    }

    #[test]
    fn what_mysql_writes_of_columns_checks_and_expressions() {
        let written = read_mysql(
            "CREATE TABLE `t` (\n  `a` varchar(9) DEFAULT 'DEFAULT ''x' COMMENT 'AS (1)',\n  `b` json DEFAULT \
             (json_object(_utf8mb4'k\\'`)',`x_utf8mb4`)),\n  `c` int GENERATED ALWAYS AS ((`a` + 1)) STORED /*!80023 INVISIBLE \
             */,\n  `d` point NOT NULL /*!80003 SRID 4326 */,\n  `e` int DEFAULT NULL,\n  KEY `k` (`a`,((`c` + 1)) DESC) \
             /*!80000 INVISIBLE */,\n  FULLTEXT KEY `f` (`a`) /*!50100 WITH PARSER `ngram` */ ,\n  CONSTRAINT `one` CHECK \
             (((`a` > 1) or (`b` = _latin1'x') or (`c` = _binary'y'))) /*!80016 NOT ENFORCED */,\n  CONSTRAINT `two` CHECK (f(1))\n) ENGINE=InnoDB \
             /*!80016 ENCRYPTION='Y' */ COMMENT='_utf8mb4''x /*!1 a */'",
        );
        let default = |name: &str| written.columns[name].default.as_deref();
        assert_eq!((default("a"), default("e")), (Some("'DEFAULT ''x'"), None));
        assert_eq!(default("b"), Some("(json_object('k\\'`)',`x_utf8mb4`))"));
        assert_eq!(written.columns["c"].generated.as_deref(), Some("(`a` + 1)"));
        assert_eq!(written.columns["d"].srid.as_deref(), Some("4326"));
        assert_eq!(written.keys["k"].expressions, [None, Some("(`c` + 1)".to_string())]);
        assert_eq!(written.keys["f"].parameters, pairs(&[("with parser", "`ngram`")]));
        let one =
            WrittenCheck { expression: "(`a` > 1) or (`b` = 'x') or (`c` = _binary'y')".into(), not_enforced: true };
        assert_eq!(written.checks["one"], one);
        assert_eq!(written.checks["two"].expression, "f(1)");
        assert_eq!(written.options, pairs(&[("encryption", "'Y'")]));
    }
}
