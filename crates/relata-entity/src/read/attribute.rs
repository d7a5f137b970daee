//! The grammar inside attributes: a list of pieces at commas, each a word, a text, `name = value` or `name(…)`.
//!
//! Cut at commas first, so that one bad piece does not hide the others.

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use relata_schema::naming;
use syn::ext::IdentExt;

use super::finding::Findings;
use super::{ENTITY_ATTRIBUTES, FIELD_ATTRIBUTES, OF_FIELDS_ALONE};

/// The tokens between two commas.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) tokens: Vec<TokenTree>,
}

impl ToTokens for Piece {
    fn to_tokens(&self, out: &mut TokenStream) {
        out.extend(self.tokens.iter().cloned());
    }
}

/// The text of an identifier without `r#`.
pub(super) fn name_of(ident: &Ident) -> String {
    ident.unraw().to_string()
}

fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

impl Piece {
    /// Cuts tokens at commas; a trailing comma makes no empty piece.
    pub(super) fn cut(stream: TokenStream) -> Vec<Piece> {
        let mut pieces = vec![Piece { tokens: Vec::new() }];
        for token in stream {
            if is_punct(Some(&token), ',') {
                pieces.push(Piece { tokens: Vec::new() });
            } else if let Some(piece) = pieces.last_mut() {
                piece.tokens.push(token);
            }
        }
        pieces.retain(|piece| !piece.tokens.is_empty());
        pieces
    }

    pub(super) fn stream(&self) -> TokenStream {
        self.tokens.iter().cloned().collect()
    }

    /// The piece as people write it, for messages.
    pub(super) fn text(&self) -> String {
        super::types::glue(&self.stream().to_string())
    }

    /// The single word that the piece is.
    pub(super) fn word(&self) -> Option<String> {
        match self.tokens.as_slice() {
            [TokenTree::Ident(ident)] => Some(name_of(ident)),
            _ => None,
        }
    }

    /// The text literal that the piece is.
    pub(super) fn literal(&self) -> Option<String> {
        syn::parse2::<syn::LitStr>(self.stream()).ok().map(|literal| literal.value())
    }

    /// The whole number that the piece is.
    pub(super) fn number<N: std::str::FromStr>(&self) -> Option<N>
    where
        N::Err: std::fmt::Display,
    {
        syn::parse2::<syn::LitInt>(self.stream()).ok().and_then(|literal| literal.base10_parse().ok())
    }

    /// The path that the piece is: `User`, `crate::users::User`.
    pub(super) fn path(&self) -> Option<String> {
        let path = syn::Path::parse_mod_style;
        let path = syn::parse::Parser::parse2(path, self.stream()).ok()?;
        let lead = if path.leading_colon.is_some() { "::" } else { "" };
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        Some(format!("{lead}{}", segments.join("::")))
    }

    /// `name = value`, with the first token of the name.
    pub(super) fn assignment(&self) -> Option<(String, Piece, Piece)> {
        let [TokenTree::Ident(ident), TokenTree::Punct(equals), value @ ..] = self.tokens.as_slice() else {
            return None;
        };
        let plain = equals.as_char() == '=' && equals.spacing() == Spacing::Alone && !value.is_empty();
        let name = Piece { tokens: self.tokens[..1].to_vec() };
        plain.then(|| (name_of(ident), name, Piece { tokens: value.to_vec() }))
    }

    /// `name(…)`, with the first token of the name.
    pub(super) fn call(&self) -> Option<(String, Piece, TokenStream)> {
        let [TokenTree::Ident(ident), TokenTree::Group(group)] = self.tokens.as_slice() else { return None };
        let name = Piece { tokens: self.tokens[..1].to_vec() };
        Some((name_of(ident), name, group.stream()))
    }

    /// Cuts the piece at the first occurrence of a run of punctuation (`:`, `.`, `=>`).
    pub(super) fn cut_at(&self, punctuation: &str) -> Option<(Piece, Piece)> {
        let marks: Vec<char> = punctuation.chars().collect();
        let found = (0..self.tokens.len()).find(|&start| {
            let run = marks.iter().enumerate().all(|(offset, &mark)| is_punct(self.tokens.get(start + offset), mark));
            // A single colon must not be half of `::`.
            let path = punctuation == ":"
                && (is_punct(self.tokens.get(start + 1), ':')
                    || (start > 0 && is_punct(self.tokens.get(start - 1), ':')));
            run && !path
        })?;
        let (left, right) = (self.tokens[..found].to_vec(), self.tokens[found + marks.len()..].to_vec());
        Some((Piece { tokens: left }, Piece { tokens: right }))
    }

    /// Cuts the piece at the first occurrence of a word.
    pub(super) fn cut_at_word(&self, word: &str) -> Option<(Piece, Piece)> {
        let found = self.tokens.iter().position(|token| matches!(token, TokenTree::Ident(ident) if ident == word))?;
        let (left, right) = (self.tokens[..found].to_vec(), self.tokens[found + 1..].to_vec());
        Some((Piece { tokens: left }, Piece { tokens: right }))
    }

    /// The group at the end, taken off: `PostTag(a, b)` is `PostTag` and `a, b`.
    pub(super) fn trailing_group(&self) -> (Piece, Option<TokenStream>) {
        match self.tokens.as_slice() {
            [head @ .., TokenTree::Group(group)] => (Piece { tokens: head.to_vec() }, Some(group.stream())),
            _ => (self.clone(), None),
        }
    }
}

/// One relata attribute of an item or field.
pub(super) struct Attribute {
    pub(super) name: String,
    /// The whole attribute without `#[…]`.
    pub(super) whole: TokenStream,
    /// What stands in the parentheses; `None`: there are none.
    pub(super) arguments: Option<TokenStream>,
}

impl ToTokens for Attribute {
    fn to_tokens(&self, out: &mut TokenStream) {
        out.extend(self.whole.clone());
    }
}

/// Attributes of others stay alone; one that is nearly ours, or ours in another place, is not lost in silence where no compiler looks
/// at it.
fn mistyped(attribute: &syn::Attribute, name: &str, known: &[&str], findings: &mut Findings) {
    let misplaced = match known {
        FIELD_ATTRIBUTES if ENTITY_ATTRIBUTES.contains(&name) => Some(("the struct", "above `struct`")),
        ENTITY_ATTRIBUTES if OF_FIELDS_ALONE.contains(&name) => Some(("a field", "above the field")),
        _ => None,
    };
    if let Some((owner, place)) = misplaced {
        findings
            .error("entity-misplaced-attribute", attribute, format!("`#[{name}]` belongs to {owner}"))
            .help(format!("write it {place}"));
        return;
    }
    if let Some(close) = naming::closest(name, known.iter().copied()) {
        findings
            .warning(
                "entity-unknown-attribute",
                attribute,
                format!("`#[{name}]` is no attribute of relata: it is ignored"),
            )
            .help(format!("did you mean `{close}`?"));
    }
}

impl Attribute {
    /// The attributes with a known name; `#[name = value]` is reported.
    pub(super) fn all(attributes: &[syn::Attribute], known: &[&str], findings: &mut Findings) -> Vec<Attribute> {
        let mut found = Vec::new();
        for attribute in attributes {
            let Some(name) = attribute.path().get_ident().map(name_of) else { continue };
            if !known.contains(&name.as_str()) {
                mistyped(attribute, &name, known, findings);
                continue;
            }
            let arguments = match &attribute.meta {
                syn::Meta::Path(_) => None,
                syn::Meta::List(list) => Some(list.tokens.clone()),
                syn::Meta::NameValue(pair) => {
                    let value = pair.value.to_token_stream();
                    findings
                        .error(
                            "entity-attribute-form",
                            &attribute.meta,
                            format!("`{name}` takes its value in parentheses"),
                        )
                        .help(format!("write `#[{name}({value})]`"));
                    continue;
                }
            };
            found.push(Attribute { name, whole: attribute.meta.to_token_stream(), arguments });
        }
        found
    }

    /// The pieces between the parentheses.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        self.arguments.clone().map(Piece::cut).unwrap_or_default()
    }

    /// The one text argument; anything else is reported with an example.
    pub(super) fn one_text(&self, example: &str, findings: &mut Findings) -> Option<String> {
        let pieces = self.pieces();
        let text = match pieces.as_slice() {
            [piece] => piece.literal(),
            _ => None,
        };
        if text.is_none() {
            findings
                .error("entity-attribute-form", self, format!("`{}` takes one text in quotation marks", self.name))
                .help(format!("write `#[{}({example})]`", self.name));
        }
        text
    }

    /// Reports arguments where none belong.
    pub(super) fn no_arguments(&self, findings: &mut Findings) {
        if self.arguments.as_ref().is_some_and(|arguments| !arguments.is_empty()) {
            findings
                .error("entity-attribute-form", self, format!("`{}` takes no arguments", self.name))
                .help(format!("write `#[{}]`", self.name));
        }
    }
}

/// The text of `name = "text"`; anything else is reported.
pub(super) fn text_value(name: &str, value: &Piece, findings: &mut Findings) -> Option<String> {
    let text = value.literal();
    if text.is_none() {
        findings
            .error("entity-option-value", value, format!("`{name}` takes a text in quotation marks"))
            .help(format!("write `{name} = \"{}\"`", value.text().replace('"', "")));
    }
    text
}

/// The documentation comment, lines joined, without the leading blank of each.
pub(super) fn doc(attributes: &[syn::Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
        .map(|line| line.strip_prefix(' ').map(str::to_string).unwrap_or(line))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
