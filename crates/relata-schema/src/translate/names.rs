//! Names in the target: namespaces, lengths, constraints without a name.

use super::Translation;
use crate::digest;
use crate::model::ObjectName;

impl Translation<'_> {
    /// The name of a table or type in the target.
    pub(super) fn name(&self, name: &ObjectName) -> ObjectName {
        let default = self.from.dialect.default_namespace();
        let text = if name.namespace == default || name.namespace.is_empty() {
            name.name.clone()
        } else {
            format!("{}_{}", name.namespace, name.name)
        };
        self.to.name(&shorten(&text, self.to.identifier_limit()))
    }

    /// A name for a constraint or index that is unique in the target, as far as the target needs that.
    pub(super) fn member_name(&mut self, given: &str, table: &str, columns: &[String], suffix: &str) -> String {
        let default = || {
            let mut parts = vec![table];
            parts.extend(columns.iter().map(String::as_str));
            parts.push(suffix);
            parts.join("_")
        };
        let limit = self.to.identifier_limit();
        let mut name = shorten(&if given.is_empty() { default() } else { given.to_string() }, limit);
        if self.taken.contains(&name) {
            name = shorten(&format!("{table}_{name}"), limit);
        }
        let base = name.clone();
        let mut number = 1;
        while self.taken.contains(&name) {
            number += 1;
            name = shorten(&format!("{base}_{number}"), limit);
        }
        self.taken.push(name.clone());
        name
    }
}

/// At most `limit` bytes; what is cut off is replaced by a digest of the whole.
fn shorten(name: &str, limit: Option<usize>) -> String {
    const DIGEST: usize = 8;
    match limit {
        Some(limit) if name.len() > limit => {
            let mut end = limit - DIGEST - 1;
            while !name.is_char_boundary(end) {
                end -= 1;
            }
            format!("{}_{}", &name[..end], &digest::hex(name)[..DIGEST])
        }
        _ => name.to_string(),
    }
}
