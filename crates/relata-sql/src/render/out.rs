//! Where the pieces of a statement go: into its text, or into the key of its shape.
//!
//! Invariant: equal sequences of pieces give equal texts, and every piece of a [`Shape`] says where it ends. So equal
//! keys mean equal texts, without ever comparing or building one.

use relata_schema::Dialect;

use crate::meta::TableMeta;

/// Takes the pieces of a statement in their order.
pub(crate) trait Out {
    /// SQL of ours.
    fn text(&mut self, sql: &'static str);
    /// SQL of the caller's.
    fn foreign(&mut self, sql: &str);
    /// An identifier.
    fn ident(&mut self, dialect: Dialect, name: &str);
    /// An identifier that the program declares.
    fn name(&mut self, dialect: Dialect, name: &'static str);
    /// The alias with this number.
    fn alias(&mut self, number: usize);
    /// A column that the program declares, of the table with this alias.
    fn aliased(&mut self, dialect: Dialect, alias: usize, name: &'static str);
    /// The columns that an entity selects, of the table with this alias. `names`: each gets a name, from this number on.
    fn columns(&mut self, dialect: Dialect, alias: usize, meta: &'static TableMeta, names: Option<u64>);
    /// A number that is part of the text.
    fn number(&mut self, number: u64);
    /// The placeholder of the parameter with this number.
    fn placeholder(&mut self, dialect: Dialect, number: usize);
    /// Placeholders from this number on, so many, with commas between.
    fn placeholders(&mut self, dialect: Dialect, first: usize, count: usize);
}

/// The text itself.
#[derive(Default)]
pub(crate) struct Text(pub String);

impl Out for Text {
    fn text(&mut self, sql: &'static str) {
        self.0.push_str(sql);
    }

    fn foreign(&mut self, sql: &str) {
        self.0.push_str(sql);
    }

    fn ident(&mut self, dialect: Dialect, name: &str) {
        let quote = if dialect == Dialect::Mysql { '`' } else { '"' };
        self.0.push(quote);
        if name.contains(quote) {
            self.0.push_str(&name.replace(quote, if quote == '`' { "``" } else { "\"\"" }));
        } else {
            self.0.push_str(name);
        }
        self.0.push(quote);
    }

    fn name(&mut self, dialect: Dialect, name: &'static str) {
        self.ident(dialect, name);
    }

    fn alias(&mut self, number: usize) {
        self.0.push('t');
        self.number(number as u64);
    }

    fn aliased(&mut self, dialect: Dialect, alias: usize, name: &'static str) {
        self.alias(alias);
        self.0.push('.');
        self.ident(dialect, name);
    }

    fn columns(&mut self, dialect: Dialect, alias: usize, meta: &'static TableMeta, names: Option<u64>) {
        for (index, column) in meta.columns[..meta.selected].iter().enumerate() {
            if index > 0 {
                self.0.push_str(", ");
            }
            self.aliased(dialect, alias, column.column);
            if let Some(first) = names {
                self.0.push_str(" AS c");
                self.number(first + index as u64);
            }
        }
    }

    fn number(&mut self, number: u64) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.0.extend(digits[at..].iter().map(|digit| char::from(*digit)));
    }

    fn placeholder(&mut self, dialect: Dialect, number: usize) {
        match dialect {
            Dialect::Sqlite => self.0.push('?'),
            Dialect::Postgres => self.0.push('$'),
            Dialect::Mysql => return self.0.push('?'),
        }
        self.number(number as u64);
    }

    fn placeholders(&mut self, dialect: Dialect, first: usize, count: usize) {
        for number in first..first + count {
            if number > first {
                self.0.push_str(", ");
            }
            self.placeholder(dialect, number);
        }
    }
}

/// The key of a shape: a word says what a piece is, those after it which one.
#[derive(Default)]
pub(crate) struct Shape(pub Vec<u64>);

/// What a word in a [`Shape`] announces, if it is not [`SHORT`]. A text of ours, and a name that is declared, is known by its address, which never
/// becomes another text's.
const FOREIGN: u64 = 1 << 56;
const IDENT: u64 = 2 << 56;
const NUMBER: u64 = 3 << 56;
const PLACEHOLDERS: u64 = 4 << 56;
const TEXT: u64 = 5 << 56;
const COLUMNS: u64 = 6 << 56;
const NAME: u64 = 7 << 56;
const ALIAS: u64 = 8 << 56;
/// With the alias above the length of the name.
const ALIASED: u64 = 9 << 56;

/// A word by itself: a text of ours, or a name that is declared, with its length and its address.
const SHORT: u64 = 1 << 63;
const SHORT_NAME: u64 = SHORT | 1 << 62;

/// The word of a text that is there as long as the program, unless it is very long or very far away.
#[inline]
fn short(kind: u64, text: &'static str) -> Option<u64> {
    let (length, address) = (text.len() as u64, text.as_ptr().addr() as u64);
    (length < 1 << 14 && address < 1 << 48).then_some(kind | length << 48 | address)
}

impl Shape {
    /// The letters themselves, eight to a word; the length is in the word that announces them.
    fn letters(&mut self, kind: u64, text: &str) {
        self.0.push(kind | text.len() as u64);
        let (whole, rest) = text.as_bytes().as_chunks::<8>();
        self.0.extend(whole.iter().map(|letters| u64::from_le_bytes(*letters)));
        if !rest.is_empty() {
            let mut letters = [0; 8];
            letters[..rest.len()].copy_from_slice(rest);
            self.0.push(u64::from_le_bytes(letters));
        }
    }
}

impl Out for Shape {
    #[inline]
    fn text(&mut self, sql: &'static str) {
        match short(SHORT, sql) {
            _ if sql.is_empty() => {}
            Some(word) => self.0.push(word),
            None => self.0.extend([TEXT | sql.len() as u64, sql.as_ptr() as u64]),
        }
    }

    fn foreign(&mut self, sql: &str) {
        self.letters(FOREIGN, sql);
    }

    fn ident(&mut self, _: Dialect, name: &str) {
        self.letters(IDENT, name);
    }

    #[inline]
    fn name(&mut self, _: Dialect, name: &'static str) {
        match short(SHORT_NAME, name) {
            Some(word) => self.0.push(word),
            None => self.0.extend([NAME | name.len() as u64, name.as_ptr() as u64]),
        }
    }

    fn alias(&mut self, number: usize) {
        self.0.push(ALIAS | number as u64);
    }

    fn aliased(&mut self, dialect: Dialect, alias: usize, name: &'static str) {
        match (u16::try_from(alias), u32::try_from(name.len())) {
            (Ok(alias), Ok(length)) => {
                self.0.extend([ALIASED | u64::from(alias) << 32 | u64::from(length), name.as_ptr() as u64]);
            }
            _ => {
                self.alias(alias);
                self.name(dialect, name);
            }
        }
    }

    fn columns(&mut self, _: Dialect, alias: usize, meta: &'static TableMeta, names: Option<u64>) {
        let names = names.map_or(0, |first| first + 1);
        self.0.extend([COLUMNS | alias as u64, std::ptr::from_ref(meta).addr() as u64, names]);
    }

    fn number(&mut self, number: u64) {
        self.0.extend([NUMBER, number]);
    }

    fn placeholder(&mut self, _: Dialect, _: usize) {
        self.0.push(PLACEHOLDERS);
    }

    fn placeholders(&mut self, _: Dialect, _: usize, count: usize) {
        self.0.push(PLACEHOLDERS | count as u64);
    }
}
