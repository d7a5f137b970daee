//! A search as the query string of a URL.

use super::{Input, Operand, shown};

pub(super) fn read(input: &mut Input<'_>, query: &str) {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            input.problem(shown(pair), "pattern", "is not encoded as URLs are");
            continue;
        };
        if name == "sort" {
            value.split(',').filter(|key| !key.is_empty()).for_each(|key| input.order_by(key));
        } else if let Some(rest) = name.strip_prefix("filter[") {
            filter(input, rest, &value);
        } else if let Some(part) = name.strip_prefix("page[").and_then(|rest| rest.strip_suffix(']')) {
            input.page(part, &value);
        }
    }
}

/// `age]` or `age][gte]`
fn filter(input: &mut Input<'_>, rest: &str, value: &str) {
    let parts = rest.strip_suffix(']').map(|rest| rest.split_once("][").unwrap_or((rest, "eq")));
    let Some((name, operator)) = parts else {
        return input.problem("filter", "pattern", "is written filter[field] or filter[field][operator]");
    };
    let Some(field) = input.field(name, |field| field.filter, "filtered") else { return };
    let found = input.condition(field, operator, &Operand::Text(value));
    input.and(found);
}

/// `%41` is a letter, `+` a blank. What is no UTF-8 is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
                let [high, low] = digits.collect::<Option<Vec<_>>>()?[..] else { return None };
                u8::try_from(high * 16 + low).ok()?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}
