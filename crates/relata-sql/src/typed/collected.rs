//! The values of a group in one value: a text, an array, JSON; and statistics.

use std::marker::PhantomData;

use super::function::call;
use super::{Aggregate, Column, Expr, Expression, Field, Number, Order, Pred};
use crate::cell::Element;
use crate::expr::{self, Collection};
use crate::template::Template;

/// The values of a group in one value; `.distinct()`, `.order(…)` and `.filter(…)` say which and how.
pub struct Collected<R, T> {
    collected: expr::Collected,
    marker: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Collected<R, T> {
    fn new(form: Collection, expr: Expr) -> Self {
        let collected = expr::Collected { form, expr, distinct: false, order: Vec::new(), filter: None };
        Collected { collected, marker: PhantomData }
    }

    /// Each different value once. With an order, it must be that of the values themselves.
    #[must_use]
    pub fn distinct(mut self) -> Self {
        self.collected.distinct = true;
        self
    }

    /// Adds a key to the order of the values. **Dialects**: JSON on MariaDB is collected in no order.
    #[must_use]
    pub fn order(mut self, order: Order<R>) -> Self {
        self.collected.order.push(order.into_key());
        self
    }

    /// Of the rows that keep this only.
    #[must_use]
    pub fn filter(mut self, filter: Pred<R>) -> Self {
        Expr::and_into(&mut self.collected.filter, filter.into_expr());
        self
    }

    /// The untyped data.
    pub fn into_expr(self) -> Expr {
        Expr::Collected(Box::new(self.collected))
    }
}

impl<R, T> Aggregate<R, T> {
    /// Of each different value once.
    #[must_use]
    pub fn distinct(self) -> Self {
        Aggregate::of(match self.into_expr() {
            Expr::Aggregate(function, Some(inner), _) => Expr::Aggregate(function, Some(inner), true),
            Expr::Filtered(aggregate, filter) => {
                Expr::Filtered(Box::new(Aggregate::<R, T>::of(*aggregate).distinct().into_expr()), filter)
            }
            other => other,
        })
    }
}

static DEVIATION: Template = Template::each(
    "standard deviation",
    "",
    "CAST(STDDEV_POP({0}) AS double precision)",
    "CAST(STDDEV_POP({0}) AS DOUBLE)",
)
.not_on_sqlite("compute it from the mean of the squares: `(x * x).avg()` and `x.avg()`");
static VARIANCE: Template =
    Template::each("variance", "", "CAST(VAR_POP({0}) AS double precision)", "CAST(VAR_POP({0}) AS DOUBLE)")
        .not_on_sqlite("compute it from the mean of the squares: `(x * x).avg()` and `x.avg()`");
const RANKED: &str =
    "number the rows by `row_number().over(…)` in a query inside the query and take the one in the middle";
static PERCENTILE: Template = Template::postgres(
    "percentiles as aggregates",
    "CAST(PERCENTILE_CONT({1}) WITHIN GROUP (ORDER BY {0}) AS double precision)",
    RANKED,
);
static DISCRETE: Template =
    Template::postgres("percentiles as aggregates", "PERCENTILE_DISC({1}) WITHIN GROUP (ORDER BY {0})", RANKED);
static MODE: Template = Template::postgres(
    "commonest value as an aggregate",
    "MODE() WITHIN GROUP (ORDER BY {0})",
    "group by the value, order by `count_rows().desc()` and take the first",
);

macro_rules! collecting {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// The values of the group as one text, with this between them; NULLs are left out, `None` of no rows.
            /// **Dialects**: distinct texts on SQLite have a comma between them; MariaDB cuts off after 1 MB
            /// (`group_concat_max_len`).
            pub fn string_list(self, separator: &'static str) -> Collected<R, Option<String>> {
                Collected::new(Collection::Text(separator), self.into_expr())
            }

            /// The values of the group as a JSON array. **Dialects**: `None` of no rows on PostgreSQL and MariaDB, an empty
            /// array on SQLite.
            pub fn json_list(self) -> Collected<R, Option<serde_json::Value>> {
                Collected::new(Collection::Json, self.into_expr())
            }

            /// The commonest value; `None` of no rows. **Dialects**: PostgreSQL.
            pub fn mode(self) -> Aggregate<R, Option<T::Base>> {
                Aggregate::of(call::<R, T>(&MODE, vec![self.into_expr()]).into_expr())
            }

            /// The least value that so large a share of the values does not exceed. **Dialects**: PostgreSQL.
            pub fn percentile_disc(self, share: f64) -> Aggregate<R, Option<T::Base>> {
                Aggregate::of(Expr::Template(
                    &DISCRETE,
                    vec![self.into_expr(), super::value::<R, f64>(share).into_expr()],
                ))
            }
        }

        impl<R, T: Field<Base = T> + Element> $name<R, T> {
            /// The values of the group as an array; `None` of no rows. **Dialects**: PostgreSQL; elsewhere
            /// `.json_list()`.
            pub fn array_list(self) -> Collected<R, Option<Vec<T>>> {
                Collected::new(Collection::Array, self.into_expr())
            }
        }

        impl<R, T: Field> $name<R, T> {
            /// The standard deviation of all rows; `None` of no rows. **Dialects**: not SQLite.
            pub fn deviation(self) -> Aggregate<R, Option<f64>>
            where
                T::Base: Number,
            {
                Aggregate::of(Expr::Template(&DEVIATION, vec![self.into_expr()]))
            }

            /// The variance of all rows; `None` of no rows. **Dialects**: not SQLite.
            pub fn variance(self) -> Aggregate<R, Option<f64>>
            where
                T::Base: Number,
            {
                Aggregate::of(Expr::Template(&VARIANCE, vec![self.into_expr()]))
            }

            /// The value below which so large a share of the values lies, between two if need be: 0.5 is the median.
            /// **Dialects**: PostgreSQL.
            pub fn percentile(self, share: f64) -> Aggregate<R, Option<f64>>
            where
                T::Base: Number,
            {
                Aggregate::of(Expr::Template(
                    &PERCENTILE,
                    vec![self.into_expr(), super::value::<R, f64>(share).into_expr()],
                ))
            }
        }
    };
}
collecting!(Column);
collecting!(Expression);
