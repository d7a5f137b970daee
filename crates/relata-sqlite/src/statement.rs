//! Prepared statements, on SQLite's own interface: a connection's handle, the statements that it keeps, their rows.
//!
//! The client library looks a statement up by hashing its text, checks each cell three times over and copies each text that
//! is bound. Here a text known again by its address is compared once, a cell is taken as it lies, and texts are bound where
//! they are.
//!
//! Invariants
//! - Every statement is finalized before its connection is closed: [`Handle`] owns both, the statements first.
//! - What is bound without a copy outlives the run: [`Lent`] carries that lifetime, and clears what is bound before the
//!   statement is kept again.
//! - Nothing here is used by two threads at once: a handle may move between threads, but is never shared.

#![allow(unsafe_code, reason = "SQLite's interface is one of C")]

use std::cell::RefCell;
use std::ffi::{CStr, c_int};
use std::ops::Deref;
use std::ptr::NonNull;

use relata_sql::Statement;
use relata_sql::driver::{ColumnInfo, Kept, Place};
use rusqlite::ffi;

/// An open database and the statements that it keeps prepared.
pub(crate) struct Handle {
    /// `None` while a statement is in use.
    kept: RefCell<Kept<Option<Prepared>>>,
    raw: rusqlite::Connection,
    database: NonNull<ffi::sqlite3>,
}

// SAFETY: `database` belongs to `raw`, which may move between threads, and so may the statements of `kept`: the connection
// is opened without a mutex of its own, for one thread at a time, and a handle is not `Sync`.
unsafe impl Send for Handle {}

impl Deref for Handle {
    type Target = rusqlite::Connection;

    fn deref(&self) -> &rusqlite::Connection {
        &self.raw
    }
}

impl Handle {
    /// Keeps so many statements.
    pub(crate) fn new(raw: rusqlite::Connection, capacity: usize) -> Self {
        // SAFETY: the pointer is used as long as `raw` is there and not for closing.
        let database = NonNull::new(unsafe { raw.handle() }).expect("an open connection has a handle");
        Handle { kept: RefCell::new(Kept::new(capacity)), raw, database }
    }

    /// For what changes the connection itself; nobody puts another one in its place.
    pub(crate) fn raw_mut(&mut self) -> &mut rusqlite::Connection {
        &mut self.raw
    }

    /// Closes the database in an orderly way.
    pub(crate) fn close(self) -> rusqlite::Result<()> {
        let Handle { kept, raw, .. } = self;
        drop(kept);
        raw.close().map_err(|(_, error)| error)
    }

    /// A statement, with nothing bound; one that is cached is there the next time.
    #[inline]
    pub(crate) fn statement<'h>(&'h self, statement: Statement<'h>) -> rusqlite::Result<Lent<'h>> {
        let Statement { sql, cached: kept, number, .. } = statement;
        if kept
            && let Some((place, statement)) = self.kept.borrow_mut().found(sql, number)
            && let Some(prepared) = statement.take()
        {
            return Ok(Lent { handle: self, prepared: Some(prepared), sql, kept, place: Some(place) });
        }
        let prepared = Prepared::new(self, sql, if kept { ffi::SQLITE_PREPARE_PERSISTENT } else { 0 })?;
        Ok(Lent { handle: self, prepared: Some(prepared), sql, kept, place: None })
    }

    /// How many rows have changed since the connection was opened.
    pub(crate) fn changed_in_all(&self) -> i64 {
        // SAFETY: the database is open as long as `self`.
        unsafe { ffi::sqlite3_total_changes64(self.database.as_ptr()) }
    }

    /// What SQLite says of the call that failed last.
    #[cold]
    fn error(&self, code: c_int) -> rusqlite::Error {
        // SAFETY: the database is open; both functions give a text that lasts until the next call, and it is copied.
        let message = unsafe {
            let same = ffi::sqlite3_extended_errcode(self.database.as_ptr()) == code;
            let text = if same { ffi::sqlite3_errmsg(self.database.as_ptr()) } else { ffi::sqlite3_errstr(code) };
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), message)
    }

    fn check(&self, code: c_int) -> rusqlite::Result<()> {
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.error(code)) }
    }
}

/// A statement of SQLite; finalized when dropped.
pub(crate) struct Prepared {
    raw: NonNull<ffi::sqlite3_stmt>,
    parameters: usize,
}

// SAFETY: as for `Handle`, which owns it or lends it.
unsafe impl Send for Prepared {}

impl Prepared {
    #[cold]
    fn new(handle: &Handle, sql: &str, flags: u32) -> rusqlite::Result<Self> {
        let (first, rest) = Self::first_of(handle, sql, flags)?;
        let Some(prepared) = first else { return Err(handle.error(ffi::SQLITE_MISUSE)) };
        // Nothing but comments may come after it.
        match rest.is_empty() || Self::first_of(handle, rest, 0)?.0.is_none() {
            true => Ok(prepared),
            false => Err(rusqlite::Error::MultipleStatement),
        }
    }

    /// The first statement of a text, unless that holds nothing but comments, and what comes after it.
    fn first_of<'s>(handle: &Handle, sql: &'s str, flags: u32) -> rusqlite::Result<(Option<Self>, &'s str)> {
        let mut raw = std::ptr::null_mut();
        let mut tail = std::ptr::null();
        let length = c_int::try_from(sql.len()).map_err(|_| handle.error(ffi::SQLITE_TOOBIG))?;
        let start = sql.as_ptr().cast();
        // SAFETY: the database is open, `sql` is `length` bytes long, and both places for answers are ours.
        let code = unsafe {
            ffi::sqlite3_prepare_v3(handle.database.as_ptr(), start, length, flags, &raw mut raw, &raw mut tail)
        };
        if code != ffi::SQLITE_OK {
            // The client library finds the place in the text; unless what was wrong is over.
            return Err(handle.raw.prepare(sql).err().unwrap_or_else(|| handle.error(code)));
        }
        let read = (tail as usize).saturating_sub(start as usize);
        let rest = sql.get(read..).unwrap_or("").trim_start();
        let Some(raw) = NonNull::new(raw) else { return Ok((None, rest)) };
        // SAFETY: `raw` was prepared just now.
        let parameters = unsafe { ffi::sqlite3_bind_parameter_count(raw.as_ptr()) };
        Ok((Some(Prepared { raw, parameters: usize::try_from(parameters).unwrap_or(0) }), rest))
    }

    fn as_ptr(&self) -> *mut ffi::sqlite3_stmt {
        self.raw.as_ptr()
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: prepared by us, finalized here only, and before the connection is closed.
        unsafe { ffi::sqlite3_finalize(self.as_ptr()) };
    }
}

/// A statement in use, with what is bound to it.
pub(crate) struct Lent<'h> {
    handle: &'h Handle,
    /// `None` only while dropping.
    prepared: Option<Prepared>,
    sql: &'h str,
    kept: bool,
    /// Where it is kept.
    place: Option<Place>,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        let Some(prepared) = self.prepared.take().filter(|_| self.kept) else { return };
        // SAFETY: the statement is ours. What its last step said was told then.
        unsafe { ffi::sqlite3_reset(prepared.as_ptr()) };
        if prepared.parameters > 0 {
            // SAFETY: as above.
            unsafe { ffi::sqlite3_clear_bindings(prepared.as_ptr()) };
        }
        let mut kept = self.handle.kept.borrow_mut();
        if let Some(statement) = self.place.and_then(|place| kept.at(place)) {
            *statement = Some(prepared);
            return;
        }
        match kept.get(self.sql) {
            Some(statement) => *statement = Some(prepared),
            None => drop(kept.insert(self.sql, Some(prepared))),
        }
    }
}

/// What is bound to a placeholder.
pub(crate) enum Bound<'v> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'v str),
    Bytes(&'v [u8]),
    /// A text that is copied.
    Spelled(String),
}

impl<'h> Lent<'h> {
    #[inline]
    fn as_ptr(&self) -> *mut ffi::sqlite3_stmt {
        self.prepared.as_ref().expect("a statement is there until it is dropped").as_ptr()
    }

    /// How many placeholders it has.
    pub(crate) fn parameters(&self) -> usize {
        self.prepared.as_ref().expect("a statement is there until it is dropped").parameters
    }

    /// Binds a value to a placeholder (`index` starts at 1).
    #[inline]
    pub(crate) fn bind(&mut self, index: usize, value: Bound<'h>) -> rusqlite::Result<()> {
        let (raw, at) = (self.as_ptr(), index as c_int);
        // SAFETY: texts and bytes live for `'h`, which outlives this; what is bound is cleared, or the statement finalized,
        // when it is dropped. A text of our own is copied by SQLite before the call returns. No pointer is null.
        let code = unsafe {
            match value {
                Bound::Null => ffi::sqlite3_bind_null(raw, at),
                Bound::Int(value) => ffi::sqlite3_bind_int64(raw, at, value),
                Bound::Float(value) => ffi::sqlite3_bind_double(raw, at, value),
                Bound::Text(text) => bind_text(raw, at, text, ffi::SQLITE_STATIC()),
                Bound::Spelled(text) => bind_text(raw, at, &text, ffi::SQLITE_TRANSIENT()),
                Bound::Bytes([]) => ffi::sqlite3_bind_zeroblob(raw, at, 0),
                Bound::Bytes(bytes) => {
                    let start = bytes.as_ptr().cast();
                    ffi::sqlite3_bind_blob64(raw, at, start, bytes.len() as u64, ffi::SQLITE_STATIC())
                }
            }
        };
        self.handle.check(code)
    }

    /// Goes on to the next row; `false` at the end.
    #[inline]
    pub(crate) fn step(&mut self) -> rusqlite::Result<bool> {
        // SAFETY: the statement is ours.
        match unsafe { ffi::sqlite3_step(self.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(self.failed(code)),
        }
    }

    #[cold]
    fn failed(&mut self, code: c_int) -> rusqlite::Error {
        let error = self.handle.error(code);
        self.reset();
        error
    }

    /// Back to the beginning; what is bound stays.
    #[inline]
    pub(crate) fn reset(&mut self) {
        // SAFETY: the statement is ours. What its last step said was told then.
        unsafe { ffi::sqlite3_reset(self.as_ptr()) };
    }

    /// How many columns its rows have.
    pub(crate) fn columns(&self) -> usize {
        // SAFETY: the statement is ours.
        let count = unsafe { ffi::sqlite3_column_count(self.as_ptr()) };
        usize::try_from(count).unwrap_or(0)
    }

    /// The cell of the present row in a column.
    #[inline]
    pub(crate) fn cell(&self, column: usize) -> Raw<'_> {
        let (raw, at) = (self.as_ptr(), column as c_int);
        // SAFETY: the statement is ours, and nobody steps it while the cell is borrowed. The connection has no mutex and one
        // thread, so that a value may be read where it lies. SQLite keeps the bytes until the next step.
        unsafe {
            let value = ffi::sqlite3_column_value(raw, at);
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Raw::Int(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => Raw::Float(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => Raw::Text(bytes(ffi::sqlite3_value_text(value).cast(), value)),
                ffi::SQLITE_BLOB => Raw::Bytes(bytes(ffi::sqlite3_value_blob(value).cast(), value)),
                _ => Raw::Null,
            }
        }
    }

    /// The name of a column.
    pub(crate) fn column_name(&self, column: usize) -> String {
        // SAFETY: the statement is ours; the text is copied.
        unsafe { text(ffi::sqlite3_column_name(self.as_ptr(), column as c_int)) }
    }

    /// Name and declared type of every column.
    pub(crate) fn column_infos(&self) -> Vec<ColumnInfo> {
        // SAFETY: as in `column_name`.
        let declared = |at| unsafe { text(ffi::sqlite3_column_decltype(self.as_ptr(), at as c_int)) };
        let info = |at| ColumnInfo { name: self.column_name(at), type_name: declared(at) };
        (0..self.columns()).map(info).collect()
    }
}

/// A cell as SQLite keeps it.
pub(crate) enum Raw<'r> {
    Null,
    Int(i64),
    Float(f64),
    /// What should be UTF-8.
    Text(&'r [u8]),
    Bytes(&'r [u8]),
}

/// # Safety
/// `raw` is a statement, and the text lives as long as `keep` demands.
unsafe fn bind_text(raw: *mut ffi::sqlite3_stmt, at: c_int, text: &str, keep: ffi::sqlite3_destructor_type) -> c_int {
    const UTF_8: u8 = ffi::SQLITE_UTF8 as u8;
    // SAFETY: the caller's; the length is the text's.
    unsafe { ffi::sqlite3_bind_text64(raw, at, text.as_ptr().cast(), text.len() as u64, keep, UTF_8) }
}

/// # Safety
/// `start` was just given for `value`, and nothing changes it for as long as the bytes are borrowed.
#[inline]
unsafe fn bytes<'r>(start: *const u8, value: *mut ffi::sqlite3_value) -> &'r [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the caller's; SQLite says how many bytes there are.
    unsafe { std::slice::from_raw_parts(start, ffi::sqlite3_value_bytes(value) as usize) }
}

/// # Safety
/// `text` is null, or a text that ends with a zero and lives until this returns.
unsafe fn text(text: *const std::ffi::c_char) -> String {
    // SAFETY: the caller's.
    if text.is_null() { String::new() } else { unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(handle: &Handle, sql: &str) -> i64 {
        let mut statement = handle.statement(Statement::new(sql, &[])).unwrap();
        assert!(statement.step().unwrap());
        match statement.cell(0) {
            Raw::Int(value) => value,
            _ => panic!("{sql} gives a whole number"),
        }
    }

    fn prepared(handle: &Handle) -> usize {
        let mut count = 0;
        let mut statement = std::ptr::null_mut();
        // SAFETY: the connection is open, and the statements are only counted.
        #[allow(unsafe_code, reason = "SQLite alone knows what is prepared")]
        loop {
            statement = unsafe { rusqlite::ffi::sqlite3_next_stmt(handle.handle(), statement) };
            if statement.is_null() {
                return count;
            }
            count += 1;
        }
    }

    #[test]
    fn texts_are_known_wherever_they_lie_and_no_more_are_kept_than_asked_for() {
        let handle = Handle::new(rusqlite::Connection::open_in_memory().unwrap(), 3);
        let mut buffer = String::from("SELECT 0");
        for round in [0, 1, 2, 1, 3, 4, 5, 6, 7, 8, 9, 0] {
            // Another text at the same address, and the same text at others.
            buffer.replace_range(7..8, &round.to_string());
            assert_eq!(value(&handle, &buffer), round);
            assert_eq!(value(&handle, &buffer.clone()), round);
        }
        assert_eq!(prepared(&handle), 3);
        handle.close().unwrap();
    }

    #[test]
    fn a_statement_in_use_is_prepared_once_more() {
        let handle = Handle::new(rusqlite::Connection::open_in_memory().unwrap(), 2);
        let sql = "SELECT 1 UNION ALL SELECT 2";
        let mut outer = handle.statement(Statement::new(sql, &[])).unwrap();
        assert!(outer.step().unwrap());
        assert_eq!(value(&handle, sql), 1);
        // Its place goes to others while it is in use.
        assert_eq!((value(&handle, "SELECT 3"), value(&handle, "SELECT 4"), value(&handle, "SELECT 5")), (3, 4, 5));
        assert!(outer.step().unwrap());
        assert!(!outer.step().unwrap());
        drop(outer);
        assert_eq!(prepared(&handle), 2);
        handle.close().unwrap();
    }
}
