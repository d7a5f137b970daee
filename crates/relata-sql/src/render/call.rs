//! Functions by their texts, fragments, and values of a group in one.

use relata_schema::Dialect;

use super::Writer;
use super::out::Out;
use crate::error::{Error, Kind, Result};
use crate::expr::{Collected, Collection, Expr, OrderKey};
use crate::template::{Form, Template};

impl<O: Out> Writer<O> {
    pub(super) fn template(&mut self, template: &'static Template, arguments: &mut [Expr]) -> Result<()> {
        let sql = self.text_of(template)?;
        self.template_text(sql, arguments)
    }

    /// The function without the cast around it, of which it gives back the rest.
    pub(super) fn called_template(
        &mut self,
        template: &'static Template,
        arguments: &mut [Expr],
    ) -> Result<&'static str> {
        let sql = self.text_of(template)?;
        let cast = sql.strip_prefix("CAST(").and_then(|inner| Some(inner.split_at(inner.rfind(" AS ")?)));
        let Some((inner, after)) = cast else { return self.template_text(sql, arguments).map(|()| "") };
        self.push("CAST(");
        self.template_text(inner, arguments)?;
        Ok(after)
    }

    fn text_of(&self, template: &'static Template) -> Result<&'static str> {
        let form = match self.dialect() {
            Dialect::Sqlite => template.sqlite,
            Dialect::Postgres => template.postgres,
            Dialect::Mysql => template.mysql,
        };
        match form {
            Form::Sql(sql) => Ok(sql),
            Form::Lacks(instead) => {
                let database = database(self.dialect());
                // What others have, too, but in another way.
                let message = match (template.name.strip_prefix("this "), template.name.strip_suffix(" here")) {
                    (Some(name), _) => format!("{database} does not have this {name}"),
                    (_, Some(name)) => format!("{database} has no {name} like this"),
                    _ => format!("{database} has no {}", template.name),
                };
                Err(Error::unsupported(message, instead))
            }
        }
    }

    fn template_text(&mut self, sql: &'static str, arguments: &mut [Expr]) -> Result<()> {
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once('{') {
            self.push(before);
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            match place.parse::<usize>().ok().and_then(|place| arguments.get_mut(place)) {
                // Values move out when they are written, and what comes later may need them again.
                Some(argument) if named_again(after, place) => self.argument(&mut argument.clone())?,
                Some(argument) => self.argument(argument)?,
                None => self.separated(arguments)?,
            }
            rest = after;
        }
        self.push(rest);
        Ok(())
    }

    /// An argument may stand beside an operator.
    fn argument(&mut self, expr: &mut Expr) -> Result<()> {
        let loose = matches!(
            expr,
            Expr::Binary(..)
                | Expr::Compare(..)
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::IsNull(..)
                | Expr::In(..)
                | Expr::Between(..)
                | Expr::Like(..)
        );
        if !loose {
            return self.expr(expr);
        }
        self.push("(");
        self.expr(expr)?;
        self.push(")");
        Ok(())
    }

    /// SQL of the caller's: `{}` is the next argument, `{{` and `}}` are braces.
    pub(super) fn fragment(&mut self, sql: &'static str, arguments: &mut [Expr]) -> Result<()> {
        let given = arguments.len();
        let mut wanted = 0;
        let mut rest = sql;
        while let Some(at) = rest.find(['{', '}']) {
            self.push(&rest[..at]);
            let brace = &rest[at..];
            rest = if let Some(after) = brace.strip_prefix("{}") {
                if let Some(argument) = arguments.get_mut(wanted) {
                    self.argument(argument)?;
                }
                wanted += 1;
                after
            } else if let Some(after) = brace.strip_prefix("{{") {
                self.push("{");
                after
            } else if let Some(after) = brace.strip_prefix("}}") {
                self.push("}");
                after
            } else {
                return Err(Error::new(Kind::Parameters, "a brace alone in the fragment")
                    .sql(sql)
                    .hint("write `{}` for an argument, `{{` or `}}` for a brace"));
            };
        }
        self.push(rest);
        if wanted == given {
            return Ok(());
        }
        let message = format!("the fragment has places for {wanted} arguments, but {given} were given");
        Err(Error::new(Kind::Parameters, message).sql(sql).hint("write `{}` for each argument"))
    }

    /// The values of a group in one value.
    pub(super) fn collected(&mut self, collected: &mut Collected) -> Result<()> {
        let dialect = self.dialect();
        let Collected { form, expr, distinct, order, filter } = collected;
        let distinct_text = *distinct && matches!(form, Collection::Text(_));
        if dialect == Dialect::Sqlite && distinct_text && *form != Collection::Text(",") {
            return Err(Error::unsupported(
                "SQLite joins distinct texts by a comma only",
                "take \",\" as the separator, or group a subquery of the distinct values",
            ));
        }
        self.push(match (&form, dialect) {
            (Collection::Text(_), Dialect::Postgres) => "STRING_AGG(",
            (Collection::Text(_), _) => "GROUP_CONCAT(",
            (Collection::Array, Dialect::Postgres) => "ARRAY_AGG(",
            (Collection::Array, _) => {
                let message = format!("{} has no arrays", database(dialect));
                return Err(Error::unsupported(message, "collect them as JSON by `.json_list()`"));
            }
            (Collection::Json, Dialect::Postgres) => "JSONB_AGG(",
            (Collection::Json, Dialect::Sqlite) => "JSON_GROUP_ARRAY(",
            (Collection::Json, Dialect::Mysql) => "JSON_ARRAYAGG(",
        });
        if *distinct {
            self.push("DISTINCT ");
        }
        // MariaDB has no `FILTER`; NULL is left out of a text, but would be a member of JSON.
        match filter.as_mut().filter(|_| dialect == Dialect::Mysql) {
            Some(_) if *form == Collection::Json => {
                return Err(Error::unsupported(
                    "MariaDB cannot collect some rows of a group as JSON",
                    "filter the query itself, or collect a text by `.string_list(…)`",
                ));
            }
            Some(condition) => {
                self.push("CASE WHEN ");
                self.expr(condition)?;
                self.push(" THEN ");
                self.expr(expr)?;
                self.push(" END");
            }
            None => self.collected_value(*form, expr)?,
        }
        self.collected_end(*form, distinct_text, order)?;
        if let Some(condition) = filter.as_mut().filter(|_| dialect != Dialect::Mysql) {
            self.push(" FILTER (WHERE ");
            self.expr(condition)?;
            self.push(")");
        }
        Ok(())
    }

    fn collected_value(&mut self, form: Collection, expr: &mut Expr) -> Result<()> {
        let cast = matches!(form, Collection::Text(_)) && self.dialect() == Dialect::Postgres;
        if cast {
            self.push("CAST(");
        }
        self.expr(expr)?;
        if cast {
            self.push(" AS text)");
        }
        Ok(())
    }

    /// Separator and order, which databases put in different places.
    fn collected_end(&mut self, form: Collection, distinct_text: bool, order: &mut [OrderKey]) -> Result<()> {
        let dialect = self.dialect();
        if let (Collection::Text(separator), true) = (form, dialect != Dialect::Mysql)
            && !(dialect == Dialect::Sqlite && distinct_text)
        {
            self.push(", ");
            self.text_literal(separator);
        }
        self.order_after(order, " ORDER BY ")?;
        if let (Collection::Text(separator), Dialect::Mysql) = (form, dialect) {
            self.push(" SEPARATOR ");
            self.text_literal(separator);
        }
        self.push(")");
        Ok(())
    }

    /// A text of the program's as a literal, where no parameter may stand.
    fn text_literal(&mut self, text: &'static str) {
        self.push("'");
        for (index, part) in text.split('\'').enumerate() {
            if index > 0 {
                self.push("''");
            }
            for (index, part) in part.split('\\').enumerate() {
                if index > 0 {
                    self.push(if self.dialect() == Dialect::Mysql { "\\\\" } else { "\\" });
                }
                self.push(part);
            }
        }
        self.push("'");
    }
}

/// The rest of a template names this argument, too.
fn named_again(rest: &str, place: &str) -> bool {
    rest.split('{').skip(1).any(|piece| piece.split('}').next() == Some(place))
}

fn database(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
        Dialect::Mysql => "MariaDB",
    }
}
