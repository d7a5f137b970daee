//! The types of rows with what was loaded, written by the names of the relations.

use crate::relation::Relation;

/// The relation of an entity with this name, of which the number is made ([`number`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relation of this name",
    label = "not the name of a relation of `{Self}`",
    note = "the names are those of `#[has_many]`, `#[has_one]`, `#[many_to_many]` and `#[references]`, which are written without `_id`"
)]
pub trait Named<const NUMBER: u64> {
    /// Its marker.
    type Relation: Relation<From = Self>;
}

/// The number of a name: FNV-1a.
pub const fn number(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let raw = bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#';
    let mut at = if raw { 2 } else { 0 };
    let mut number = 0xcbf2_9ce4_8422_2325_u64;
    while at < bytes.len() {
        number = (number ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    number
}

/// The type of a row with what `.with(…)` loaded, for signatures and fields: the entity, and the relations in the order in which
/// the query names them. What is nested stands in parentheses.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// use relata::loaded;
///
/// type Shelf = loaded!(Author: books(author));
///
/// async fn shelves(db: &mut Db) -> relata::Result<Vec<Shelf>> {
///     Author::find().with(Author.books.with(Book.author)).all(db).await
/// }
///
/// fn line(book: &loaded!(Book: author)) -> String {
///     format!("{} by {}", book.title, book.author().name)
/// }
///
/// assert_eq!(shelves(&mut db).await?[0].books().len(), 2);
/// let book = Book::by_key(3).with(Book.author).one(&mut db).await?;
/// assert!(line(&book).ends_with("by Stanisław"));
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! loaded {
    (@list [$entity:ty] [$done:ty]) => { $done };
    (@list [$entity:ty] [$done:ty] $name:ident $(, $($rest:tt)*)?) => {
        $crate::loaded!(@list [$entity] [($crate::loaded!(@load [$entity] $name ()), $done)] $($($rest)*)?)
    };
    (@list [$entity:ty] [$done:ty] $name:ident ($($nested:tt)*) $(, $($rest:tt)*)?) => {
        $crate::loaded!(@list [$entity] [($crate::loaded!(@load [$entity] $name ($($nested)*)), $done)] $($($rest)*)?)
    };
    (@load [$entity:ty] $name:ident ($($nested:tt)*)) => {
        $crate::relation::Load<
            <$entity as $crate::relation::Named<{ $crate::relation::number(::core::stringify!($name)) }>>::Relation,
            $crate::loaded!(@list [<<$entity as $crate::relation::Named<{
                $crate::relation::number(::core::stringify!($name))
            }>>::Relation as $crate::relation::Relation>::To] [()] $($nested)*),
        >
    };
    ($entity:ty : $($relations:tt)+) => {
        <$crate::loaded!(@list [$entity] [()] $($relations)+) as $crate::load::Loads<$entity>>::Output
    };
}
