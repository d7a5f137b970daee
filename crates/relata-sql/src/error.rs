//! The one error of relata: [`Kind`] answers "what do I do now", the chain and hints answer "what do I tell the person".

mod http;

/// A result with relata's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $code:literal,)*) => {
        /// What went wrong, for the program to match on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$meta])* $kind,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)*];

            /// Its stable code, for logs and searches.
            pub const fn code(self) -> &'static str {
                match self { $(Kind::$kind => $code,)* }
            }
        }
    };
}

kinds! {
    /// A row that had to be there is not.
    NotFound = "R0001",
    /// More rows than one, where one was asked for.
    TooManyRows = "R0002",
    /// A unique key has that value already.
    UniqueViolation = "R0101",
    /// The row referred to does not exist, or is still referred to.
    ForeignKeyViolation = "R0102",
    /// NULL where none may be.
    NotNullViolation = "R0103",
    /// A check refused the row.
    CheckViolation = "R0104",
    /// An exclusion constraint refused the row.
    ExclusionViolation = "R0105",
    /// A declared rule refused the value before it was sent.
    Validation = "R0106",
    /// A value too long, too large or not of the column's type.
    InvalidValue = "R0107",
    /// The transaction could not be serialized: run it again.
    Serialization = "R0201",
    /// The transaction was the victim of a deadlock: run it again.
    Deadlock = "R0202",
    /// A lock was not given in time, or the SQLite file is locked.
    LockTimeout = "R0203",
    /// The statement or the caller's deadline ran out.
    Timeout = "R0204",
    /// Cancelled.
    Cancelled = "R0205",
    /// The transaction has failed already: roll back.
    TransactionFailed = "R0206",
    /// A transaction with this idempotency key was committed before: what it does has happened, once.
    AlreadyCommitted = "R0207",
    /// No server answered: no connection could be made.
    Unreachable = "R0301",
    /// The connection broke; what was sent may or may not have happened.
    InDoubt = "R0302",
    /// Wrong user or password.
    Authentication = "R0303",
    /// The database does not exist.
    NoSuchDatabase = "R0304",
    /// The server takes no more connections, or is starting or stopping.
    Unavailable = "R0305",
    /// TLS failed.
    Tls = "R0306",
    /// The pool had no connection in time.
    PoolTimeout = "R0307",
    /// What answered is no database, or broke the protocol.
    Protocol = "R0308",
    /// Refused without trying, to shed load: too many wait already, or the breaker of the node is open.
    Overloaded = "R0309",
    /// The connection was lost before the statement was sent, or with a transaction that the database has undone: nothing
    /// has happened, and the whole can be run again.
    NotSent = "R0310",
    /// The SQL does not parse.
    Syntax = "R0401",
    /// No such table or view.
    UndefinedTable = "R0402",
    /// No such column.
    UndefinedColumn = "R0403",
    /// No such function, type, index or other object.
    UndefinedObject = "R0404",
    /// It exists already.
    AlreadyExists = "R0405",
    /// Types do not fit in the SQL.
    TypeMismatch = "R0406",
    /// The database cannot do this; the hint names the alternative.
    Unsupported = "R0407",
    /// A row does not decode into the Rust type.
    Decode = "R0408",
    /// The number of parameters is wrong.
    Parameters = "R0409",
    /// Other objects depend on it.
    DependentObjects = "R0410",
    /// The role may not do this.
    PermissionDenied = "R0501",
    /// The database or file can only be read.
    ReadOnly = "R0502",
    /// The disk is full.
    DiskFull = "R0503",
    /// The file is no database, or damaged.
    Corrupt = "R0504",
    /// A file could not be read or written.
    Io = "R0505",
    /// The server ran out of memory, locks or another resource.
    ResourceExhausted = "R0506",
    /// A URL that is none.
    InvalidUrl = "R0601",
    /// A setting is wrong.
    Configuration = "R0602",
    /// A declaration is wrong.
    Declaration = "R0603",
    /// A migration's history, files or lock.
    Migration = "R0701",
    /// Another runner holds the migration lock.
    MigrationLocked = "R0702",
    /// A step would lose data and was not acknowledged.
    DataLoss = "R0703",
    /// A plan did not give what it promised.
    ProofFailed = "R0704",
    /// A mistake in relata.
    Internal = "R0901",
    /// Anything else the database reported.
    Database = "R0999",
}

/// The one error of relata.
///
/// ```
/// use relata_sql::{Error, Kind};
/// let error = Error::new(Kind::UniqueViolation, "a user with this email exists already").table("users").column("email");
/// assert_eq!(error.code(), "R0101");
/// assert!(!error.is_retryable());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    context: Vec<String>,
    hints: Vec<String>,
    details: Details,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What the database named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// SQLSTATE, or the server's own code as text.
    pub sqlstate: Option<String>,
    /// The server's own number of the error (MariaDB, MySQL).
    pub number: Option<u32>,
    /// Table.
    pub table: Option<String>,
    /// Column; of a key of several, all of them with commas between.
    pub column: Option<String>,
    /// Constraint.
    pub constraint: Option<String>,
    /// Entity, mapped back from the table.
    pub entity: Option<String>,
    /// Field, mapped back from the column or from the constraint; of several, all of them with commas between.
    pub field: Option<String>,
    /// The SQL without its parameters.
    pub sql: Option<String>,
    /// Where in the SQL it went wrong, if the database tells: characters before that place.
    pub position: Option<usize>,
    /// Everything that was found wrong with the data, where more than the first was looked for.
    pub problems: Vec<Problem>,
}

/// What is wrong with one field of a row, or with the row as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field by its Rust name; `None`: the row as a whole. Of a row that hangs on another with its place: `comments.0.text`.
    pub field: Option<String>,
    /// Which rule: `length`, `range`, `pattern`, `one_of`, `email`, `url`, `custom`, `condition`, `json_schema`,
    /// `required`, `type`, `unknown`, `unique`, `reference`, `check`.
    pub rule: &'static str,
    /// What the value should be, or what is wrong with it: `must have 1 to 80 characters, not 0`.
    pub message: String,
    /// What a translation of the message needs beside the rule: `min`, `max` and `actual` of a length, `min` and `max` of a range,
    /// `pattern`, `values` of `one_of`.
    pub parameters: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem of a field.
    pub fn of(field: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Problem { field: Some(field.into()), rule, message: message.into(), parameters: Vec::new() }
    }

    /// A problem of the row as a whole.
    pub fn of_row(rule: &'static str, message: impl Into<String>) -> Self {
        Problem { field: None, rule, message: message.into(), parameters: Vec::new() }
    }
}

impl Problem {
    /// With what a translation needs.
    #[must_use]
    pub fn with(mut self, parameters: Vec<(&'static str, String)>) -> Self {
        self.parameters = parameters;
        self
    }

    /// The same problem of a row that hangs on another: `comments.0.text` of `text`.
    #[must_use]
    pub fn below(mut self, place: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{place}.{field}"),
            None => place.to_string(),
        });
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field} {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error {
    /// An error of a kind: one sentence, lower case, no final full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            hints: Vec::new(),
            details: Details::default(),
            source: None,
        }))
    }

    /// The database cannot do this; `instead` names what to do.
    pub fn unsupported(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Error::new(Kind::Unsupported, what).hint(instead)
    }

    /// A new value for a column that the database computes.
    pub fn computed(entity: &str, field: &str) -> Self {
        let message = format!("`{field}` of `{entity}` is computed by the database and cannot be set");
        Error::unsupported(message, "set the columns that it is computed from")
    }

    pub(crate) fn polled_twice() -> Self {
        Error::new(Kind::Internal, "an answer was awaited twice")
    }

    /// What went wrong, to match on.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable code of the kind.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The sentence without context and hints.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the database named.
    pub fn details(&self) -> &Details {
        &self.0.details
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// Running the same transaction again may succeed, and cannot do the work twice.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Serialization
                | Kind::Deadlock
                | Kind::LockTimeout
                | Kind::Unreachable
                | Kind::NotSent
                | Kind::Unavailable
                | Kind::PoolTimeout
        )
    }

    /// A constraint or rule refused the data.
    pub fn is_constraint(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::UniqueViolation
                | Kind::ForeignKeyViolation
                | Kind::NotNullViolation
                | Kind::CheckViolation
                | Kind::ExclusionViolation
                | Kind::Validation
        )
    }

    /// What is wrong with the data, field by field: everything that was found where several rules were looked at, else the
    /// one thing that the database named. Empty for errors that are not about the data.
    pub fn problems(&self) -> Vec<Problem> {
        let details = &self.0.details;
        if !details.problems.is_empty() || !self.is_constraint() {
            return details.problems.clone();
        }
        let (rule, message) = match self.0.kind {
            Kind::UniqueViolation => ("unique", "is taken already"),
            Kind::ForeignKeyViolation => ("reference", "refers to a row that does not exist, or is still referred to"),
            Kind::NotNullViolation => ("required", "must be given"),
            Kind::ExclusionViolation => ("exclusion", "collides with another row"),
            _ => ("check", "is not allowed"),
        };
        match &details.field {
            Some(fields) => fields.split(", ").map(|field| Problem::of(field, rule, message)).collect(),
            None => vec![Problem::of_row(rule, self.0.message.clone())],
        }
    }

    /// The data is refused for these reasons. One alone is the sentence, several stand on lines of their own.
    pub fn invalid(entity: &str, problems: Vec<Problem>) -> Self {
        let message = match problems.as_slice() {
            [Problem { field: Some(field), message, .. }] => format!("{entity}.{field} {message}"),
            [Problem { field: None, message, .. }] => format!("{entity}: {message}"),
            several => {
                let lines: String = several.iter().map(|problem| format!("\n  {problem}")).collect();
                format!("{} things are wrong with this {entity}{lines}", several.len())
            }
        };
        let mut fields: Vec<&str> = Vec::new();
        for field in problems.iter().filter_map(|problem| problem.field.as_deref()) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        let field = (!fields.is_empty()).then(|| fields.join(", "));
        Error::new(Kind::Validation, message).with_details(|details| {
            details.entity = Some(entity.to_string());
            details.field = field;
            details.problems = problems;
        })
    }

    /// Adds what was being done, outermost last: `while applying 20260101_add_users`.
    #[must_use]
    pub fn context(mut self, doing: impl Into<String>) -> Self {
        self.0.context.push(doing.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Sets another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Changes what the database named.
    #[must_use]
    pub fn with_details(mut self, change: impl FnOnce(&mut Details)) -> Self {
        change(&mut self.0.details);
        self
    }

    /// Sets SQLSTATE.
    #[must_use]
    pub fn sqlstate(self, code: impl Into<String>) -> Self {
        self.with_details(|details| details.sqlstate = Some(code.into()))
    }

    /// Sets the server's own number of the error.
    #[must_use]
    pub fn number(self, number: u32) -> Self {
        self.with_details(|details| details.number = Some(number))
    }

    /// Sets the table.
    #[must_use]
    pub fn table(self, name: impl Into<String>) -> Self {
        self.with_details(|details| details.table = Some(name.into()))
    }

    /// Sets the column.
    #[must_use]
    pub fn column(self, name: impl Into<String>) -> Self {
        self.with_details(|details| details.column = Some(name.into()))
    }

    /// Sets the constraint.
    #[must_use]
    pub fn constraint(self, name: impl Into<String>) -> Self {
        self.with_details(|details| details.constraint = Some(name.into()))
    }

    /// Sets the SQL, which must not contain values.
    #[must_use]
    pub fn sql(self, sql: impl Into<String>) -> Self {
        self.with_details(|details| details.sql = Some(sql.into()))
    }

    /// Sets where in the SQL it went wrong: how many characters stand before that place.
    #[must_use]
    pub fn position(self, characters: usize) -> Self {
        self.with_details(|details| details.position = Some(characters))
    }

    /// Keeps what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

impl std::fmt::Display for Error {
    /// Context (outermost first), sentence, what the database named, SQL and hints, on lines of their own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for context in self.0.context.iter().rev() {
            write!(f, "{context}: ")?;
        }
        // The code belongs to the sentence; what follows it on lines of its own comes after.
        let (sentence, rest) = self.0.message.split_once('\n').unwrap_or((&self.0.message, ""));
        write!(f, "{sentence} [{}", self.code())?;
        if let Some(state) = &self.0.details.sqlstate {
            write!(f, ", {state}")?;
        }
        f.write_str("]")?;
        if !rest.is_empty() {
            write!(f, "\n{}", rest.trim_end())?;
        }
        let details = &self.0.details;
        for (word, value) in [
            ("entity", &details.entity),
            ("field", &details.field),
            ("table", &details.table),
            ("column", &details.column),
            ("constraint", &details.constraint),
            ("sql", &details.sql),
        ] {
            if let Some(value) = value {
                write!(f, "\n  {word}: {value}")?;
            }
        }
        for hint in &self.0.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }

    #[test]
    fn an_error_says_what_where_and_what_next() {
        let error = Error::new(Kind::UndefinedColumn, "there is no column titel")
            .sqlstate("42703")
            .table("posts")
            .hint("did you mean title?")
            .context("while running a query");
        expect_test::expect![[r#"
            while running a query: there is no column titel [R0403, 42703]
              table: posts
              hint: did you mean title?"#]]
        .assert_eq(&error.to_string());
    }
}
