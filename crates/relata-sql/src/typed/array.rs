//! Arrays: PostgreSQL alone has them; elsewhere JSON or a table of its own does the job.

use super::function::call;
use super::{Array, Column, Expr, Expression, Field, Operand, Pred};
use crate::template::Template;

const TABLE: &str = "keep JSON and use `.contains_json(…)`, or a table of its own";

static HAS: Template = Template::postgres("arrays", "({1} = ANY({0}))", TABLE);
static HAS_ALL: Template = Template::postgres("arrays", "({0} @> {1})", TABLE);
static HAS_ANY: Template = Template::postgres("arrays", "({0} && {1})", TABLE);
static WITHIN: Template = Template::postgres("arrays", "({0} <@ {1})", TABLE);
static APPEND: Template = Template::postgres("arrays", "ARRAY_APPEND({0}, {1})", TABLE);
static PREPEND: Template = Template::postgres("arrays", "ARRAY_PREPEND({1}, {0})", TABLE);
static APPEND_ALL: Template = Template::postgres("arrays", "ARRAY_CAT({0}, {1})", TABLE);
static REMOVE: Template = Template::postgres("arrays", "ARRAY_REMOVE({0}, {1})", TABLE);
static ELEMENTS: Template =
    Template::postgres("arrays", "CAST(CARDINALITY({0}) AS bigint)", "keep JSON and use `.array_length()`");

type Item<T> = <<T as Field>::Base as Array>::Item;

macro_rules! arrays {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// The value is an element of the array. **Dialects**: PostgreSQL.
            pub fn has(self, value: impl Operand<R, Item<T>>) -> Pred<R>
            where
                T::Base: Array,
            {
                Pred::new(Expr::Template(&HAS, vec![self.into_expr(), value.into_operand()]))
            }

            /// Each of the other's elements is one of the array's. **Dialects**: PostgreSQL.
            pub fn has_all(self, other: impl Operand<R, T::Base>) -> Pred<R>
            where
                T::Base: Array,
            {
                Pred::new(Expr::Template(&HAS_ALL, vec![self.into_expr(), other.into_operand()]))
            }

            /// The arrays have an element in common. **Dialects**: PostgreSQL.
            pub fn has_any(self, other: impl Operand<R, T::Base>) -> Pred<R>
            where
                T::Base: Array,
            {
                Pred::new(Expr::Template(&HAS_ANY, vec![self.into_expr(), other.into_operand()]))
            }

            /// Each of the array's elements is one of the other's. **Dialects**: PostgreSQL.
            pub fn within(self, other: impl Operand<R, T::Base>) -> Pred<R>
            where
                T::Base: Array,
            {
                Pred::new(Expr::Template(&WITHIN, vec![self.into_expr(), other.into_operand()]))
            }

            /// The array with one more element at its end: `.set(Post.tags.to(Post.tags.append("new")))`.
            /// **Dialects**: PostgreSQL.
            pub fn append(self, value: impl Operand<R, Item<T>>) -> Expression<R, T>
            where
                T::Base: Array,
            {
                call(&APPEND, vec![self.into_expr(), value.into_operand()])
            }

            /// The array with one more element at its beginning. **Dialects**: PostgreSQL.
            pub fn prepend(self, value: impl Operand<R, Item<T>>) -> Expression<R, T>
            where
                T::Base: Array,
            {
                call(&PREPEND, vec![self.into_expr(), value.into_operand()])
            }

            /// The array and another after it. **Dialects**: PostgreSQL.
            pub fn append_all(self, other: impl Operand<R, T::Base>) -> Expression<R, T>
            where
                T::Base: Array,
            {
                call(&APPEND_ALL, vec![self.into_expr(), other.into_operand()])
            }

            /// The array without each element that equals this. **Dialects**: PostgreSQL.
            pub fn remove(self, value: impl Operand<R, Item<T>>) -> Expression<R, T>
            where
                T::Base: Array,
            {
                call(&REMOVE, vec![self.into_expr(), value.into_operand()])
            }

            /// How many elements the array has. **Dialects**: PostgreSQL.
            pub fn elements(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Array,
            {
                call(&ELEMENTS, vec![self.into_expr()])
            }
        }
    };
}
arrays!(Column);
arrays!(Expression);
