//! Which columns a statement compares, read from its text: what an index would have to hold.
//!
//! It is a reader of words, not of grammar: what it does not understand it passes over, and then there is less to advise.

/// A column that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    /// Of which table.
    pub(super) table: String,
    /// Its name.
    pub(super) column: String,
    /// With one value, or a list of them; else with a range.
    pub(super) equal: bool,
}

/// What a statement says of its tables.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Aliases and the tables behind them.
    pub(super) aliases: Vec<(String, String)>,
    /// The columns that are compared.
    pub(super) compared: Vec<Compared>,
}

impl Read {
    /// The table of an alias, or the name itself.
    pub(super) fn table<'r>(&'r self, name: &'r str) -> &'r str {
        let known = self.aliases.iter().find(|(alias, _)| alias == name);
        known.map_or(name, |(_, table)| table)
    }

    /// The columns of a table that an index should hold: those compared with one value, then one with a range.
    pub(super) fn index_of(&self, table: &str) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for wanted in [true, false] {
            let found = self.compared.iter().filter(|compared| compared.table == table && compared.equal == wanted);
            let most = if wanted { usize::MAX } else { 1 };
            for compared in found.take(most) {
                if !columns.contains(&compared.column.as_str()) {
                    columns.push(&compared.column);
                }
            }
        }
        columns
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Name(String),
    Word(String),
    Sign(char),
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            '"' | '`' => {
                let name: String = std::iter::from_fn(|| rest.next_if(|next| *next != first)).collect();
                rest.next();
                tokens.push(Token::Name(name));
            }
            '\'' => {
                while rest.next_if(|next| *next != '\'').is_some() {}
                rest.next();
                tokens.push(Token::Sign('\''));
            }
            letter if letter.is_alphabetic() || letter == '_' => {
                let more = std::iter::from_fn(|| rest.next_if(|next| next.is_alphanumeric() || *next == '_'));
                tokens.push(Token::Word(std::iter::once(letter).chain(more).collect()));
            }
            blank if blank.is_whitespace() => {}
            sign => tokens.push(Token::Sign(sign)),
        }
    }
    tokens
}

const KEYWORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "on",
    "set",
    "group",
    "order",
    "having",
    "limit",
    "join",
    "left",
    "right",
    "inner",
    "cross",
    "full",
    "lateral",
    "union",
    "as",
    "using",
    "values",
    "returning",
    "and",
    "or",
    "not",
    "by",
    "with",
    "for",
    "offset",
];

fn keyword(token: Option<&Token>) -> Option<&'static str> {
    match token? {
        Token::Word(word) => KEYWORDS.iter().find(|keyword| word.eq_ignore_ascii_case(keyword)).copied(),
        _ => None,
    }
}

fn name(token: Option<&Token>) -> Option<&str> {
    match token? {
        Token::Name(name) => Some(name),
        word @ Token::Word(name) => keyword(Some(word)).is_none().then_some(name),
        Token::Sign(_) => None,
    }
}

/// Reads a statement.
pub(super) fn read(sql: &str) -> Read {
    let tokens = tokens(sql);
    let mut found = Read::default();
    // For each level of parentheses: the table it reads, and whether conditions are written there.
    let mut levels: Vec<(Option<String>, bool)> = vec![(None, false)];
    let mut at = 0;
    while at < tokens.len() {
        let level = levels.len() - 1;
        match &tokens[at] {
            Token::Sign('(') => levels.push((levels[level].0.clone(), levels[level].1)),
            Token::Sign(')') if level > 0 => drop(levels.pop()),
            token => match keyword(Some(token)) {
                Some("from" | "join") => at += source(&tokens[at + 1..], &mut found, &mut levels[level]),
                Some("where" | "on" | "having") => levels[level].1 = true,
                Some("select" | "set" | "group" | "order" | "returning" | "values") => levels[level].1 = false,
                Some(_) => {}
                None if levels[level].1 => at += comparison(&tokens, at, levels[level].0.as_deref(), &mut found),
                None if matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("update")) => {
                    at += source(&tokens[at + 1..], &mut found, &mut levels[level]);
                }
                None => {}
            },
        }
        at += 1;
    }
    found
}

/// `namespace.table AS alias`; gives back how many tokens it took.
fn source(tokens: &[Token], found: &mut Read, level: &mut (Option<String>, bool)) -> usize {
    let Some(mut table) = name(tokens.first()) else { return 0 };
    let mut taken = 1;
    if tokens.get(1) == Some(&Token::Sign('.'))
        && let Some(second) = name(tokens.get(2))
    {
        (table, taken) = (second, 3);
    }
    if level.0.is_none() || !level.1 {
        level.0 = Some(table.to_string());
    }
    let alias = match keyword(tokens.get(taken)) {
        Some("as") => name(tokens.get(taken + 1)),
        Some(_) => None,
        None => name(tokens.get(taken)),
    };
    if let Some(alias) = alias {
        found.aliases.push((alias.to_string(), table.to_string()));
    }
    taken
}

/// A column beside an operator, on either side; gives back how many further tokens the column took.
fn comparison(tokens: &[Token], at: usize, table: Option<&str>, found: &mut Read) -> usize {
    let Some(first) = name(tokens.get(at)) else { return 0 };
    let qualified = tokens.get(at + 1) == Some(&Token::Sign('.'));
    let (owner, column, next) = match name(tokens.get(at + 2)).filter(|_| qualified) {
        Some(column) => (Some(found.table(first).to_string()), column, at + 3),
        None => (table.map(str::to_string), first, at + 1),
    };
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let after = operator(tokens.get(next), tokens.get(next + 1));
    let equal = after.or(if before == Some(&Token::Sign('=')) { Some(true) } else { None });
    if let (Some(table), Some(equal)) = (owner, equal) {
        let compared = Compared { table, column: column.to_string(), equal };
        if !found.compared.contains(&compared) {
            found.compared.push(compared);
        }
    }
    next - at - 1
}

/// Whether an operator compares with one value (or a list), or with a range; `None`: it is no comparison for an index.
fn operator(first: Option<&Token>, second: Option<&Token>) -> Option<bool> {
    match (first?, second) {
        (Token::Sign('='), _) => Some(true),
        (Token::Sign('<'), Some(Token::Sign('>'))) => None,
        (Token::Sign('<' | '>'), _) => Some(false),
        (Token::Word(word), _) if word.eq_ignore_ascii_case("in") => Some(true),
        (Token::Word(word), _) if word.eq_ignore_ascii_case("between") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compared_columns_are_found() {
        let index = |sql: &str, table: &str| read(sql).index_of(table).join(", ");
        let one = r#"SELECT "id" FROM "posts" WHERE "deleted_at" IS NULL AND ("slug" > $1 AND "author_id" = $2)"#;
        assert_eq!(index(one, "posts"), "author_id, slug");
        let joined = "SELECT t0.`id` FROM `posts` AS t0 JOIN `app`.`users` AS t1 ON t1.`id` = t0.`author_id` WHERE t1.`name` IN (?, ?)";
        assert_eq!((index(joined, "posts"), index(joined, "users")), ("author_id".into(), "id, name".into()));
        let nested =
            "select * from a where x between 1 and 2 and exists (select 1 from b u where u.y = a.z and w <> 'q = 1')";
        assert_eq!((index(nested, "a"), index(nested, "b")), ("z, x".into(), "y".into()));
        let update = r#"UPDATE "posts" SET "title" = ?1 WHERE "slug" = ?2"#;
        assert_eq!(index(update, "posts"), "slug");
        assert_eq!(index("SELECT 1", "posts"), "");
    }
}
