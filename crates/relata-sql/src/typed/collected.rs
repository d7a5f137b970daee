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
            Expr::Template(template, mut arguments) if !arguments.is_empty() && !template.orders_values() => {
                arguments[0] = Expr::Template(&DISTINCT, vec![std::mem::replace(&mut arguments[0], Expr::Number(0))]);
                Expr::Template(template, arguments)
            }
            plain @ Expr::Aggregate(..) => plain,
            other => Expr::Template(&NOT_DISTINCT, vec![other]),
        })
    }
}

static DISTINCT: Template = Template::everywhere("statistics of different values", "DISTINCT {0}")
    .not_on_mysql("take the different values in a query inside the query: `from(query)` of a `.distinct()` one");
const ORDERED: &str = "take the different values in a query inside the query; in a fragment write DISTINCT yourself";
static NOT_DISTINCT: Template =
    Template::postgres("aggregate of this kind over different values", "", ORDERED).not_on_postgres(ORDERED);
macro_rules! of_samples {
    ($($name:ident: $words:literal, $function:literal;)*) => {$(
        static $name: Template = Template::each(
            $words,
            "",
            concat!("CAST(", $function, "({0}) AS double precision)"),
            concat!("CAST(", $function, "({0}) AS DOUBLE)"),
        )
        .not_on_sqlite("compute it from the mean of the squares: `(x * x).avg()` and `x.avg()`")
.of_groups();
    )*};
}
of_samples! {
    SAMPLE_DEVIATION: "standard deviation", "STDDEV_SAMP";
    SAMPLE_VARIANCE: "variance", "VAR_SAMP";
}
static EVERY: Template = Template::each("truth of all", "MIN({0})", "BOOL_AND({0})", "MIN({0})").of_groups();
static SOME: Template = Template::each("truth of any", "MAX({0})", "BOOL_OR({0})", "MAX({0})").of_groups();
static OBJECT: Template = Template::each(
    "JSON object of a group",
    "JSON_GROUP_OBJECT({0}, {1})",
    "JSONB_OBJECT_AGG({0}, {1})",
    "JSON_OBJECTAGG({0}, {1})",
)
.of_groups();
static DEVIATION: Template = Template::each(
    "standard deviation",
    "",
    "CAST(STDDEV_POP({0}) AS double precision)",
    "CAST(STDDEV_POP({0}) AS DOUBLE)",
)
.not_on_sqlite("compute it from the mean of the squares: `(x * x).avg()` and `x.avg()`")
.of_groups();
static VARIANCE: Template =
    Template::each("variance", "", "CAST(VAR_POP({0}) AS double precision)", "CAST(VAR_POP({0}) AS DOUBLE)")
        .not_on_sqlite("compute it from the mean of the squares: `(x * x).avg()` and `x.avg()`")
        .of_groups();
const RANKED: &str =
    "number the rows by `row_number().over(…)` in a query inside the query and take the one in the middle";
static PERCENTILE: Template = Template::postgres(
    "percentiles as aggregates",
    "CAST(PERCENTILE_CONT({1}) WITHIN GROUP (ORDER BY {0}) AS double precision)",
    RANKED,
)
.of_groups();
static DISCRETE: Template =
    Template::postgres("percentiles as aggregates", "PERCENTILE_DISC({1}) WITHIN GROUP (ORDER BY {0})", RANKED)
        .of_groups();
static MODE: Template = Template::postgres(
    "commonest value as an aggregate",
    "MODE() WITHIN GROUP (ORDER BY {0})",
    "group by the value, order by `count_rows().desc()` and take the first",
)
.of_groups();

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

        impl<R, T: Field<Base = bool>> $name<R, T> {
            /// It is true in every row of the group, rows where it is NULL left out; `None` of no rows.
            pub fn every(self) -> Aggregate<R, Option<bool>> {
                Aggregate::of(Expr::Template(&EVERY, vec![self.into_expr()]))
            }

            /// It is true in some row of the group; `None` of no rows.
            pub fn some(self) -> Aggregate<R, Option<bool>> {
                Aggregate::of(Expr::Template(&SOME, vec![self.into_expr()]))
            }
        }

        impl<R> $name<R, String> {
            /// A JSON object of the group with a member for each row: this is its name, the other its value.
            /// **Dialects**: `None` of no rows on PostgreSQL and MariaDB, an empty object on SQLite.
            pub fn json_object<V: Field>(
                self,
                value: impl Into<Expression<R, V>>,
            ) -> Aggregate<R, Option<serde_json::Value>> {
                Aggregate::of(Expr::Template(&OBJECT, vec![self.into_expr(), value.into().into_expr()]))
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

            /// The standard deviation as that of a sample; `None` of fewer than two rows. **Dialects**: not SQLite.
            pub fn sample_deviation(self) -> Aggregate<R, Option<f64>>
            where
                T::Base: Number,
            {
                Aggregate::of(Expr::Template(&SAMPLE_DEVIATION, vec![self.into_expr()]))
            }

            /// The variance as that of a sample; `None` of fewer than two rows. **Dialects**: not SQLite.
            pub fn sample_variance(self) -> Aggregate<R, Option<f64>>
            where
                T::Base: Number,
            {
                Aggregate::of(Expr::Template(&SAMPLE_VARIANCE, vec![self.into_expr()]))
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
