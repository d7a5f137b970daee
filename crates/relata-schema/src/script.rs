//! SQL scripts: cutting them into statements, and the form of a script that layout does not change.
//!
//! One lexer for all dialects knows strings, quoted names, comments and dollar quotes; nothing here parses SQL further
//! than it must to find where a statement ends:
//!
//! - SQLite: a trigger's body ends with `; END ;`.
//! - PostgreSQL: semicolons in parentheses (rules) and in `BEGIN ATOMIC … END` do not end a statement; lines that begin
//!   with a backslash (`\restrict`, `\connect`: commands of psql) are skipped; [`shell_commands`] lists them.
//!   The lines after `COPY … FROM stdin;`, up to `\.`, are that statement's [`ScriptStatement::data`].
//! - MariaDB: `DELIMITER` as the `mariadb` shell reads it; `/*! … */` is part of a statement, never a comment.

use crate::dialect::Dialect;

/// One statement of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptStatement {
    /// The statement as written, without terminator and without the comments around it.
    pub sql: String,
    /// The byte it begins at in the script; a byte order mark at the beginning of the script is not counted.
    pub start: usize,
    /// The line it begins on, from 1.
    pub line: usize,
    /// The line comments directly before it, without `--`, trimmed, in order.
    pub comments: Vec<String>,
    /// The rows of `COPY … FROM stdin` that follow the statement, as written, without the line `\.`; `None` when the
    /// statement is no such one.
    pub data: Option<String>,
}

/// The statements of a script, in order, each without terminator. Comments between statements are left out.
///
/// ```
/// use relata_schema::{Dialect, script};
/// let statements = script::split(Dialect::Postgres, "select ';'; -- done\nselect $$;$$");
/// assert_eq!(statements, ["select ';'", "select $$;$$"]);
/// ```
pub fn split(dialect: Dialect, text: &str) -> Vec<String> {
    statements(dialect, text).into_iter().map(|statement| statement.sql).collect()
}

/// [`split`] with lines and comments.
pub fn statements(dialect: Dialect, text: &str) -> Vec<ScriptStatement> {
    Splitter::new(dialect, text).run()
}

/// The script with every comment gone and every run of white space outside quotes replaced by one space: two scripts
/// with the same normal form do the same. `DELIMITER` lines and terminators are gone too: statements end with `;\n`.
pub fn normalise(dialect: Dialect, text: &str) -> String {
    let normal = |statement: &ScriptStatement| {
        flatten(dialect, &statement.sql) + ";\n" + statement.data.as_deref().unwrap_or_default()
    };
    statements(dialect, text).iter().map(normal).collect()
}

/// psql's backslash commands of a PostgreSQL script, which are no SQL and are skipped: line, and the command as written.
///
/// ```
/// use relata_schema::script;
/// assert_eq!(script::shell_commands("select '\\x';\n\\connect shop\n"), [(2, "\\connect shop".to_string())]);
/// ```
pub fn shell_commands(text: &str) -> Vec<(usize, String)> {
    let mut splitter = Splitter::new(Dialect::Postgres, text);
    splitter.split();
    splitter.commands
}

/// A command of psql that means something, and is skipped all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedCommand {
    /// The line it stands on, from 1.
    pub line: usize,
    /// It, as written.
    pub text: String,
    /// What to write instead.
    pub instead: &'static str,
}

impl MissedCommand {
    /// Its name, without the backslash.
    pub fn name(&self) -> &str {
        self.text[1..].split_whitespace().next().unwrap_or_default()
    }
}

/// The commands of psql that would be missed; not those that dumps begin with and that change nothing.
///
/// ```
/// use relata_schema::script;
/// let missed = script::missed_commands("\\restrict x\n\\i other.sql\n");
/// assert_eq!((missed[0].line, missed[0].name()), (2, "i"));
/// ```
pub fn missed_commands(text: &str) -> Vec<MissedCommand> {
    const HARMLESS: [&str; 10] =
        ["restrict", "unrestrict", "echo", "qecho", "warn", "timing", "pset", "encoding", "x", "t"];
    const SETTINGS: [&str; 5] = ["ON_ERROR_STOP", "ON_ERROR_ROLLBACK", "QUIET", "VERBOSITY", "ECHO"];
    let mut missed = Vec::new();
    for (line, text) in shell_commands(text) {
        let mut words = text[1..].split_whitespace();
        let (name, argument) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if HARMLESS.contains(&name) || (name == "set" && SETTINGS.contains(&argument)) {
            continue;
        }
        let instead = match name {
            "c" | "connect" => "a migration runs in one database, the one of --url: take the line out",
            "i" | "ir" | "include" | "include_relative" => {
                "put the SQL of that file here, or into a migration of its own"
            }
            "copy" => "write COPY … FROM stdin with the rows behind it, or INSERT",
            "set" | "if" | "gexec" | "gset" => "write the SQL that it stands for",
            _ => "take the line out; it is for people at psql",
        };
        missed.push(MissedCommand { line, text, instead });
    }
    missed
}

/// One statement without comments, with single spaces.
pub fn flatten(dialect: Dialect, sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut gap = false;
    for piece in pieces(dialect, sql) {
        match piece.kind {
            PieceKind::Space | PieceKind::Comment => gap = true,
            _ => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.push_str(piece.text);
            }
        }
    }
    out
}

/// The first `limit` words of a statement that stand outside quotes and comments, in upper case. MariaDB: of the statement
/// that follows `SET STATEMENT … FOR`, which sets variables for that one alone.
pub fn words(dialect: Dialect, sql: &str, limit: usize) -> Vec<String> {
    let all = || {
        let words = pieces(dialect, sql).filter(|piece| piece.kind == PieceKind::Word);
        words.map(|piece| piece.text.to_ascii_uppercase())
    };
    let mut beginning = all();
    if dialect == Dialect::Mysql
        && beginning.next().is_some_and(|word| word == "SET")
        && beginning.next().is_some_and(|word| word == "STATEMENT")
    {
        return all().skip_while(|word| word != "FOR").skip(1).take(limit).collect();
    }
    all().take(limit).collect()
}

/// A part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// A word outside quotes: a keyword or a name.
    Word(&'a str),
    /// A name in quotes, without them.
    Name(String),
    /// Anything else: a sign, a number, a text in its quotes.
    Other(&'a str),
}

impl Token<'_> {
    /// The name that it may be.
    pub fn name(&self) -> Option<&str> {
        match self {
            Token::Word(word) => Some(word),
            Token::Name(name) => Some(name),
            Token::Other(_) => None,
        }
    }

    /// It is this keyword.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// The parts of a statement, without comments.
///
/// ```
/// use relata_schema::Dialect;
/// use relata_schema::script::{Token, tokens};
/// let parts = tokens(Dialect::Mysql, "DROP /* it */ TABLE `a``b`;");
/// assert_eq!(parts, [Token::Word("DROP"), Token::Word("TABLE"), Token::Name("a`b".into()), Token::Other(";")]);
/// ```
pub fn tokens(dialect: Dialect, sql: &str) -> Vec<Token<'_>> {
    let token = |piece: Piece<'_>| match piece.kind {
        PieceKind::Space | PieceKind::Comment => None,
        PieceKind::Word => Some(Token::Word(&sql[piece.start..piece.start + piece.text.len()])),
        PieceKind::Quoted => {
            let text = &sql[piece.start..piece.start + piece.text.len()];
            let quote = match text.as_bytes()[0] {
                b'`' => "`",
                b'"' if dialect != Dialect::Mysql => "\"",
                b'[' => "]",
                _ => return Some(Token::Other(text)),
            };
            let inner = text.get(1..text.len() - 1).unwrap_or_default();
            Some(Token::Name(inner.replace(&quote.repeat(2), quote)))
        }
        PieceKind::Other => Some(Token::Other(&sql[piece.start..piece.start + piece.text.len()])),
    };
    pieces(dialect, sql).filter_map(token).collect()
}

/// The statement with `qualifier.` gone before names, outside quotes and comments: for a script that names the database
/// it was written for and shall run in another.
///
/// ```
/// use relata_schema::{Dialect, script};
/// let sql = "SELECT f.id, 'shop.x' FROM shop.film f, `shop`.actor";
/// assert_eq!(script::unqualify(Dialect::Mysql, sql, "shop"), "SELECT f.id, 'shop.x' FROM film f, actor");
/// ```
pub fn unqualify(dialect: Dialect, sql: &str, qualifier: &str) -> String {
    let pieces: Vec<_> = pieces(dialect, sql).collect();
    let dot = |at: usize| pieces.get(at).is_some_and(|piece| piece.kind == PieceKind::Other && piece.text == ".");
    let names = |piece: &Piece<'_>| match piece.kind {
        PieceKind::Word => piece.text == qualifier,
        PieceKind::Quoted => piece.text == dialect.quote(qualifier),
        _ => false,
    };
    let mut out = String::with_capacity(sql.len());
    let mut at = 0;
    while at < pieces.len() {
        let inside = at > 0 && dot(at - 1);
        if names(&pieces[at]) && dot(at + 1) && !inside {
            at += 2;
            continue;
        }
        out.push_str(pieces[at].text);
        at += 1;
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceKind {
    Space,
    Comment,
    Quoted,
    Word,
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: PieceKind,
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

pub(crate) fn pieces(dialect: Dialect, text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut lexer = Lexer { dialect, text, at: 0 };
    std::iter::from_fn(move || lexer.next())
}

#[derive(Clone)]
struct Lexer<'a> {
    dialect: Dialect,
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let (kind, length) = self.measure(rest, first);
        let piece = Piece { kind, text: &rest[..length], start: self.at };
        self.at += length;
        Some(piece)
    }

    /// Kind and length in bytes of the piece at the beginning of `rest`, which begins with `first`.
    fn measure(&self, rest: &str, first: char) -> (PieceKind, usize) {
        let dialect = self.dialect;
        if first.is_whitespace() {
            return (PieceKind::Space, run(rest, char::is_whitespace));
        }
        if let Some(found) = comment(dialect, rest) {
            return found;
        }
        match first {
            '\'' => (PieceKind::Quoted, quoted(rest, '\'', dialect == Dialect::Mysql)),
            '"' => (PieceKind::Quoted, quoted(rest, '"', dialect == Dialect::Mysql)),
            '`' if dialect != Dialect::Postgres => (PieceKind::Quoted, quoted(rest, '`', false)),
            '[' if dialect == Dialect::Sqlite => (PieceKind::Quoted, through(rest, 1, "]")),
            '$' if dialect == Dialect::Postgres => match dollar_tag(rest) {
                Some(tag) => (PieceKind::Quoted, through(rest, tag.len(), tag)),
                None => (PieceKind::Other, 1),
            },
            'e' | 'E' if dialect == Dialect::Postgres && rest[1..].starts_with('\'') => {
                (PieceKind::Quoted, 1 + quoted(&rest[1..], '\'', true))
            }
            // A delimiter of dollars may follow a word at once: `END$$`.
            _ if is_word(first) && dialect == Dialect::Mysql => (PieceKind::Word, run(rest, is_word)),
            _ if is_word(first) => (PieceKind::Word, run(rest, |c| is_word(c) || c == '$')),
            _ => (PieceKind::Other, first.len_utf8()),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length up to and with the first `end` after `from`; all of it if there is none.
fn through(text: &str, from: usize, end: &str) -> usize {
    text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
}

fn comment(dialect: Dialect, rest: &str) -> Option<(PieceKind, usize)> {
    let line = || (PieceKind::Comment, rest.find('\n').unwrap_or(rest.len()));
    let after_dashes = rest.strip_prefix("--");
    match (dialect, after_dashes) {
        (Dialect::Mysql, Some(after)) if after.is_empty() || after.starts_with(char::is_whitespace) => {
            return Some(line());
        }
        (Dialect::Sqlite | Dialect::Postgres, Some(_)) => return Some(line()),
        _ => {}
    }
    if dialect == Dialect::Mysql && rest.starts_with('#') {
        return Some(line());
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let executable = dialect == Dialect::Mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!"));
    let kind = if executable { PieceKind::Quoted } else { PieceKind::Comment };
    let length = if dialect == Dialect::Postgres { nested_comment(rest) } else { through(rest, 2, "*/") };
    Some((kind, length))
}

fn nested_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn quoted(text: &str, quote: char, backslash: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslash {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

fn dollar_tag(text: &str) -> Option<&str> {
    let end = 1 + text[1..].find('$')?;
    let tag = &text[1..end];
    let valid = !tag.starts_with(|c: char| c.is_ascii_digit()) && tag.chars().all(is_word);
    valid.then(|| &text[..=end])
}

/// Walks the pieces once. `words`, `depth` and `atomic` belong to the statement being read.
struct Splitter<'a> {
    dialect: Dialect,
    lexer: Lexer<'a>,
    delimiter: String,
    out: Vec<ScriptStatement>,
    comments: Vec<String>,
    /// Where the statement begins and where its last significant piece ends.
    extent: Option<(usize, usize)>,
    /// The first words, in upper case.
    words: Vec<String>,
    /// Open parentheses.
    parentheses: usize,
    /// Open `BEGIN ATOMIC` and `CASE`.
    blocks: usize,
    /// The last significant pieces, in upper case: what `; END ;` is recognised by.
    last: [String; 2],
    /// `FROM STDIN` was read.
    from_stdin: bool,
    /// The line of the byte `counted`.
    line: usize,
    counted: usize,
    /// Commands of the database's shell that were skipped, with their lines.
    commands: Vec<(usize, String)>,
}

impl<'a> Splitter<'a> {
    fn new(dialect: Dialect, text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Splitter {
            dialect,
            lexer: Lexer { dialect, text, at: 0 },
            delimiter: ";".into(),
            out: Vec::new(),
            comments: Vec::new(),
            extent: None,
            words: Vec::new(),
            parentheses: 0,
            blocks: 0,
            last: Default::default(),
            from_stdin: false,
            line: 1,
            counted: 0,
            commands: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<ScriptStatement> {
        self.split();
        self.out
    }

    fn split(&mut self) {
        loop {
            if self.lexer.text[self.lexer.at..].starts_with(&self.delimiter) && self.may_end() {
                self.lexer.at += self.delimiter.len();
                self.finish();
                continue;
            }
            if self.extent.is_none() && self.shell_command() {
                continue;
            }
            let Some(piece) = self.lexer.next() else { break };
            match piece.kind {
                PieceKind::Space => {}
                PieceKind::Comment => self.comment(piece.text),
                _ => self.significant(piece),
            }
        }
        self.finish();
    }

    /// Skips `DELIMITER x` and psql's backslash commands at the beginning of a statement.
    fn shell_command(&mut self) -> bool {
        let rest = &self.lexer.text[self.lexer.at..];
        let line = rest.lines().next().unwrap_or("");
        let skip = match self.dialect {
            Dialect::Postgres => line.starts_with('\\'),
            Dialect::Mysql => match line.split_at_checked("delimiter".len()) {
                Some((word, value)) if word.eq_ignore_ascii_case("delimiter") && value.starts_with([' ', '\t']) => {
                    self.delimiter = value.trim().to_string();
                    if self.delimiter.is_empty() {
                        self.delimiter = ";".into();
                    }
                    true
                }
                _ => false,
            },
            Dialect::Sqlite => false,
        };
        if skip {
            let number = self.lexer.text[..self.lexer.at].matches('\n').count() + 1;
            self.commands.push((number, line.trim_end().to_string()));
            self.lexer.at += line.len();
        }
        skip
    }

    fn comment(&mut self, text: &str) {
        if self.extent.is_none()
            && let Some(line) = text.strip_prefix("--")
        {
            self.comments.push(line.trim().to_string());
        }
    }

    fn significant(&mut self, piece: Piece<'_>) {
        let end = piece.start + piece.text.len();
        self.extent = Some((self.extent.map_or(piece.start, |(start, _)| start), end));
        let upper = piece.text.to_ascii_uppercase();
        match piece.kind {
            PieceKind::Word => {
                self.count_blocks(&upper);
                self.from_stdin |= upper == "STDIN" && self.last[1] == "FROM";
                if self.words.len() < 5 {
                    self.words.push(upper.clone());
                }
            }
            PieceKind::Other if piece.text == "(" => self.parentheses += 1,
            PieceKind::Other if piece.text == ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        let [_, previous] = std::mem::take(&mut self.last);
        self.last = [previous, upper];
    }

    fn count_blocks(&mut self, word: &str) {
        if self.dialect != Dialect::Postgres || !self.is_routine() {
            return;
        }
        match word {
            "ATOMIC" if self.last[1] == "BEGIN" => self.blocks += 1,
            "CASE" if self.blocks > 0 => self.blocks += 1,
            "END" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }

    fn is_routine(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(words[..], ["CREATE", "FUNCTION" | "PROCEDURE", ..])
            || matches!(words[..], ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE", ..])
    }

    fn is_trigger(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(words[..], ["CREATE", "TRIGGER", ..] | ["CREATE", "TEMP" | "TEMPORARY", "TRIGGER", ..])
    }

    /// Whether a delimiter here ends the statement.
    fn may_end(&self) -> bool {
        match self.dialect {
            Dialect::Sqlite => !self.is_trigger() || self.last == [";", "END"],
            Dialect::Postgres => self.parentheses == 0 && self.blocks == 0,
            Dialect::Mysql => true,
        }
    }

    fn finish(&mut self) {
        if let Some((start, end)) = self.extent.take() {
            self.line += self.lexer.text[self.counted..start].matches('\n').count();
            self.counted = start;
            let data = self.copied();
            self.out.push(ScriptStatement {
                sql: self.lexer.text[start..end].to_string(),
                start,
                line: self.line,
                comments: std::mem::take(&mut self.comments),
                data,
            });
        }
        self.from_stdin = false;
        self.words.clear();
        self.last = Default::default();
        self.parentheses = 0;
        self.blocks = 0;
    }

    /// Takes the rows of `COPY … FROM stdin`: the lines after this one, up to `\.` or the end.
    fn copied(&mut self) -> Option<String> {
        let copies = self.dialect == Dialect::Postgres && self.from_stdin && self.words.first()? == "COPY";
        if !copies {
            return None;
        }
        let rest = &self.lexer.text[self.lexer.at..];
        let rows = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let (mut end, mut after) = (rest.len(), rest.len());
        let mut at = rows;
        for line in rest[rows..].split_inclusive('\n') {
            if line.trim_end() == "\\." {
                (end, after) = (at, at + line.len());
                break;
            }
            at += line.len();
        }
        self.lexer.at += after;
        Some(rest[rows..end].to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, text: &str, expected: &[&str]) {
        assert_eq!(split(dialect, text), expected, "{dialect:?}: {text}");
    }

    #[test]
    fn rows_of_copy_belong_to_their_statement() {
        let text = "\u{feff}select 1;\nCOPY t (a) FROM stdin;\na;b\n\\N\n\\.\n\nselect 2; copy t to stdout; select 3";
        let found = statements(Dialect::Postgres, text);
        let texts: Vec<_> = found.iter().map(|statement| statement.sql.as_str()).collect();
        assert_eq!(texts, ["select 1", "COPY t (a) FROM stdin", "select 2", "copy t to stdout", "select 3"]);
        let data: Vec<_> = found.iter().map(|statement| statement.data.as_deref()).collect();
        assert_eq!(data, [None, Some("a;b\n\\N\n"), None, None, None]);
        let places: Vec<_> = found.iter().map(|statement| (statement.start, statement.line)).collect();
        assert_eq!(places, [(0, 1), (10, 2), (44, 7), (54, 7), (72, 7)]);
        let open = &statements(Dialect::Postgres, "COPY t FROM STDIN WITH (FORMAT csv);\r\n1,2\r\n")[0];
        assert_eq!(open.data.as_deref(), Some("1,2\r\n"));
    }

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            check(
                dialect,
                "select 'a;''b'; select \";\" ;; -- c;\n/* d; */ select 1",
                &["select 'a;''b'", "select \";\"", "select 1"],
            );
            check(dialect, "-- nothing\n/* here */ ;\n", &[]);
            check(dialect, "select 'open; ended", &["select 'open; ended"]);
        }
        check(
            Dialect::Sqlite,
            "create table [a;b] (`c;` int); select 1",
            &["create table [a;b] (`c;` int)", "select 1"],
        );
        check(Dialect::Postgres, "select a[1], '\\'; select 2", &["select a[1], '\\'", "select 2"]);
        check(Dialect::Postgres, "select E'\\';', '\u{e9};' ; select 2", &["select E'\\';', '\u{e9};'", "select 2"]);
        check(Dialect::Mysql, "select '\\';', 2--1; # x;\nselect `;`", &["select '\\';', 2--1", "select `;`"]);
        check(Dialect::Mysql, "/*!40101 set a=1; */; select 1", &["/*!40101 set a=1; */", "select 1"]);
        check(Dialect::Postgres, "/* a /* b; */ ; */ select 1; select 2", &["select 1", "select 2"]);
    }

    #[test]
    fn bodies_stay_whole() {
        check(
            Dialect::Sqlite,
            "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN 1 THEN 2 END; DELETE FROM b; END; SELECT 1;",
            &[
                "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN 1 THEN 2 END; DELETE FROM b; END",
                "SELECT 1",
            ],
        );
        check(
            Dialect::Postgres,
            "create function f() returns int as $b$ begin; $$ end; $b$ language plpgsql; select $1",
            &["create function f() returns int as $b$ begin; $$ end; $b$ language plpgsql", "select $1"],
        );
        check(
            Dialect::Postgres,
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; BEGIN; COMMIT",
            &[
                "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
                "BEGIN",
                "COMMIT",
            ],
        );
        check(
            Dialect::Postgres,
            "create rule r as on insert to a do (select 1; select 2); select 3",
            &["create rule r as on insert to a do (select 1; select 2)", "select 3"],
        );
        check(
            Dialect::Mysql,
            "select 1;\nDELIMITER $$\ncreate procedure p() begin select 1; end$$\ndelimiter ;\nselect 2;",
            &["select 1", "create procedure p() begin select 1; end", "select 2"],
        );
    }

    #[test]
    fn psql_commands_are_skipped() {
        check(Dialect::Postgres, "\\restrict abc\nselect 1;\n\\unrestrict abc\n", &["select 1"]);
    }

    #[test]
    fn statements_know_their_line_and_comments() {
        let found = statements(Dialect::Sqlite, "\u{feff}-- relata: done select 1\n\nselect 2;\n-- last\nselect 3");
        assert_eq!(
            found[0],
            ScriptStatement {
                sql: "select 2".into(),
                start: 26,
                line: 3,
                comments: vec!["relata: done select 1".into()],
                data: None,
            }
        );
        assert_eq!((found[1].line, found[1].comments.as_slice()), (5, &["last".to_string()][..]));
    }

    #[test]
    fn layout_does_not_change_the_normal_form() {
        let plain = normalise(Dialect::Postgres, "create table a (x int); select 'a  b';");
        let wild = normalise(Dialect::Postgres, "-- why\r\ncreate  table a\r\n (x int) ;\r\n/* ! */select\n'a  b'");
        assert_eq!(plain, wild);
        assert_ne!(plain, normalise(Dialect::Postgres, "create table a (x int); select 'a b';"));
    }

    #[test]
    fn joined_statements_split_again() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            let statements = vec!["create table a (x int)".to_string(), "select ';'".to_string()];
            assert_eq!(split(dialect, &dialect.join(&statements)), statements);
        }
    }
}
