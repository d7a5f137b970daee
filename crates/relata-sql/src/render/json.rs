//! Values inside of JSON. Paths are parameters.

use relata_schema::Dialect;

use super::Writer;
use super::out::Out;
use crate::error::{Error, Kind, Result};
use crate::expr::{Expr, JsonAs, JsonStep};
use crate::value::Value;

impl<O: Out> Writer<O> {
    pub(super) fn json(&mut self, inner: &mut Expr, steps: &[JsonStep], form: JsonAs) -> Result<()> {
        let (before, between, after) = match (self.dialect(), form) {
            // Its JSON_VALUE takes no parameter for the path.
            _ if self.target.is_mysql() => of_mysql(form),
            // JSON_EXTRACT says 1 for what is true.
            (Dialect::Sqlite, JsonAs::Text) => {
                self.push("CASE JSON_TYPE(");
                self.expr(&mut inner.clone())?;
                self.push(", ");
                self.path(steps)?;
                self.push(") WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE ");
                ("CAST(JSON_EXTRACT(", ", ", ") AS TEXT) END")
            }
            (Dialect::Sqlite, JsonAs::Int) => ("CAST(JSON_EXTRACT(", ", ", ") AS INTEGER)"),
            (Dialect::Sqlite, JsonAs::Float) => ("CAST(JSON_EXTRACT(", ", ", ") AS REAL)"),
            (Dialect::Sqlite, JsonAs::Bool) => ("JSON_EXTRACT(", ", ", ")"),
            (Dialect::Sqlite, JsonAs::Json) => ("(", " -> ", ")"),
            (Dialect::Sqlite, JsonAs::Exists) => ("(JSON_TYPE(", ", ", ") IS NOT NULL)"),
            (Dialect::Postgres, JsonAs::Text) => ("(", " #>> ", ")"),
            (Dialect::Postgres, JsonAs::Int) => ("CAST(", " #>> ", " AS bigint)"),
            (Dialect::Postgres, JsonAs::Float) => ("CAST(", " #>> ", " AS double precision)"),
            (Dialect::Postgres, JsonAs::Bool) => ("CAST(", " #>> ", " AS boolean)"),
            (Dialect::Postgres, JsonAs::Json) => ("(", " #> ", ")"),
            (Dialect::Postgres, JsonAs::Exists) => ("((", " #> ", ") IS NOT NULL)"),
            // JSON_VALUE says 1 for what is true, and a comparison takes JSON's strings for what is in them.
            (Dialect::Mysql, JsonAs::Text) => ("JSON_UNQUOTE(NULLIF(CONCAT(JSON_EXTRACT(", ", ", ")), 'null'))"),
            (Dialect::Mysql, JsonAs::Int) => ("CAST(JSON_VALUE(", ", ", ") AS SIGNED)"),
            (Dialect::Mysql, JsonAs::Float) => ("CAST(JSON_VALUE(", ", ", ") AS DOUBLE)"),
            (Dialect::Mysql, JsonAs::Bool) => ("(JSON_VALUE(", ", ", ") IN ('1', 'true'))"),
            (Dialect::Mysql, JsonAs::Json) => ("JSON_EXTRACT(", ", ", ")"),
            (Dialect::Mysql, JsonAs::Exists) => ("(JSON_EXTRACT(", ", ", ") IS NOT NULL)"),
        };
        self.push(before);
        self.expr(inner)?;
        self.push(between);
        self.path(steps)?;
        self.push(after);
        Ok(())
    }

    fn path(&mut self, steps: &[JsonStep]) -> Result<()> {
        let path = match self.dialect() {
            Dialect::Postgres => Value::Array(steps.iter().map(|step| Value::Text(text_of(step))).collect()),
            Dialect::Sqlite | Dialect::Mysql => Value::Text(path_of(steps)?),
        };
        self.given(path);
        Ok(())
    }

    /// The JSON with another value at a place, or without what is there.
    pub(super) fn json_changed(
        &mut self,
        inner: &mut Expr,
        steps: &[JsonStep],
        value: Option<&mut Value>,
    ) -> Result<()> {
        let (before, between, after) = match (self.dialect(), value.is_some()) {
            (Dialect::Postgres, true) => ("JSONB_SET(CAST(", " AS jsonb), ", ", CAST("),
            (Dialect::Postgres, false) => ("(CAST(", " AS jsonb) #- ", ")"),
            (Dialect::Sqlite, true) => ("JSON_SET(", ", ", ", JSON("),
            (Dialect::Mysql, true) => ("JSON_SET(", ", ", ", JSON_EXTRACT("),
            (_, false) => ("JSON_REMOVE(", ", ", ")"),
        };
        self.push(before);
        self.expr(inner)?;
        self.push(between);
        self.path(steps)?;
        self.push(after);
        let Some(value) = value else { return Ok(()) };
        self.param(value);
        self.push(match self.dialect() {
            Dialect::Postgres => " AS jsonb))",
            Dialect::Sqlite => "))",
            Dialect::Mysql => ", '$'))",
        });
        Ok(())
    }
}

fn of_mysql(form: JsonAs) -> (&'static str, &'static str, &'static str) {
    match form {
        JsonAs::Text => ("JSON_UNQUOTE(NULLIF(JSON_EXTRACT(", ", ", "), CAST('null' AS JSON)))"),
        JsonAs::Int => ("CAST(JSON_UNQUOTE(NULLIF(JSON_EXTRACT(", ", ", "), CAST('null' AS JSON))) AS SIGNED)"),
        JsonAs::Float => ("CAST(JSON_UNQUOTE(NULLIF(JSON_EXTRACT(", ", ", "), CAST('null' AS JSON))) AS DOUBLE)"),
        JsonAs::Bool => ("(JSON_UNQUOTE(NULLIF(JSON_EXTRACT(", ", ", "), CAST('null' AS JSON))) IN ('1', 'true'))"),
        JsonAs::Json => ("JSON_EXTRACT(", ", ", ")"),
        JsonAs::Exists => ("(JSON_EXTRACT(", ", ", ") IS NOT NULL)"),
    }
}

fn text_of(step: &JsonStep) -> String {
    match step {
        JsonStep::Key(key) => key.clone(),
        JsonStep::Index(index) => index.to_string(),
    }
}

/// `$."author"."names"[0]`
fn path_of(steps: &[JsonStep]) -> Result<String> {
    let mut path = String::from("$");
    for step in steps {
        match step {
            JsonStep::Key(key) if key.contains(['"', '\\']) => {
                let message = format!("{key:?} cannot be a key of a path into JSON on this database");
                return Err(Error::new(Kind::Parameters, message)
                    .hint("read the object by `.json()` and take the member in the program"));
            }
            JsonStep::Key(key) => path.extend([".\"", key, "\""]),
            JsonStep::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    Ok(path)
}
