//! `#[check(…)]` rules and `#[default(…)]` on fields.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use relata_schema::declare::{DefaultValue, Field, Rule};
use relata_schema::rule::pattern::parse;
use relata_schema::types::Type;

use super::attribute::{Attribute, Piece, text_value};
use super::finding::Findings;

const RULES: &[&str] = &["len", "range", "pattern", "one_of", "email", "url", "custom", "json_schema", "name"];

/// Whether a word is a rule of one value, with arguments.
pub(super) fn is_of_field(word: &str) -> bool {
    ["len", "range", "pattern", "one_of", "json_schema"].contains(&word)
}

/// Reads one rule.
pub(super) fn read(piece: &Piece, field: &Field, findings: &mut Findings) -> Option<Rule> {
    if let Some(sql) = piece.literal() {
        return Some(Rule::Sql(sql));
    }
    if let Some(word) = piece.word() {
        return match word.as_str() {
            "email" | "url" => {
                check_type(&word, piece, field, findings);
                Some(if word == "email" { Rule::Email } else { Rule::Url })
            }
            "len" | "range" | "pattern" | "one_of" | "custom" | "json_schema" => {
                findings.error("entity-rule-form", piece, format!("`{word}` needs its argument")).help(example(&word));
                None
            }
            _ => {
                findings.unknown("entity-unknown-rule", piece, "rule", &word, RULES);
                None
            }
        };
    }
    let Some((word, place, arguments)) = piece.call() else {
        findings.error("entity-rule-form", piece, format!("`{}` is no rule", piece.text())).help(meant(piece));
        return None;
    };
    let rule = match word.as_str() {
        "len" => length(arguments),
        "range" => range(arguments, field),
        "pattern" => match syn::parse2::<syn::LitStr>(arguments).ok().map(|text| text.value()) {
            Some(text) => {
                if let Err(problem) = parse(&text) {
                    findings
                        .error("entity-rule-pattern", piece, format!("the pattern cannot be used: {problem}"))
                        .help("literals, classes, groups, `|`, `* + ? {2,5}`, `^`, `$`; for more write `custom(function)`");
                    return None;
                }
                Some(Rule::Pattern(text))
            }
            None => None,
        },
        "custom" => Piece { tokens: arguments.into_iter().collect() }.path().map(Rule::Custom),
        "json_schema" => syn::parse2::<syn::LitStr>(arguments).ok().map(|text| Rule::JsonSchema(text.value())),
        "one_of" => one_of(arguments),
        _ => {
            findings.unknown("entity-unknown-rule", &place, "rule", &word, RULES);
            return None;
        }
    };
    if rule.is_none() {
        findings.error("entity-rule-form", piece, format!("`{}` cannot be read", piece.text())).help(example(&word));
        return None;
    }
    check_type(&word, piece, field, findings);
    rule
}

/// What was meant by something that is no rule.
fn meant(piece: &Piece) -> String {
    let name = piece.assignment().map(|(name, ..)| name).unwrap_or_default();
    if ends(piece.stream()).is_some() {
        return format!("write `range({0})` for a number, `len({0})` for a text", piece.text().replace(' ', ""));
    }
    match name.as_str() {
        "min" | "minimum" | "gte" => "write `range(3..)` for a number, `len(3..)` for a text".to_string(),
        "max" | "maximum" | "lte" => "write `range(..=80)` for a number, `len(..=80)` for a text".to_string(),
        "length" | "min_length" | "max_length" => "write `len(1..=80)`".to_string(),
        "regex" | "pattern" => "write `pattern(\"^[a-z]+$\")`".to_string(),
        _ => "rules: len(1..=80), range(0..), pattern(\"…\"), one_of(…), email, url, custom(function), or SQL in \
              quotation marks"
            .to_string(),
    }
}

fn example(word: &str) -> &'static str {
    match word {
        "len" => "write `len(1..=80)`, `len(..=80)`, `len(3..)` or `len(2)`",
        "range" => "write `range(0..)`, `range(1..=10)` or `range(..=0.5)`; an open end `..10` only for whole numbers",
        "pattern" => "write `pattern(\"^[a-z]+$\")`",
        "custom" => "write `custom(is_even)` with `fn is_even(value: &i64) -> Result<(), String>`",
        "json_schema" => "write `json_schema(r#\"{\"type\": \"object\"}\"#)`",
        _ => "write `one_of(\"draft\", \"published\")`",
    }
}

/// A rule that can never hold on this type is a mistake.
fn check_type(word: &str, piece: &Piece, field: &Field, findings: &mut Findings) {
    let Some(ty) = &field.ty else { return };
    let text = matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_));
    let fits = match word {
        "len" => text || matches!(ty, Type::Bytes(_) | Type::Array(_)),
        "pattern" | "email" | "url" => text,
        "json_schema" => matches!(ty, Type::Json | Type::JsonText),
        "range" => !text && !matches!(ty, Type::Bool | Type::Bytes(_) | Type::Json | Type::Array(_)),
        _ => true,
    };
    if !fits {
        let help = match word {
            "len" => "`len` is for text, bytes and arrays; for numbers use `range(…)`",
            "range" => "`range` is for numbers, dates and times; for text use `len(…)`",
            "json_schema" => "`json_schema` is for `Json`",
            _ => "it is for text",
        };
        findings
            .error("entity-rule-type", piece, format!("`{word}` does not go with `{}`", field.rust_type))
            .help(help);
    }
}

/// Both ends of a range, and whether the end is included.
fn ends(arguments: TokenStream) -> Option<(Option<TokenStream>, Option<TokenStream>, bool)> {
    let range = syn::parse2::<syn::ExprRange>(arguments).ok()?;
    let inclusive = matches!(range.limits, syn::RangeLimits::Closed(_));
    let tokens = |end: Option<Box<syn::Expr>>| end.map(|end| end.to_token_stream());
    Some((tokens(range.start), tokens(range.end), inclusive))
}

fn length(arguments: TokenStream) -> Option<Rule> {
    let number = |tokens: TokenStream| syn::parse2::<syn::LitInt>(tokens).ok()?.base10_parse::<u64>().ok();
    if let Some(exact) = number(arguments.clone()) {
        return Some(Rule::Length { min: Some(exact), max: Some(exact) });
    }
    let (start, end, inclusive) = ends(arguments)?;
    let min = start.map(number).map_or(Some(None), |min| min.map(Some))?;
    let max = end.map(number).map_or(Some(None), |max| max.map(Some))?;
    let max =
        if inclusive { max } else { max.map(|max| max.checked_sub(1)).map_or(Some(None), |max| max.map(Some))? };
    let some = min.is_some() || max.is_some();
    let sorted = min.zip(max).is_none_or(|(min, max)| min <= max);
    (some && sorted).then_some(Rule::Length { min, max })
}

fn range(arguments: TokenStream, field: &Field) -> Option<Rule> {
    let (start, end, inclusive) = ends(arguments)?;
    let min = start.map(number_text).map_or(Some(None), |min| min.map(Some))?;
    let max = end.map(number_text).map_or(Some(None), |max| max.map(Some))?;
    let max = match max {
        Some(max) if !inclusive => {
            let whole = !matches!(field.ty, Some(Type::Float32 | Type::Float64 | Type::Decimal(_)));
            Some(max.parse::<i128>().ok().filter(|_| whole)?.checked_sub(1)?.to_string())
        }
        max => max,
    };
    (min.is_some() || max.is_some()).then_some(Rule::Range { min, max })
}

/// A number, or a text (a date), as written but without underscores and suffix.
fn number_text(tokens: TokenStream) -> Option<String> {
    let expression = syn::parse2::<syn::Expr>(tokens).ok()?;
    let (sign, literal) = match expression {
        syn::Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => ("-", *expr),
        other => ("", other),
    };
    let syn::Expr::Lit(literal) = literal else { return None };
    match literal.lit {
        syn::Lit::Int(number) => Some(format!("{sign}{}", number.base10_digits())),
        syn::Lit::Float(number) => Some(format!("{sign}{}", number.base10_digits())),
        syn::Lit::Str(text) if sign.is_empty() => Some(text.value()),
        _ => None,
    }
}

fn one_of(arguments: TokenStream) -> Option<Rule> {
    let pieces = Piece::cut(arguments);
    let values = pieces.iter().map(|piece| piece.literal().or_else(|| number_text(piece.stream())));
    let values = values.collect::<Option<Vec<String>>>()?;
    (!values.is_empty()).then_some(Rule::OneOf(values))
}

/// Whether `#[default(…)]` says that the database counts.
pub(super) fn is_next(attribute: &Attribute) -> bool {
    attribute.pieces().first().is_some_and(|piece| piece.word().as_deref() == Some("next"))
}

/// Reads `#[default(…)]`.
pub(super) fn read_default(attribute: &Attribute, findings: &mut Findings) -> Option<DefaultValue> {
    let pieces = attribute.pieces();
    let found = match pieces.as_slice() {
        [piece] => match piece.assignment() {
            Some((name, _, value)) if name == "sql" => {
                return text_value("sql", &value, findings).map(DefaultValue::Sql);
            }
            Some(_) => None,
            None => default_value(piece),
        },
        _ => None,
    };
    if found.is_none() {
        let text = match pieces.as_slice() {
            [piece] if !piece.text().contains(',') => piece.text().to_lowercase(),
            _ => String::new(),
        };
        let help = if ["null", "none"].contains(&text.as_str()) {
            "leave it out: an `Option` is NULL where nothing else is said"
        } else if text.contains("now") || text.contains("current_timestamp") {
            "write `#[default(now)]`"
        } else if text.contains("uuid") {
            "write `#[default(uuid)]`"
        } else {
            "a literal (`\"draft\"`, 0, false), `now`, `uuid`, `next`, a variant (`Mood::Happy`), or `sql = \"…\"`"
        };
        findings.error("entity-default-form", attribute, "`default` takes one value").help(help);
    }
    found
}

fn default_value(piece: &Piece) -> Option<DefaultValue> {
    if let Some(text) = piece.literal() {
        return Some(DefaultValue::Text(text));
    }
    if let Some(number) = number_text(piece.stream()) {
        return Some(DefaultValue::Number(number));
    }
    match piece.word().as_deref() {
        Some("true") => return Some(DefaultValue::Bool(true)),
        Some("false") => return Some(DefaultValue::Bool(false)),
        Some("now") => return Some(DefaultValue::Now),
        Some("uuid") => return Some(DefaultValue::Uuid),
        Some(_) => return None,
        None => {}
    }
    match (piece.path(), piece.tokens.last()) {
        (Some(_), Some(TokenTree::Ident(variant))) => Some(DefaultValue::Variant(variant.to_string())),
        _ => None,
    }
}
