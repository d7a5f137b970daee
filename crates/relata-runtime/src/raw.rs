//! SQL of your own with bound parameters, read into tuples, scalars or entities.

use std::marker::PhantomData;

use relata_sql::tree::Tree;
use relata_sql::typed::ProgramText;
use relata_sql::{Encode, FromRow, Result, Value};

use crate::by_name::ByName;
use crate::executor::{Executor, Intent};
use crate::find::{Collect, not_found, single};
use crate::stream::Rows;

/// A query in SQL that gives a `T` for each row: a tuple by position, one value; an entity, or a struct that derives [`FromRow`],
/// by the names of its columns.
///
/// `?` stands for each parameter on every database (`??` is a question mark). The text is part of the program; only
/// values come from outside.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let rows = sql::<(i64, String)>("SELECT id, title FROM books WHERE pages > ?", (300,)).all(&mut db).await?;
/// assert_eq!(rows, [(1, "The Dispossessed".to_string())]);
/// let changed = sql::<()>("UPDATE books SET pages = ? WHERE id = ?", (205, 3)).exec(&mut db).await?; // `()`: no rows
/// assert_eq!(changed, 1);
/// # Ok(())
/// # }
/// ```
pub fn sql<T: FromRow>(sql: impl ProgramText, params: impl Params) -> Raw<T> {
    Raw { sql: sql.text().into(), params: params.into_values(), marker: PhantomData }
}

/// [`sql`] for a text that is put together at run time. The caller vouches that nothing from outside is part of it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let table = "books"; // never text from outside
/// let count: i64 = relata::sql_unchecked(format!("SELECT count(*) FROM {table}"), ()).one(&mut db).await?;
/// assert_eq!(count, 3);
/// # Ok(())
/// # }
/// ```
pub fn sql_unchecked<T: FromRow>(sql: impl Into<String>, params: impl Params) -> Raw<T> {
    Raw { sql: sql.into().into(), params: params.into_values(), marker: PhantomData }
}

/// A query or statement in SQL.
#[must_use = "it does nothing until it is run by `.all(…)`, `.exec(…)` or another of its endings"]
pub struct Raw<T> {
    sql: std::borrow::Cow<'static, str>,
    params: Vec<Value>,
    marker: PhantomData<fn() -> T>,
}

/// The statement begins with a word that writes nothing.
pub(crate) fn only_reads(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    ["select", "values", "explain"].iter().any(|reading| word.eq_ignore_ascii_case(reading))
}

/// Parameters of a statement: a tuple, an array or a `Vec` of values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of parameters",
    label = "expected a tuple with a value for each `?`: `(1,)` for one, `()` for none"
)]
pub trait Params {
    /// As values.
    fn into_values(self) -> Vec<Value>;
}

impl Params for () {
    fn into_values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl<T: Encode> Params for Vec<T> {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Encode::encode).collect()
    }
}

impl<T: Encode, const N: usize> Params for [T; N] {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Encode::encode).collect()
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Encode),*> Params for ($($name,)*) {
            fn into_values(self) -> Vec<Value> {
                vec![$(self.$index.encode()),*]
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

impl<T> Raw<T> {
    pub(crate) fn into_parts(self) -> (std::borrow::Cow<'static, str>, Vec<Value>) {
        (self.sql, self.params)
    }
}

impl<T: FromRow> Raw<T> {
    fn intent(&self) -> Intent {
        if only_reads(&self.sql) { Intent::Read } else { Intent::Write }
    }

    /// All rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books: Vec<Book> = sql("SELECT * FROM books WHERE pages < ? ORDER BY id", (300,)).all(&mut db).await?;
    /// assert_eq!(books[1].title, "Solaris");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says; `Kind::Parameters` when their number is wrong; `Kind::Decode` when a column does not fit.
    pub async fn all(mut self, executor: &mut impl Executor) -> Result<Vec<T>> {
        let mut sink = ByName::new(T::names(), Collect { rows: Vec::new(), read: T::from_row });
        let intent = self.intent();
        let mut lease = executor.lease(intent).await?;
        lease.query(Tree::Raw(&self.sql, &mut self.params), &mut sink).await?;
        Ok(sink.sink.rows)
    }

    /// The first row, if there is any. The others are read, too: the SQL is sent as it is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let title = sql::<String>("SELECT title FROM books ORDER BY pages DESC", ()).first(&mut db).await?;
    /// assert_eq!(title.as_deref(), Some("The Dispossessed"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Raw::all`].
    pub async fn first(self, executor: &mut impl Executor) -> Result<Option<T>> {
        Ok(self.all(executor).await?.into_iter().next())
    }

    /// The one row, if there is any.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let title = sql::<String>("SELECT title FROM books WHERE id = ?", (7,)).optional(&mut db).await?;
    /// assert_eq!(title, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::TooManyRows` when there are several; as [`Raw::all`].
    pub async fn optional(self, executor: &mut impl Executor) -> Result<Option<T>> {
        single(self.all(executor).await?, "row")
    }

    /// The one row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let pages: i64 = sql("SELECT sum(pages) FROM books", ()).one(&mut db).await?;
    /// assert_eq!(pages, 729);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none, `Kind::TooManyRows` when there are several; as [`Raw::all`].
    pub async fn one(self, executor: &mut impl Executor) -> Result<T> {
        self.optional(executor).await?.ok_or_else(|| not_found("row"))
    }

    /// Rows as they come, in portions.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut titles = sql::<String>("SELECT title FROM books ORDER BY title", ()).stream(&mut db);
    /// assert_eq!(titles.next().await?.as_deref(), Some("Solaris"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<'x>(self, executor: &'x mut impl Executor) -> Rows<'x, T>
    where
        T: 'x,
    {
        let intent = self.intent();
        let (sql, mut params) = (self.sql, self.params);
        Rows::start(
            executor,
            intent,
            move |lease| lease.render(Tree::Raw(&sql, &mut params)),
            T::from_row,
            (T::names(), None),
        )
    }

    /// Runs it for what it does; gives back how many rows it changed. No rows are read: `sql::<()>(…)`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let deleted = sql::<()>("DELETE FROM books WHERE pages < ?", (300,)).exec(&mut db).await?;
    /// assert_eq!(deleted, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Raw::all`].
    pub async fn exec(mut self, executor: &mut impl Executor) -> Result<u64> {
        let mut lease = executor.lease(Intent::Write).await?;
        Ok(lease.execute(Tree::Raw(&self.sql, &mut self.params)).await?.rows_affected)
    }
}
