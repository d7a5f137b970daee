//! A diagnostic together with the tokens it is about, so that rustc can underline them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use relata_schema::diagnostic::{self, Diagnostic, Severity};
use relata_schema::naming;

/// A diagnostic and the first and last token it is about.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The diagnostic, with its place as text.
    pub diagnostic: Diagnostic,
    first: Span,
    last: Span,
}

impl Finding {
    /// `compile_error!` that underlines the tokens; nothing for what is no error.
    pub fn to_compile_error(&self) -> TokenStream {
        if self.diagnostic.severity != Severity::Error {
            return TokenStream::new();
        }
        let mut message = format!("{} [{}]", self.diagnostic.message, self.diagnostic.code);
        if let Some(help) = &self.diagnostic.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        // Two tokens carry the two ends, because spans cannot be joined on stable.
        let (first, last) = (Ident::new("a", self.first), Ident::new("b", self.last));
        let ends = quote_spanned! { self.first => #first #last };
        syn::Error::new_spanned(ends, message).to_compile_error()
    }
}

/// All errors as `compile_error!` items.
pub fn compile_errors(findings: &[Finding]) -> TokenStream {
    findings.iter().map(Finding::to_compile_error).collect()
}

/// Collects findings of one file.
pub(super) struct Findings {
    file: String,
    pub(super) list: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(file: &str) -> Self {
        Findings { file: file.to_string(), list: Vec::new() }
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }

    /// The place of tokens in this file.
    pub(super) fn span(&self, tokens: &impl ToTokens) -> diagnostic::Span {
        let (first, last) = ends(tokens);
        self.place(first, last)
    }

    fn place(&self, first: Span, last: Span) -> diagnostic::Span {
        let (start, end) = (first.start(), last.end());
        let end = if end.line == start.line { end } else { first.end() };
        let length = if end.line == start.line { end.column.saturating_sub(start.column) } else { 1 };
        diagnostic::Span { file: self.file.clone(), line: start.line, column: start.column, length }
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        tokens: &impl ToTokens,
        message: impl Into<String>,
    ) -> &mut Self {
        self.add(Diagnostic::error(code, message), tokens)
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        tokens: &impl ToTokens,
        message: impl Into<String>,
    ) -> &mut Self {
        self.add(Diagnostic::warning(code, message), tokens)
    }

    fn add(&mut self, diagnostic: Diagnostic, tokens: &impl ToTokens) -> &mut Self {
        let (first, last) = ends(tokens);
        let diagnostic = diagnostic.at(self.place(first, last));
        self.list.push(Finding { diagnostic, first, last });
        self
    }

    /// Adds help to the last finding.
    pub(super) fn help(&mut self, help: impl Into<String>) {
        if let Some(finding) = self.list.last_mut() {
            finding.diagnostic.help = Some(help.into());
        }
    }

    /// An error about a word that is not among the known ones.
    pub(super) fn unknown(
        &mut self,
        code: &'static str,
        tokens: &impl ToTokens,
        what: &str,
        word: &str,
        known: &[&str],
    ) {
        let help = match naming::closest(word, known.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None if known.is_empty() => "there is none to choose from".to_string(),
            None => format!("one of: {}", known.join(", ")),
        };
        self.error(code, tokens, format!("`{word}` is no {what}")).help(help);
    }
}

fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}
