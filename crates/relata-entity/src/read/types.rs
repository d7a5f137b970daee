//! What a Rust type says about a column.

use quote::ToTokens;
use relata_schema::types::Type;

/// The reading of one field type.
pub(super) struct RustType {
    /// The type as text, without `Option`.
    pub(super) text: String,
    /// `Option<…>`.
    pub(super) nullable: bool,
    /// The portable type, if the Rust type tells.
    pub(super) ty: Option<Type>,
    /// Why no column can have this type, and what to use instead.
    pub(super) problem: Option<(String, &'static str)>,
}

/// Reads a field type.
pub(super) fn read(ty: &syn::Type) -> RustType {
    let (inner, nullable) = match argument(ty, "Option") {
        Some(inner) => (inner, true),
        None => (ty, false),
    };
    let text = text(inner);
    let (ty, problem) = match portable(inner, &text) {
        Ok(ty) => (ty, None),
        Err(problem) => (None, Some(problem)),
    };
    RustType { text, nullable, ty, problem }
}

/// The type as text: no spaces but one after each comma.
pub(super) fn text(ty: &syn::Type) -> String {
    glue(&ty.to_token_stream().to_string())
}

/// Tokens as people write them: no spaces around punctuation, one after each comma.
pub(super) fn glue(spaced: &str) -> String {
    let mut out = String::new();
    for word in spaced.split_whitespace() {
        let glued = [",", ">", "<", "::", "(", ")", "[", "]", ";", "."];
        let joins_before = glued.iter().any(|mark| word.starts_with(mark));
        let joins_after = ["<", "::", "(", "[", "&", ".", ".."].iter().any(|mark| out.ends_with(mark));
        if !out.is_empty() && !joins_before && !joins_after {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The entity of `Id<Entity>`.
pub(super) fn identified(ty: &syn::Type) -> Option<String> {
    last_segment(argument(ty, "Id")?).map(|segment| segment.ident.to_string())
}

/// `T` of `Name<T>` for the last segment of a path.
fn argument<'t>(ty: &'t syn::Type, name: &str) -> Option<&'t syn::Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    arguments(segment).into_iter().next()
}

fn last_segment(ty: &syn::Type) -> Option<&syn::PathSegment> {
    match ty {
        syn::Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        syn::Type::Group(group) => last_segment(&group.elem),
        syn::Type::Paren(group) => last_segment(&group.elem),
        _ => None,
    }
}

fn arguments(segment: &syn::PathSegment) -> Vec<&syn::Type> {
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    arguments
        .args
        .iter()
        .filter_map(|argument| match argument {
            syn::GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
        .collect()
}

type Problem = (String, &'static str);

fn portable(ty: &syn::Type, text: &str) -> Result<Option<Type>, Problem> {
    let Some(segment) = last_segment(ty) else {
        let instead = match ty {
            syn::Type::Tuple(_) => "a column holds one value: use a field for each, or Json",
            syn::Type::Array(_) => "use Vec<u8> for bytes; for other elements Json, or an array Vec<T> of PostgreSQL",
            _ => "use an owned type: String for text, Vec<u8> for bytes",
        };
        return Err(no_column(text, instead));
    };
    let word = segment.ident.to_string();
    if word == "DateTime" && !arguments(segment).is_empty() {
        // chrono's: an instant, whatever the zone.
        return Ok(Some(Type::Timestamp(None)));
    }
    if let Some(ty) = plain(&word) {
        return Ok(Some(ty));
    }
    match (word.as_str(), arguments(segment).as_slice()) {
        ("Json", _) => Ok(Some(Type::Json)),
        ("Value", _) => Ok(Some(if text.contains("serde_json") { Type::Json } else { Type::Any })),
        ("Id", [_]) => Ok(Some(Type::Int(8))),
        ("Id", [_, key]) => portable(key, &self::text(key)),
        ("Vec", [element]) => array(element),
        ("Option", _) => Err(no_column(&format!("Option<{text}>"), "NULL has one level: use a single Option")),
        (word, _) => foreign(word).map_or(Ok(None), |instead| Err(no_column(text, instead))),
    }
}

fn array(element: &syn::Type) -> Result<Option<Type>, Problem> {
    let text = text(element);
    if text == "u8" {
        return Ok(Some(Type::Bytes(None)));
    }
    // Its elements may be NULL.
    let element = argument(element, "Option").unwrap_or(element);
    let text = self::text(element);
    if text == "u8" {
        return Err(no_column("Vec<Option<u8>>", "a byte is no element of an array: use Vec<Option<i16>>"));
    }
    if argument(element, "Vec").is_some_and(|inner| self::text(inner) != "u8") {
        return Err(no_column(
            &format!("Vec<{text}>"),
            "an array has one level here: use Json, or an entity of its own with a relation",
        ));
    }
    Ok(portable(element, &text)?.map(|element| Type::Array(Box::new(element))))
}

fn no_column(text: &str, instead: &'static str) -> Problem {
    (format!("no column can have the type `{text}`"), instead)
}

fn plain(word: &str) -> Option<Type> {
    Some(match word {
        "bool" => Type::Bool,
        "i8" => Type::Int(1),
        "i16" => Type::Int(2),
        "i32" => Type::Int(4),
        "i64" => Type::Int(8),
        "u8" => Type::UInt(1),
        "u16" => Type::UInt(2),
        "u32" => Type::UInt(4),
        "u64" => Type::UInt(8),
        "f32" => Type::Float32,
        "f64" => Type::Float64,
        "String" => Type::Text,
        "Uuid" => Type::Uuid,
        "Date" => Type::Date,
        "Time" => Type::Time(None),
        "DateTime" => Type::DateTime(None),
        "Timestamp" => Type::Timestamp(None),
        "Decimal" => Type::Decimal(None),
        "Interval" | "SignedDuration" => Type::Interval,
        // Of the crates chrono and time, by feature.
        "NaiveDate" => Type::Date,
        "NaiveTime" => Type::Time(None),
        "NaiveDateTime" | "PrimitiveDateTime" => Type::DateTime(None),
        "OffsetDateTime" => Type::Timestamp(None),
        _ => return None,
    })
}

/// Types of the standard library and of other crates that people try first.
fn foreign(word: &str) -> Option<&'static str> {
    Some(match word {
        "usize" | "isize" => "its width depends on the machine: use i64 (or u64 on MariaDB)",
        "i128" | "u128" => "no database here keeps 128 bits: use Decimal, or Uuid for an identifier",
        "char" => "use String with #[check(len(1))]",
        "str" => "use String",
        "SystemTime" | "Instant" => "use Timestamp",
        "Duration" => "use SignedDuration, or i64 with the unit in the name of the field",
        "Zoned" => "use Timestamp (an instant), and a field of its own for the zone",
        "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" => "use Json, or an entity of its own with a relation",
        "Box" | "Rc" | "Arc" | "Cow" | "Cell" | "RefCell" | "Mutex" => "use the plain owned type",
        _ => return None,
    })
}
