//! `NewPost`: the fields that a new row must have; setters for the others. A view has none: rows are not made there.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use crate::entity::{Column, Context};

/// Whether a new row need not give this field.
fn is_optional(context: &Context<'_>, column: &Column<'_>) -> bool {
    let field = column.field;
    field.nullable || is_given_by_the_database(context, column)
}

/// Whether a row gets a value for this field that nobody gave.
pub(crate) fn is_given_by_the_database(context: &Context<'_>, column: &Column<'_>) -> bool {
    let field = column.field;
    let stamped = context.entity.timestamps && matches!(field.column_name(), "created_at" | "updated_at");
    field.default.is_some() || field.generated_id || stamped
}

/// The struct, and what it can do.
pub(crate) fn write(context: &Context<'_>) -> (TokenStream, TokenStream) {
    if context.entity.view {
        return (TokenStream::new(), TokenStream::new());
    }
    let (name, vis) = (context.name, context.vis);
    let (new, draft) = (format_ident!("New{name}"), format_ident!("{name}Draft"));
    let written = context.fields.iter().enumerate().filter(|(_, column)| column.field.generated.is_none());
    let (optional, mandatory): (Vec<_>, Vec<_>) = written.partition(|(_, column)| is_optional(context, column));
    let idents: Vec<_> = mandatory.iter().map(|(_, column)| column.ident).collect();
    let types = mandatory.iter().map(|(_, column)| column.ty);
    let positions = mandatory.iter().map(|(at, _)| Literal::usize_unsuffixed(*at));
    let setters = optional.iter().map(|(at, column)| setter(context, *at, column));
    let starts = optional.iter().map(|(at, column)| start(context, *at, column));
    let doc = format!("The fields that a new [`{name}`](struct@{name}) must have; setters give the others.");
    let item = quote! {
        #[doc = #doc]
        #[derive(Clone)]
        #vis struct #new {
            #(#[allow(missing_docs)] #vis #idents: #types,)*
        }
    };
    let behaviour = quote! {
        #vis struct #draft(__relata::Draft<#name>);
        impl #draft {
            #(#setters)*
        }
        impl #new {
            #(#starts)*
        }
        impl __relata::NewRow for #new {
            type Entity = #name;
            fn into_draft(self) -> __relata::Draft<#name> {
                __relata::Draft::new(&[#(#positions),*], [#(__relata::encode(self.#idents)),*])
            }
        }
        impl ::core::convert::From<#new> for #draft {
            fn from(new: #new) -> Self {
                Self(__relata::NewRow::into_draft(new))
            }
        }
        impl __relata::NewRow for #draft {
            type Entity = #name;
            fn into_draft(self) -> __relata::Draft<#name> {
                self.0
            }
        }
    };
    (item, behaviour)
}

fn setter(context: &Context<'_>, at: usize, column: &Column<'_>) -> TokenStream {
    let (vis, ident, ty) = (context.vis, column.ident, column.ty);
    quote! {
        #vis fn #ident(mut self, value: impl __relata::NewValue<#ty>) -> Self {
            self.0.put(#at, value.into_value());
            self
        }
    }
}

fn start(context: &Context<'_>, at: usize, column: &Column<'_>) -> TokenStream {
    let (vis, ident, ty) = (context.vis, column.ident, column.ty);
    let draft = format_ident!("{}Draft", context.name);
    let doc = format!("Sets `{}`.", column.field.name);
    quote! {
        #[doc = #doc]
        #vis fn #ident(self, value: impl __relata::NewValue<#ty>) -> #draft {
            let mut draft = __relata::NewRow::into_draft(self);
            draft.put(#at, value.into_value());
            #draft(draft)
        }
    }
}
