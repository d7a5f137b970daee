//! A neutral tree of values, and the macros that give every record of the model its tree form.
//!
//! Invariants: a field equal to its default is not written; a field that is not written reads as its default;
//! `from_tree(to_tree(x)) == x`. Object keys keep the order in which the fields are declared, so text is
//! deterministic. It deliberately is no general serialisation framework: strings, integers, booleans, lists, maps.

use std::fmt::Write as _;

/// One node of a tree: what JSON can say, without floating point and null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// An ordered list.
    List(Vec<Tree>),
    /// Named fields in their order.
    Map(Vec<(String, Tree)>),
}

/// Why a text is no tree, or a tree no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeError(pub String);

impl std::fmt::Display for TreeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TreeError {}

/// A value with a tree form.
pub trait Node: Sized {
    /// The tree of this value.
    fn to_tree(&self) -> Tree;
    /// Reads the value back.
    ///
    /// # Errors
    /// When the tree has another shape; the message names the field.
    fn from_tree(tree: &Tree) -> Result<Self, TreeError>;
}

impl Tree {
    /// Compact JSON on one line.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None, 0);
        out
    }

    /// Indented JSON, two spaces a level.
    pub fn to_json_pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(2), 0);
        out
    }

    fn write(&self, out: &mut String, indent: Option<usize>, level: usize) {
        match self {
            Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Tree::Int(value) => {
                let _ = write!(out, "{value}");
            }
            Tree::Text(value) => write_text(out, value),
            Tree::List(items) => {
                write_items(out, indent, level, ('[', ']'), items, |out, item| {
                    item.write(out, indent, level + 1);
                });
            }
            Tree::Map(fields) => {
                write_items(out, indent, level, ('{', '}'), fields, |out, (name, value)| {
                    write_text(out, name);
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    value.write(out, indent, level + 1);
                });
            }
        }
    }

    /// Reads JSON of the kind that [`Tree::to_json`] writes.
    ///
    /// # Errors
    /// When the text is not such JSON; the message gives the byte position.
    pub fn parse(text: &str) -> Result<Tree, TreeError> {
        let mut parser = Parser { text, position: 0 };
        let tree = parser.value()?;
        parser.space();
        if parser.position != text.len() {
            return Err(parser.error("text after the end of the value"));
        }
        Ok(tree)
    }

    /// The field `name` of a map.
    pub fn field(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Map(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

fn write_items<T>(
    out: &mut String,
    indent: Option<usize>,
    level: usize,
    (open, close): (char, char),
    items: &[T],
    each: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some(width) = indent {
            out.push('\n');
            out.push_str(&" ".repeat(width * (level + 1)));
        }
        each(out, item);
    }
    if let (Some(width), false) = (indent, items.is_empty()) {
        out.push('\n');
        out.push_str(&" ".repeat(width * level));
    }
    out.push(close);
}

fn write_text(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Parser<'t> {
    text: &'t str,
    position: usize,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> TreeError {
        TreeError(format!("{what} at byte {}", self.position))
    }

    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn space(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn value(&mut self) -> Result<Tree, TreeError> {
        self.space();
        match self.rest().chars().next() {
            Some('"') => Ok(Tree::Text(self.string()?)),
            Some('[') => self.list(),
            Some('{') => self.map(),
            Some('t') if self.eat("true") => Ok(Tree::Bool(true)),
            Some('f') if self.eat("false") => Ok(Tree::Bool(false)),
            Some(c) if c == '-' || c.is_ascii_digit() => self.number(),
            _ => Err(self.error("expected a value")),
        }
    }

    fn number(&mut self) -> Result<Tree, TreeError> {
        let length = self.rest().find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(self.rest().len());
        let value = self.rest()[..length].parse();
        let value = value.map_err(|_| self.error("not a whole number"))?;
        self.position += length;
        Ok(Tree::Int(value))
    }

    fn list(&mut self) -> Result<Tree, TreeError> {
        self.eat("[");
        let mut items = Vec::new();
        if self.eat("]") {
            return Ok(Tree::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.eat("]") {
                return Ok(Tree::List(items));
            }
            if !self.eat(",") {
                return Err(self.error("expected , or ]"));
            }
        }
    }

    fn map(&mut self) -> Result<Tree, TreeError> {
        self.eat("{");
        let mut fields = Vec::new();
        if self.eat("}") {
            return Ok(Tree::Map(fields));
        }
        loop {
            self.space();
            let name = self.string()?;
            if !self.eat(":") {
                return Err(self.error("expected :"));
            }
            fields.push((name, self.value()?));
            if self.eat("}") {
                return Ok(Tree::Map(fields));
            }
            if !self.eat(",") {
                return Err(self.error("expected , or }"));
            }
        }
    }

    fn string(&mut self) -> Result<String, TreeError> {
        if !self.eat("\"") {
            return Err(self.error("expected a text"));
        }
        let mut out = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.error("text without end"));
            };
            self.position += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, TreeError> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.error("text without end"));
        };
        self.position += c.len_utf8();
        Ok(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits = self.rest().get(..4).unwrap_or_default();
                let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                let code = code.ok_or_else(|| self.error("bad \\u escape"))?;
                self.position += 4;
                code
            }
            c => c,
        })
    }
}

impl Node for bool {
    fn to_tree(&self) -> Tree {
        Tree::Bool(*self)
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        match tree {
            Tree::Bool(value) => Ok(*value),
            _ => Err(TreeError("expected true or false".into())),
        }
    }
}

impl Node for String {
    fn to_tree(&self) -> Tree {
        Tree::Text(self.clone())
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        match tree {
            Tree::Text(value) => Ok(value.clone()),
            _ => Err(TreeError("expected a text".into())),
        }
    }
}

macro_rules! int_nodes {
    ($($int:ty),*) => {$(
        impl Node for $int {
            fn to_tree(&self) -> Tree {
                match i64::try_from(*self) {
                    Ok(value) => Tree::Int(value),
                    Err(_) => Tree::Text(self.to_string()),
                }
            }
            fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
                let value = match tree {
                    Tree::Int(value) => <$int>::try_from(*value).ok(),
                    Tree::Text(text) => text.parse().ok(),
                    _ => None,
                };
                value.ok_or_else(|| TreeError(concat!("expected a number of type ", stringify!($int)).into()))
            }
        }
    )*};
}
int_nodes!(i32, i64, i128, u8, u16, u32, u64, usize);

impl<T: Node> Node for Option<T> {
    fn to_tree(&self) -> Tree {
        match self {
            Some(value) => value.to_tree(),
            None => Tree::List(Vec::new()),
        }
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        T::from_tree(tree).map(Some)
    }
}

impl<T: Node> Node for Vec<T> {
    fn to_tree(&self) -> Tree {
        Tree::List(self.iter().map(Node::to_tree).collect())
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        match tree {
            Tree::List(items) => items.iter().map(T::from_tree).collect(),
            _ => Err(TreeError("expected a list".into())),
        }
    }
}

impl<A: Node, B: Node> Node for (A, B) {
    fn to_tree(&self) -> Tree {
        Tree::List(vec![self.0.to_tree(), self.1.to_tree()])
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        match tree {
            Tree::List(items) if items.len() == 2 => Ok((A::from_tree(&items[0])?, B::from_tree(&items[1])?)),
            _ => Err(TreeError("expected a pair".into())),
        }
    }
}

impl<T: Node> Node for Box<T> {
    fn to_tree(&self) -> Tree {
        (**self).to_tree()
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        T::from_tree(tree).map(Box::new)
    }
}

impl<T: Node> Node for std::sync::Arc<T> {
    fn to_tree(&self) -> Tree {
        (**self).to_tree()
    }
    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        T::from_tree(tree).map(std::sync::Arc::new)
    }
}

/// Declares plain-data structs: derives, and a tree form that leaves out defaults.
macro_rules! record {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $ty:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name { $($(#[$field_meta])* pub $field: $ty,)* }

        impl $crate::tree::Node for $name {
            fn to_tree(&self) -> $crate::tree::Tree {
                let mut fields = Vec::new();
                $(if self.$field != <$ty>::default() {
                    fields.push((stringify!($field).to_string(), $crate::tree::Node::to_tree(&self.$field)));
                })*
                $crate::tree::Tree::Map(fields)
            }
            fn from_tree(tree: &$crate::tree::Tree) -> Result<Self, $crate::tree::TreeError> {
                let $crate::tree::Tree::Map(fields) = tree else {
                    return Err($crate::tree::TreeError(concat!("expected the fields of ", stringify!($name)).into()));
                };
                let mut record = <$name>::default();
                for (key, value) in fields {
                    match key.as_str() {
                        $(stringify!($field) => {
                            record.$field = $crate::tree::Node::from_tree(value).map_err(|error| {
                                $crate::tree::TreeError(format!("{}: {error}", stringify!($field)))
                            })?;
                        })*
                        other => {
                            return Err($crate::tree::TreeError(format!(
                                "{} has no field {other}", stringify!($name)
                            )));
                        }
                    }
                }
                Ok(record)
            }
        }
    )*};
}

/// Declares plain enums with the word each value is written as. The first value is the default.
macro_rules! choice {
    ($($(#[$meta:meta])* pub enum $name:ident {
        $(#[$first_meta:meta])* $first:ident = $first_word:literal
        $(, $(#[$value_meta:meta])* $value:ident = $word:literal)* $(,)?
    })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            #[default] $(#[$first_meta])* $first,
            $($(#[$value_meta])* $value,)*
        }

        impl $name {
            /// Every value, in declared order.
            pub const ALL: &'static [$name] = &[$name::$first $(, $name::$value)*];

            /// The word this value is written as.
            pub const fn word(self) -> &'static str {
                match self { $name::$first => $first_word, $($name::$value => $word,)* }
            }

            /// The value that is written as `word`, in any case.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word().eq_ignore_ascii_case(word))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl $crate::tree::Node for $name {
            fn to_tree(&self) -> $crate::tree::Tree {
                $crate::tree::Tree::Text(self.word().to_string())
            }
            fn from_tree(tree: &$crate::tree::Tree) -> Result<Self, $crate::tree::TreeError> {
                let word: String = $crate::tree::Node::from_tree(tree)?;
                Self::from_word(&word).ok_or_else(|| {
                    $crate::tree::TreeError(format!("{word:?} is no {}", stringify!($name)))
                })
            }
        }
    )*};
}

pub(crate) use choice;
pub(crate) use record;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back() {
        let tree = Tree::Map(vec![
            ("a \"b\"\n\u{1}é".into(), Tree::List(vec![Tree::Int(-5), Tree::Bool(true), Tree::Text("\\".into())])),
            ("empty".into(), Tree::List(vec![])),
        ]);
        assert_eq!(Tree::parse(&tree.to_json()), Ok(tree.clone()));
        assert_eq!(Tree::parse(&tree.to_json_pretty()), Ok(tree));
    }

    #[test]
    fn bad_text_names_the_place() {
        assert_eq!(Tree::parse("[1,").unwrap_err().to_string(), "expected a value at byte 3");
        assert_eq!(Tree::parse("{}x").unwrap_err().to_string(), "text after the end of the value at byte 2");
    }
}
