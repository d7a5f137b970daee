//! Walking over the tokens of a statement.

use super::{extent_of, fold};
use crate::dialect::Dialect;
use crate::sql::{Expression, Extent, Name, Token, TokenKind};

/// A place in the tokens. Nothing here fails: what is not there is not taken.
#[derive(Clone, Copy)]
pub struct Cursor<'t, 'a> {
    /// The dialect.
    pub dialect: Dialect,
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'t, 'a> Cursor<'t, 'a> {
    pub fn new(dialect: Dialect, tokens: &'t [Token<'a>]) -> Self {
        Cursor { dialect, tokens, at: 0 }
    }

    /// The next token, not taken.
    pub fn peek(&self) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at)
    }

    /// The token that many after the next.
    pub fn peek_at(&self, ahead: usize) -> Option<&'t Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The next token.
    pub fn next(&mut self) -> Option<&'t Token<'a>> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    /// The next token's text in upper case, if it is a word.
    pub fn next_word(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Word)?;
        self.at += 1;
        Some(token.text.to_ascii_uppercase())
    }

    /// The next token is this word.
    pub fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is(word))
    }

    /// The next tokens are these words.
    pub fn are(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.peek_at(ahead).is_some_and(|token| token.is(word)))
    }

    /// Takes a word if it is next.
    pub fn take(&mut self, word: &str) -> bool {
        self.take_all(&[word])
    }

    /// Takes all of the words if they are next, else none.
    pub fn take_all(&mut self, words: &[&str]) -> bool {
        let there = self.are(words);
        self.at += if there { words.len() } else { 0 };
        there
    }

    /// Takes the first of the words that is next.
    pub fn take_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.take(word))
    }

    /// Takes a mark if it is next.
    pub fn mark(&mut self, mark: &str) -> bool {
        let there = self.peek().is_some_and(|token| token.is_mark(mark));
        self.at += usize::from(there);
        there
    }

    pub fn if_exists(&mut self) -> bool {
        self.take_all(&["IF", "EXISTS"])
    }

    pub fn if_not_exists(&mut self) -> bool {
        self.take_all(&["IF", "NOT", "EXISTS"])
    }

    /// A name, qualified or not. A part may be a placeholder that a tool or `format` fills in.
    pub fn name(&mut self) -> Option<Name> {
        let (part, extent) = self.part()?;
        let mut name = Name { parts: vec![part], extent };
        while self.peek().is_some_and(|token| token.is_mark(".")) {
            let mut ahead = Cursor { at: self.at + 1, ..*self };
            let Some((part, extent)) = ahead.part() else { break };
            *self = ahead;
            name.parts.push(part);
            name.extent = name.extent.through(extent);
        }
        Some(name)
    }

    fn part(&mut self) -> Option<(String, Extent)> {
        let first = self.peek()?;
        match first.kind {
            TokenKind::Word | TokenKind::Quoted => {
                self.at += 1;
                Some((fold(self.dialect, first), first.extent()))
            }
            TokenKind::Text => None,
            TokenKind::Mark => self.placeholder(),
        }
    }

    /// `:name`, `:"name"`, `%I`, `${name}`, `{{ name }}`, taken whole; what it is called by is its text without spaces.
    fn placeholder(&mut self) -> Option<(String, Extent)> {
        const FORMS: &[(&[&str], &[&str])] =
            &[(&[":"], &[]), (&["%"], &[]), (&["$", "{"], &["}"]), (&["{", "{"], &["}", "}"])];
        let mut ahead = *self;
        let (_, close) = FORMS.iter().find(|(open, _)| {
            let there =
                open.iter().enumerate().all(|(at, mark)| self.peek_at(at).is_some_and(|token| token.is_mark(mark)));
            ahead.at += if there { open.len() } else { 0 };
            there
        })?;
        let named = |token: &Token<'_>| {
            let inner = !close.is_empty() && (token.is_mark(".") || token.is_mark(":"));
            inner || matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
        };
        let start = ahead.at;
        while ahead.peek().is_some_and(named) && (!close.is_empty() || ahead.at == start) {
            ahead.at += 1;
        }
        let closes = ahead.at > start && close.iter().all(|mark| ahead.mark(mark));
        let taken = &self.tokens[self.at..ahead.at];
        closes.then(|| {
            *self = ahead;
            (taken.iter().map(|token| token.text).collect(), extent_of(taken))
        })
    }

    /// Names between commas, each with what may follow it (`*`, a list of arguments) skipped.
    pub fn names(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            self.mark("*");
            self.group();
            if !self.mark(",") {
                break;
            }
        }
        names
    }

    /// What stands in the parentheses that are next, and takes them.
    pub fn group(&mut self) -> Option<Cursor<'t, 'a>> {
        self.peek().filter(|token| token.is_mark("("))?;
        let start = self.at + 1;
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            depth += usize::from(token.is_mark("("));
            depth -= usize::from(token.is_mark(")"));
            if depth == 0 {
                return Some(Cursor::new(self.dialect, &self.tokens[start..self.at - 1]));
            }
        }
        Some(Cursor::new(self.dialect, &self.tokens[start.min(self.tokens.len())..]))
    }

    /// What is left, cut at commas outside parentheses.
    pub fn split(self) -> Vec<Cursor<'t, 'a>> {
        let rest = self.rest();
        let mut parts = Vec::new();
        let (mut depth, mut from) = (0_usize, 0);
        for (at, token) in rest.iter().enumerate() {
            depth += usize::from(token.is_mark("("));
            depth = depth.saturating_sub(usize::from(token.is_mark(")")));
            if depth == 0 && token.is_mark(",") {
                parts.push(Cursor::new(self.dialect, &rest[from..at]));
                from = at + 1;
            }
        }
        parts.push(Cursor::new(self.dialect, &rest[from..]));
        parts.retain(|part| !part.is_done());
        parts
    }

    /// The tokens that are left.
    pub fn rest(&self) -> &'t [Token<'a>] {
        &self.tokens[self.at.min(self.tokens.len())..]
    }

    /// All tokens, also those taken.
    pub fn extent(&self) -> Extent {
        extent_of(self.tokens)
    }

    /// An expression up to one of the words, outside parentheses; its first token is always taken.
    pub fn expression(&mut self, stop: &[&str]) -> Expression {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            let stops = depth == 0 && self.at > start && stop.iter().any(|word| token.is(word));
            if stops {
                break;
            }
            depth += usize::from(token.is_mark("("));
            depth = depth.saturating_sub(usize::from(token.is_mark(")")));
            self.at += 1;
        }
        Expression::read(self.dialect, &self.tokens[start..self.at])
    }

    /// Some token that is left, outside parentheses, is this word.
    pub fn has(&self, word: &str) -> bool {
        self.find(&[word]).is_some()
    }

    /// The words follow each other somewhere in what is left, outside parentheses; how far ahead.
    pub fn find(&self, words: &[&str]) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.rest().iter().enumerate() {
            depth += usize::from(token.is_mark("("));
            depth = depth.saturating_sub(usize::from(token.is_mark(")")));
            let here = Cursor { at: self.at + at, ..*self };
            if depth == 0 && here.are(words) {
                return Some(at);
            }
        }
        None
    }

    /// Goes that many tokens ahead.
    pub fn skip(&mut self, ahead: usize) {
        self.at += ahead;
    }

    /// The words that are left, in upper case, names and texts left out.
    pub fn words(&self) -> Vec<String> {
        let words = self.rest().iter().filter(|token| token.kind == TokenKind::Word);
        words.map(|token| token.text.to_ascii_uppercase()).collect()
    }
}
