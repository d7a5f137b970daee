//! References to one of several entities: an enum of the keys, its accessor on the struct, its setter on new rows.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use relata_schema::declare::{Arc, ArcKind, simple_name};
use relata_schema::naming;

use crate::entity::Context;

/// The enums, and what goes with them.
pub(crate) fn write(context: &Context<'_>) -> (TokenStream, TokenStream) {
    context.entity.arcs.iter().filter_map(|arc| one(context, arc)).unzip()
}

/// One thing that may be referred to.
struct Choice {
    variant: syn::Ident,
    /// The type of its key.
    key: TokenStream,
    /// How the key is read from `self`.
    read: TokenStream,
    /// The columns that are set for it: positions and values, with `key` in scope.
    set: Vec<(usize, TokenStream)>,
}

fn choices(context: &Context<'_>, kind: &ArcKind, target: &syn::Ident) -> Option<Vec<Choice>> {
    match kind {
        ArcKind::Exclusive(fields) => fields.iter().map(|field| exclusive(context, field, fields, target)).collect(),
        ArcKind::Typed { type_field, id_field, entities } => {
            let typed = |(entity, value): &(String, String)| {
                let (at_type, at_id) = (context.position(type_field)?, context.position(id_field)?);
                let path: syn::Path = syn::parse_str(entity).ok()?;
                let (type_ident, id_ident) = (context.fields[at_type].ident, context.fields[at_id].ident);
                let variant = format_ident!("{}", simple_name(entity));
                let key = quote!(<#path as ::relata::Entity>::Key);
                let read = quote! {
                    if __relata::value(&self.#type_ident) == __relata::text(#value) {
                        let key = __relata::value(&self.#id_ident);
                        return __relata::Decode::decode(__relata::Cell::of(&key)).ok().map(#target::#variant);
                    }
                };
                let set = vec![(at_type, quote!(__relata::text(#value))), (at_id, quote!(__relata::encode(key)))];
                Some(Choice { variant, key, read, set })
            };
            entities.iter().map(typed).collect()
        }
    }
}

fn exclusive(context: &Context<'_>, field: &str, all: &[String], target: &syn::Ident) -> Option<Choice> {
    let at = context.position(field)?;
    let (ident, ty) = (context.fields[at].ident, context.fields[at].ty);
    let key = quote!(<#ty as ::relata::__private::Field>::Base);
    let variant = format_ident!("{}", naming::pascal(naming::relation(field).unwrap_or(field)));
    let read = quote! {
        if let ::core::option::Option::Some(key) = &self.#ident {
            return ::core::option::Option::Some(#target::#variant(::core::clone::Clone::clone(key)));
        }
    };
    let null =
        |other: &String| Some((context.position(other).filter(|other| *other != at)?, quote!(__relata::Value::Null)));
    let mut set: Vec<_> = all.iter().filter_map(null).collect();
    set.push((at, quote!(__relata::encode(key))));
    Some(Choice { variant, key, read, set })
}

fn one(context: &Context<'_>, arc: &Arc) -> Option<(TokenStream, TokenStream)> {
    let (name, vis) = (context.name, context.vis);
    let method = format_ident!("{}", arc.name);
    let target = format_ident!("{name}{}", naming::pascal(&arc.name));
    let choices = choices(context, &arc.kind, &target)?;
    let variants = choices.iter().map(|choice| &choice.variant);
    let keys = choices.iter().map(|choice| &choice.key);
    let doc = format!("What a [`{name}`](struct@{name}) refers to as its `{}`: one of these, by its key.", arc.name);
    let item = quote! {
        #[doc = #doc]
        #[derive(Debug, Clone, PartialEq)]
        #vis enum #target {
            #(#[allow(missing_docs)] #variants(#keys),)*
        }
    };
    let reads = choices.iter().map(|choice| &choice.read);
    let sets = choices.iter().map(|choice| {
        let variant = &choice.variant;
        let (at, values): (Vec<_>, Vec<_>) =
            choice.set.iter().map(|(at, value)| (Literal::usize_unsuffixed(*at), value)).unzip();
        quote!(#target::#variant(key) => draft #(.set(#at, #values))*)
    });
    let read_doc =
        format!("What it refers to as its `{}`; `None` if the row says nothing, or something else.", arc.name);
    let set_doc = format!("Lets it refer to this as its `{}`.", arc.name);
    let (new, draft) = (format_ident!("New{name}"), format_ident!("{name}Draft"));
    let writes = (!context.entity.view).then(|| {
        quote! {
            impl #draft {
                #[doc = #set_doc]
                #vis fn #method(self, target: #target) -> Self {
                    let draft = self.0;
                    Self(match target { #(#sets,)* })
                }
            }
            impl #new {
                #[doc = #set_doc]
                #vis fn #method(self, target: #target) -> #draft {
                    #draft(__relata::NewRow::into_draft(self)).#method(target)
                }
            }
        }
    });
    let behaviour = quote! {
        impl #name {
            #[doc = #read_doc]
            #vis fn #method(&self) -> ::core::option::Option<#target> {
                #(#reads)*
                ::core::option::Option::None
            }
        }
        #writes
    };
    Some((item, behaviour))
}
