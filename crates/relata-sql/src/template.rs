//! Functions as each database writes them: one text for each, with places for the arguments.
//!
//! A function is data: [`Template`] says how it is written on each database, or why it is not there and what to do
//! instead. So that a function more is a line more, and what one database lacks is refused before anything is sent.
//!
//! In a text `{0}`, `{1}`, … are the arguments and `{*}` is all of them with commas between; braces themselves cannot be
//! written. An argument that a text names twice is written twice.

/// A function.
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    /// What people call it.
    pub name: &'static str,
    /// On SQLite.
    pub sqlite: Form,
    /// On PostgreSQL.
    pub postgres: Form,
    /// On MariaDB and MySQL.
    pub mysql: Form,
    /// It takes the values of a whole group.
    pub of_groups: bool,
}

/// How a database writes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// So.
    Sql(&'static str),
    /// Not at all; this is what to do instead.
    Lacks(&'static str),
}

impl Template {
    /// A function that all databases write in the same way.
    pub const fn everywhere(name: &'static str, sql: &'static str) -> Self {
        Self::each(name, sql, sql, sql)
    }

    /// A function that each database has in its own way: SQLite, PostgreSQL, MariaDB.
    pub const fn each(name: &'static str, sqlite: &'static str, postgres: &'static str, mysql: &'static str) -> Self {
        let (sqlite, postgres, mysql) = (Form::Sql(sqlite), Form::Sql(postgres), Form::Sql(mysql));
        Template { name, sqlite, postgres, mysql, of_groups: false }
    }

    /// A function of PostgreSQL alone; elsewhere that is to be done instead.
    pub const fn postgres(name: &'static str, sql: &'static str, instead: &'static str) -> Self {
        let lacks = Form::Lacks(instead);
        Template { name, sqlite: lacks, postgres: Form::Sql(sql), mysql: lacks, of_groups: false }
    }

    /// A function of MariaDB alone; elsewhere that is to be done instead.
    pub const fn mysql(name: &'static str, sql: &'static str, instead: &'static str) -> Self {
        let lacks = Form::Lacks(instead);
        Template { name, sqlite: lacks, postgres: lacks, mysql: Form::Sql(sql), of_groups: false }
    }

    /// A function of SQLite alone; elsewhere that is to be done instead.
    pub const fn sqlite(name: &'static str, sql: &'static str, instead: &'static str) -> Self {
        let lacks = Form::Lacks(instead);
        Template { name, sqlite: Form::Sql(sql), postgres: lacks, mysql: lacks, of_groups: false }
    }

    /// It says itself in which order its values are taken.
    pub(crate) fn orders_values(&self) -> bool {
        matches!(self.postgres, Form::Sql(sql) if sql.contains("WITHIN GROUP"))
    }

    /// The same, as a function of the values of a whole group.
    #[must_use]
    pub const fn of_groups(mut self) -> Self {
        self.of_groups = true;
        self
    }

    /// The same, but PostgreSQL lacks it.
    #[must_use]
    pub const fn not_on_postgres(mut self, instead: &'static str) -> Self {
        self.postgres = Form::Lacks(instead);
        self
    }

    /// The same, but SQLite lacks it.
    #[must_use]
    pub const fn not_on_sqlite(mut self, instead: &'static str) -> Self {
        self.sqlite = Form::Lacks(instead);
        self
    }

    /// The same, but MariaDB lacks it.
    #[must_use]
    pub const fn not_on_mysql(mut self, instead: &'static str) -> Self {
        self.mysql = Form::Lacks(instead);
        self
    }
}
