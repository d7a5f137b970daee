//! Rows of any query, read by position.

use crate::cell::{Decode, Mismatch, NO_NULLS};
use crate::deep;
use crate::driver::Row;
use crate::error::{Error, Kind, Result};
use crate::meta::{NUMBERED, Path, TableMeta};
use crate::typed::{Column, Field};

/// What a row of any query can be read into: one value, a tuple of up to twelve, an entity, a struct that derives it.
#[diagnostic::on_unimplemented(
    message = "a row cannot be read into `{Self}`",
    label = "expected a value that a column can hold, a tuple of them, an entity, or a struct that derives `FromRow`"
)]
pub trait FromRow: Send + Sized {
    /// Reads the row by position.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn from_row(row: &mut dyn Row) -> Result<Self>;

    /// The columns that it reads, which are found by their names; `None`: they are taken as they come.
    fn names() -> Option<RowNames> {
        None
    }
}

/// The columns of a row that are found by their names, in the order in which they are read.
#[derive(Debug, Clone, Copy)]
pub enum RowNames {
    /// Those of an entity.
    Entity(&'static TableMeta),
    /// Those of a struct of this name.
    Struct(&'static str, &'static [&'static str]),
}

impl RowNames {
    /// The Rust type that is read.
    pub fn of(self) -> &'static str {
        match self {
            RowNames::Entity(table) => table.entity,
            RowNames::Struct(name, _) => name,
        }
    }

    /// The names.
    pub fn columns(self) -> Vec<&'static str> {
        match self {
            RowNames::Entity(table) => table.columns[..table.selected].iter().map(|meta| meta.column).collect(),
            RowNames::Struct(_, names) => names.to_vec(),
        }
    }
}

impl<T: Field> FromRow for T {
    fn from_row(row: &mut dyn Row) -> Result<Self> {
        plain_cell(row, 0)
    }
}

/// A row of which nothing is wanted.
impl FromRow for () {
    fn from_row(_: &mut dyn Row) -> Result<Self> {
        Ok(())
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Field),*> FromRow for ($($name,)*) {
            fn from_row(row: &mut dyn Row) -> Result<Self> {
                Ok(($(plain_cell::<$name>(row, $index)?,)*))
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

/// What a query inside a query may give for each row: a value that a column can hold, or a tuple of up to ten.
#[diagnostic::on_unimplemented(
    message = "a query of `{Self}` cannot stand inside another",
    label = "expected a query that selects one value or a flat tuple of values"
)]
pub trait RowShape: Send + Sync + Sized + 'static {
    /// Its columns.
    type Columns<R: 'static>;
    /// Its columns where the row may be missing.
    type OuterColumns<R: 'static>;
    /// How many columns.
    const WIDTH: usize;
    /// Its columns at a place.
    fn columns<R: 'static>(path: Path) -> Self::Columns<R>;
    /// Its columns at a place where the row may be missing.
    fn outer_columns<R: 'static>(path: Path) -> Self::OuterColumns<R>;
    /// Reads it.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read(row: &mut dyn Row, at: usize) -> Result<Self>;
}

impl<T: Field> RowShape for T {
    type Columns<R: 'static> = Column<R, T>;
    type OuterColumns<R: 'static> = Column<R, Option<T::Base>>;
    const WIDTH: usize = 1;

    fn columns<R: 'static>(path: Path) -> Column<R, T> {
        Column::new(path, &NUMBERED[0])
    }

    fn outer_columns<R: 'static>(path: Path) -> Column<R, Option<T::Base>> {
        Column::new(path, &NUMBERED[0])
    }

    fn read(row: &mut dyn Row, at: usize) -> Result<T> {
        plain_cell(row, at)
    }
}

macro_rules! shapes {
    ($width:literal: $($name:ident $index:tt),*) => {
        impl<$($name: Field),*> RowShape for ($($name,)*) {
            type Columns<R: 'static> = ($(Column<R, $name>,)*);
            type OuterColumns<R: 'static> = ($(Column<R, Option<$name::Base>>,)*);
            const WIDTH: usize = $width;

            fn columns<R: 'static>(path: Path) -> Self::Columns<R> {
                ($(Column::new(path, &NUMBERED[$index]),)*)
            }

            fn outer_columns<R: 'static>(path: Path) -> Self::OuterColumns<R> {
                ($(Column::new(path, &NUMBERED[$index]),)*)
            }

            fn read(row: &mut dyn Row, at: usize) -> Result<Self> {
                Ok(($(plain_cell::<$name>(row, at + $index)?,)*))
            }
        }
    };
}
shapes!(1: A 0);
shapes!(2: A 0, B 1);
shapes!(3: A 0, B 1, C 2);
shapes!(4: A 0, B 1, C 2, D 3);
shapes!(5: A 0, B 1, C 2, D 3, E 4);
shapes!(6: A 0, B 1, C 2, D 3, E 4, F 5);
shapes!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
shapes!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
shapes!(9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
shapes!(10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);

/// Reads one cell for good.
///
/// # Errors
/// Those of the driver; the inner one says what was expected.
#[inline]
pub fn read<T: Decode>(row: &mut dyn Row, index: usize) -> Result<Result<T, Mismatch>> {
    Ok(T::decode(if T::TAKES { row.take(index)? } else { row.cell(index)? }))
}

/// Decodes one cell of a row that belongs to no entity.
///
/// # Errors
/// `Kind::Decode`, with the number of the column.
#[inline]
pub fn plain_cell<T: Decode>(row: &mut dyn Row, index: usize) -> Result<T> {
    if index >= row.len() {
        return Err(missing(row.len(), index));
    }
    match read::<T>(row, index)? {
        Ok(value) => Ok(value),
        Err(mismatch) => Err(undecodable(row, index, &mismatch.expected)),
    }
}

/// Decodes one cell for a field of a struct; `derive(FromRow)` calls it for each.
///
/// # Errors
/// As [`plain_cell`], with the names of field and struct.
#[inline]
pub fn field_cell<T: Decode>(row: &mut dyn Row, index: usize, (of, field): (&str, &str)) -> Result<T> {
    plain_cell(row, index).map_err(|error| not_read(error, of, field))
}

/// Says which field was being read.
#[cold]
pub fn not_read(error: Error, of: &str, field: &str) -> Error {
    error.context(format!("while reading the field `{field}` of `{of}`"))
}

#[cold]
fn missing(columns: usize, index: usize) -> Error {
    let plural = if columns == 1 { "" } else { "s" };
    let message = format!("the result has {columns} column{plural}, but column {} was to be read", index + 1);
    Error::new(Kind::Decode, message).hint("select more columns, or read fewer")
}

#[cold]
fn undecodable(row: &dyn Row, index: usize, expected: &str) -> Error {
    let value = match row.cell(index) {
        Ok(cell) => cell.to_value(),
        Err(error) => return error,
    };
    let found = value.kind();
    if let Some(levels) = deep::not_read(&value, expected) {
        let number = index + 1;
        let message =
            format!("column {number} of the result holds JSON of {levels} levels, but {expected} was expected");
        return Error::new(Kind::Decode, message)
            .hint("something else wrote it: read it as text, `.cast::<String>()` or CAST in the SQL");
    }
    let message = format!("column {} of the result holds {found}, but {expected} was expected", index + 1);
    Error::new(Kind::Decode, message).hint(match found {
        "NULL" => "read it into an Option",
        _ if expected.ends_with(NO_NULLS) => "read it into a `Vec<Option<…>>`, whose elements may be NULL",
        _ => "change the Rust type, or cast in the SQL",
    })
}
