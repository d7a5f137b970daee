//! A person changes the declaration: the edits that the demonstration makes to the entities that were written.
//!
//! The edits are made to source text, as an editor makes them; each says what it looks for, so that nothing is changed
//! by chance, and the whole is shown as the difference between the two texts.

use relata_sql::{Error, Kind, Result};

/// Edits Rust source, line by line.
pub struct Editor {
    lines: Vec<String>,
}

impl Editor {
    /// Edits a text.
    pub fn new(source: &str) -> Self {
        Editor { lines: source.lines().map(String::from).collect() }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// Adds lines before a field of a struct.
    ///
    /// # Errors
    /// When the struct has no such field.
    pub fn before_field(&mut self, entity: &str, field: &str, lines: &[&str]) -> Result<()> {
        let at = self.field(entity, field)?;
        let added = lines.iter().map(|line| format!("    {line}"));
        self.lines.splice(at..at, added);
        Ok(())
    }

    /// Replaces part of the line of a field.
    ///
    /// # Errors
    /// When the struct has no such field, or its line does not contain `old`.
    pub fn in_field(&mut self, entity: &str, field: &str, old: &str, new: &str) -> Result<()> {
        let at = self.field(entity, field)?;
        let line = self.lines[at].replacen(old, new, 1);
        if line == self.lines[at] {
            return Err(not_found(&format!("{old} in {entity}.{field}")));
        }
        self.lines[at] = line;
        Ok(())
    }

    /// Replaces an attribute of a field, or adds it.
    ///
    /// # Errors
    /// When the struct has no such field.
    pub fn set_attribute(&mut self, entity: &str, field: &str, name: &str, line: &str) -> Result<()> {
        let at = self.field(entity, field)?;
        let above = self.lines[..at].iter().rev().take_while(|line| line.trim().starts_with("#["));
        let found = above.into_iter().position(|line| line.trim().starts_with(&format!("#[{name}")));
        match found {
            Some(distance) => self.lines[at - 1 - distance] = format!("    {line}"),
            None => self.lines.insert(at, format!("    {line}")),
        }
        Ok(())
    }

    /// Adds a field at the end of a struct.
    ///
    /// # Errors
    /// When there is no such struct.
    pub fn add_field(&mut self, entity: &str, lines: &[&str]) -> Result<()> {
        let (_, end) = self.entity(entity)?;
        let added = lines.iter().map(|line| format!("    {line}"));
        self.lines.splice(end..end, added);
        Ok(())
    }

    /// Adds lines at the end of the file.
    pub fn append(&mut self, text: &str) {
        self.lines.extend(text.lines().map(String::from));
    }

    /// The lines of the head and the closing brace of a struct.
    fn entity(&self, entity: &str) -> Result<(usize, usize)> {
        let head = format!("pub struct {entity} {{");
        let start = self.lines.iter().position(|line| line.trim() == head);
        let start = start.ok_or_else(|| not_found(&format!("struct {entity}")))?;
        let length = self.lines[start..].iter().position(|line| line.starts_with('}'));
        Ok((start, start + length.ok_or_else(|| not_found(&format!("the end of {entity}")))?))
    }

    fn field(&self, entity: &str, field: &str) -> Result<usize> {
        let (start, end) = self.entity(entity)?;
        let head = format!("pub {field}:");
        let found = self.lines[start..end].iter().position(|line| line.contains(&head));
        found.map(|at| start + at).ok_or_else(|| not_found(&format!("{entity}.{field}")))
    }
}

fn not_found(what: &str) -> Error {
    Error::new(Kind::Internal, format!("{what} is not in the entities that were written"))
}

/// The lines that differ, with one line around them, as people read differences.
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let mut marked = Vec::new();
    let (mut i, mut j) = (0, 0);
    let common = longest_common(&old, &new);
    for (a, b) in common.into_iter().chain([(old.len(), new.len())]) {
        marked.extend(old[i..a].iter().map(|line| ('-', *line)));
        marked.extend(new[j..b].iter().map(|line| ('+', *line)));
        if let Some(line) = old.get(a) {
            marked.push((' ', line));
        }
        (i, j) = (a + 1, b + 1);
    }
    let near = |at: usize| marked[at.saturating_sub(1)..marked.len().min(at + 2)].iter().any(|(mark, _)| *mark != ' ');
    let is_head = |line: &str| line.starts_with("pub struct");
    let mut out = String::new();
    let mut head = None;
    for (at, (mark, line)) in marked.iter().enumerate() {
        if is_head(line) && *mark == ' ' {
            head = Some(line);
        }
        let says_nothing = *mark == ' ' && ["", "}"].contains(&line.trim());
        if *mark == ' ' && line.starts_with('}') {
            head = None;
        }
        if !near(at) || says_nothing {
            continue;
        }
        if let Some(head) = head.take().filter(|_| !is_head(line)) {
            out.push_str(&format!("  {head}\n"));
        }
        out.push_str(&format!("{mark} {line}\n"));
    }
    out
}

/// The positions of the lines of a longest common subsequence.
fn longest_common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i] == new[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut common) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            common.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "use x;\n\npub struct A {\n    pub id: i64,\n    pub name: Option<String>,\n}\n\npub struct B {\n    pub name: String,\n}\n";

    #[test]
    fn edits_touch_one_struct_and_are_shown_as_a_difference() {
        let mut editor = Editor::new(SOURCE);
        editor.in_field("A", "name", "Option<String>", "String").unwrap();
        editor.before_field("B", "name", &["#[unique]"]).unwrap();
        editor.add_field("B", &["pub age: i32,"]).unwrap();
        editor.set_attribute("B", "name", "unique", "#[unique(x)]").unwrap();
        editor.append("\npub struct C {\n}\n");
        expect_test::expect![[r#"
              pub struct A {
                  pub id: i64,
            -     pub name: Option<String>,
            +     pub name: String,
              pub struct B {
            +     #[unique(x)]
                  pub name: String,
            +     pub age: i32,
            + 
            + pub struct C {
            + }
        "#]]
        .assert_eq(&difference(SOURCE, &editor.text()));
    }

    #[test]
    fn an_edit_that_finds_nothing_fails() {
        let mut editor = Editor::new(SOURCE);
        assert!(editor.before_field("A", "age", &[]).is_err());
        assert!(editor.in_field("B", "name", "Option<String>", "String").is_err());
        assert!(editor.add_field("Z", &[]).is_err());
    }
}
