//! Relations: a marker type with its constant data for each, the joined columns, and what a loaded row gives.

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use relata_schema::declare::{Entity, ReferenceDeclaration, Relation, RelationKind, field_names, simple_name};
use relata_schema::naming;
use syn::spanned::Spanned;

use crate::entity::Context;

/// A relation with its Rust names.
pub(crate) struct Named<'a> {
    pub(crate) relation: &'a Relation,
    /// As field and method.
    pub(crate) ident: Ident,
    /// Its marker type.
    pub(crate) marker: Ident,
    /// The other entity.
    to: syn::Path,
}

pub(crate) fn named<'a>(input: &syn::DeriveInput, entity: &'a Entity) -> Vec<Named<'a>> {
    let name = &input.ident;
    let relations = entity.relations.iter().filter_map(|relation| {
        Some(Named {
            relation,
            ident: ident(&relation.name),
            marker: format_ident!("{name}To{}", naming::pascal(&relation.name)),
            to: located(input, &relation.entity)?,
        })
    });
    relations.collect()
}

/// The path of an entity where an attribute names it, so that rustc points there when it does not exist.
pub(crate) fn located(input: &syn::DeriveInput, path: &str) -> Option<syn::Path> {
    let mut path: syn::Path = syn::parse_str(path).ok()?;
    let of_fields = match &input.data {
        syn::Data::Struct(data) => data.fields.iter().flat_map(|field| &field.attrs).collect(),
        _ => Vec::new(),
    };
    let named = path.segments.last()?.ident.to_string();
    if let Some(found) = said_on(of_fields.into_iter().chain(&input.attrs), &named) {
        path.segments.iter_mut().for_each(|segment| segment.ident.set_span(found));
    }
    Some(path)
}

/// Where an attribute says this name.
pub(crate) fn said_on<'a>(
    attributes: impl IntoIterator<Item = &'a syn::Attribute>,
    name: &str,
) -> Option<proc_macro2::Span> {
    let tokens = attributes.into_iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::List(list) => Some(list.tokens.clone()),
        _ => None,
    });
    tokens.into_iter().find_map(|tokens| said_in(tokens, name))
}

fn said_in(tokens: TokenStream, name: &str) -> Option<proc_macro2::Span> {
    tokens.into_iter().find_map(|token| match &token {
        TokenTree::Ident(ident) if ident == name => Some(token.span()),
        TokenTree::Group(group) => said_in(group.stream(), name),
        _ => None,
    })
}

fn ident(name: &str) -> Ident {
    match name {
        // The words that cannot be names even so.
        "crate" | "self" | "super" | "Self" => format_ident!("{name}_"),
        _ => syn::parse_str(name).unwrap_or_else(|_| format_ident!("r#{name}")),
    }
}

fn is_many(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::HasMany { .. } | RelationKind::ManyToMany { .. })
}

/// Whether the relation may lead nowhere.
fn is_optional(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::HasOne { .. } | RelationKind::BelongsTo { nullable: true, .. })
}

/// The methods `Post.author()` that give the columns of a joined entity.
pub(crate) fn paths(context: &Context<'_>) -> TokenStream {
    let vis = context.vis;
    let methods = context.relations.iter().filter(|named| !is_many(named.relation)).map(|named| {
        let (ident, to) = (&named.ident, &named.to);
        let presence = if is_optional(named.relation) { quote!(__relata::Perhaps) } else { quote!(N) };
        quote! {
            #vis fn #ident(self) -> <#presence as __relata::Presence>::Columns<#to, R> {
                self.#ident.columns::<#presence>()
            }
        }
    });
    quote!(#(#methods)*)
}

/// Markers and their constant data.
pub(crate) fn write(context: &Context<'_>) -> TokenStream {
    let relations: TokenStream = context.relations.iter().map(|named| write_one(context, named)).collect();
    let references = references(context);
    quote!(#relations #references)
}

/// Has rustc compare the type of each reference to a key with that of the key, and point at the field.
fn references(context: &Context<'_>) -> TokenStream {
    let fields = context.fields.iter().filter(|column| !column.field.id && column.field.db_types.is_empty());
    let checked = fields.filter_map(|column| {
        let reference = column.field.references.as_ref().filter(|reference| reference.referenced_fields.is_empty())?;
        let (ty, to) = (column.ty, located(context.input, &reference.entity)?);
        Some(quote_spanned!(ty.span() => const _: fn() = __relata::refers::<#ty, #to>;))
    });
    checked.collect()
}

fn write_one(context: &Context<'_>, named: &Named<'_>) -> TokenStream {
    let (vis, from, to, marker, name) = (context.vis, context.name, &named.to, &named.marker, &named.relation.name);
    let kind = match named.relation {
        relation if is_many(relation) => format_ident!("Many"),
        relation if is_optional(relation) => format_ident!("Optional"),
        _ => format_ident!("One"),
    };
    let target = quote!(<#to as ::relata::Entity>::TABLE);
    let mut via = quote!(::core::option::Option::None);
    // The columns that are equal (here, there), and the fields there that must exist.
    let (pairs, fields): (Vec<(TokenStream, TokenStream)>, Vec<String>) = match &named.relation.kind {
        RelationKind::BelongsTo { field, .. } => {
            let here = field_names(field);
            let there = referenced(context, &here, &named.relation.entity);
            let pair = |(index, here): (usize, &&str)| {
                let at = context.position(here).unwrap_or_default();
                let at = Literal::usize_unsuffixed(at);
                let place = Literal::usize_unsuffixed(index);
                let there = there.get(index).map(|there| quote!(#target.position(#there)));
                (quote!(#at), there.unwrap_or_else(|| quote!(#target.key[#place])))
            };
            (here.iter().enumerate().map(pair).collect(), there.to_vec())
        }
        RelationKind::HasOne { field } | RelationKind::HasMany { field } => {
            let pair = |(index, there): (usize, &&str)| {
                let place = Literal::usize_unsuffixed(index);
                (quote!(TABLE.key[#place]), quote!(#target.position(#there)))
            };
            let there = field_names(field);
            (there.iter().enumerate().map(pair).collect(), there.into_iter().map(str::to_string).collect())
        }
        RelationKind::ManyToMany { via: junction, near, far } => {
            via = junction_meta(context, named, junction, near.as_deref(), far.as_deref());
            (vec![(quote!(TABLE.key[0]), quote!(#target.key[0]))], Vec::new())
        }
    };
    let only = only(context, named, &target);
    let refers = refers(context, named);
    let check = fields.iter().map(|field| is_there(context, to, field));
    let check = quote!(#(#check)*);
    let Some(((from_column, to_column), further)) = pairs.split_first() else { return TokenStream::new() };
    let further = further.iter().map(|(here, there)| quote!((#here, #there)));
    quote! {
        #[doc(hidden)]
        #vis enum #marker {}
        #check
        impl __relata::Named<{ __relata::number(#name) }> for #from {
            type Relation = #marker;
        }
        impl __relata::Relation for #marker {
            type From = #from;
            type To = #to;
            type Kind = __relata::#kind;
            const META: &'static __relata::RelationMeta = {
                static META: __relata::RelationMeta = __relata::RelationMeta {
                    name: #name,
                    from: &TABLE,
                    from_column: #from_column,
                    to: #target,
                    to_column: #to_column,
                    only: #only,
                    further: &[#(#further),*],
                    cardinality: __relata::Cardinality::#kind,
                    refers: #refers,
                    via: #via,
                    from_root: __relata::FromRoot::new(),
                };
                &META
            };
        }
    }
}

/// Gives rustc's own message, with the fields that there are, when the other entity has no such field.
fn is_there(context: &Context<'_>, to: &syn::Path, field: &str) -> TokenStream {
    let mut ident = ident(field);
    if let Some(said) = said_on(&context.input.attrs, field) {
        ident.set_span(said.resolved_at(ident.span()));
    }
    quote! {
        const _: fn(<#to as ::relata::Entity>::Columns<#to>) = |columns| { let _ = columns.#ident; };
    }
}

/// The fields that a reference of these fields names; none: the key.
fn referenced<'a>(context: &Context<'a>, here: &[&str], entity: &str) -> &'a [String] {
    reference(context, here, entity).map_or(&[], |key| &key.referenced_fields)
}

/// The reference of these fields.
fn reference<'a>(context: &Context<'a>, here: &[&str], entity: &str) -> Option<&'a ReferenceDeclaration> {
    let on_field = match here {
        [field] => context.entity.field(field).and_then(|field| field.references.as_ref()),
        _ => None,
    };
    let on_struct = context.entity.foreign_keys.iter().find(|key| key.fields == here && key.entity == entity);
    on_field.filter(|reference| reference.entity == entity).or(on_struct)
}

/// What happens here when the row there goes, if the foreign key is on this side.
fn refers(context: &Context<'_>, named: &Named<'_>) -> TokenStream {
    match &named.relation.kind {
        RelationKind::BelongsTo { field, .. } if named.relation.only.is_none() => {
            let action = reference(context, &field_names(field), &named.relation.entity).map(|key| key.on_delete);
            let action = Ident::new(&format!("{:?}", action.unwrap_or_default()), proc_macro2::Span::call_site());
            quote!(::core::option::Option::Some(__relata::Action::#action))
        }
        _ => quote!(::core::option::Option::None),
    }
}

/// The column that says whether the relation is meant.
fn only(context: &Context<'_>, named: &Named<'_>, target: &TokenStream) -> TokenStream {
    let Some((field, value)) = &named.relation.only else { return quote!(::core::option::Option::None) };
    let here = matches!(named.relation.kind, RelationKind::BelongsTo { .. });
    let column = match context.position(field).filter(|_| here) {
        Some(at) => {
            let at = Literal::usize_unsuffixed(at);
            quote!(#at)
        }
        None => quote!(#target.position(#field)),
    };
    quote!(::core::option::Option::Some(__relata::Only { here: #here, column: #column, value: #value }))
}

/// The markers of all relations.
pub(crate) fn markers<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Ident> {
    context.relations.iter().map(|named| &named.marker)
}

fn junction_meta(
    context: &Context<'_>,
    named: &Named<'_>,
    junction: &str,
    near: Option<&str>,
    far: Option<&str>,
) -> TokenStream {
    let Some(path) = located(context.input, junction) else { return quote!(::core::option::Option::None) };
    let table = quote_spanned!(path.span() => <#path as ::relata::Entity>::TABLE);
    let (here, there) = (&context.entity.name, simple_name(&named.relation.entity));
    let near = match near {
        Some(field) => quote!(#table.position(#field)),
        None => quote_spanned!(path.span() => #table.referring(#here, ::core::option::Option::None)),
    };
    let far = match far {
        Some(field) => quote!(#table.position(#field)),
        None => quote_spanned!(path.span() => #table.referring(#there, ::core::option::Option::Some(#near))),
    };
    quote!(::core::option::Option::Some(__relata::Junction { table: #table, near: #near, far: #far }))
}

/// The type of a row with what was loaded.
pub(crate) fn with_type(context: &Context<'_>) -> TokenStream {
    if context.relations.is_empty() {
        return quote!(__relata::Loaded<Self, S>);
    }
    let with = format_ident!("{}With", context.name);
    quote!(#with<S>)
}

/// The struct of a row with what was loaded, and what it can do.
pub(crate) fn with(context: &Context<'_>) -> (TokenStream, TokenStream) {
    if context.relations.is_empty() {
        return Default::default();
    }
    let (name, vis) = (context.name, context.vis);
    let with = format_ident!("{name}With");
    let doc = format!("A [`{name}`](struct@{name}) together with what `.with(…)` loaded.");
    let methods = context.relations.iter().map(|named| accessor(context, named));
    let item = quote! {
        #[doc = #doc]
        #vis struct #with<S>(::relata::__private::Loaded<#name, S>);
    };
    let absent = context.relations.iter().map(|named| absent(context, named));
    let methods = quote! {
        #(#absent)*
        __relata::carries!(#with, #name);
        impl<S> #with<S> {
            #(#methods)*
        }
    };
    (item, methods)
}

/// The accessor of a row that was read without the relation: it cannot be called, and says what is missing.
fn absent(context: &Context<'_>, named: &Named<'_>) -> TokenStream {
    let (vis, name, ident, to) = (context.vis, context.name, &named.ident, &named.to);
    let result = if is_many(named.relation) {
        quote!(&'row [#to])
    } else if is_optional(named.relation) {
        quote!(::core::option::Option<&'row #to>)
    } else {
        quote!(&'row #to)
    };
    let loaded = format_ident!("Loaded{}", naming::pascal(&named.relation.name));
    let message = format!("`{}` of this `{name}` was not loaded", named.relation.name);
    let note = format!("add `.with({name}.{})` to the query that gave the row", named.relation.name);
    let taken = format!("a function that takes such a row says so: `&loaded!({name}: {})`", named.relation.name);
    quote! {
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(message = #message, label = "not loaded", note = #note, note = #taken)]
        #vis trait #loaded<'row> {
            fn loaded(self) -> #result;
        }
        impl #name {
            #[doc(hidden)]
            #vis fn #ident<'row>(&'row self) -> #result
            where
                &'row #name: #loaded<'row>,
            {
                #loaded::loaded(self)
            }
        }
    }
}

fn accessor(context: &Context<'_>, named: &Named<'_>) -> TokenStream {
    let (vis, ident) = (context.vis, &named.ident);
    let marker = &named.marker;
    let doc = format!("What was loaded along the relation `{}`.", named.relation.name);
    let (output, result, body) = if is_many(named.relation) {
        (
            quote!(::std::vec::Vec<LoadedOnce>),
            quote!(&[LoadedOnce]),
            quote!(__relata::Contains::<#marker, I>::slot(&self.0.slots)),
        )
    } else if is_optional(named.relation) {
        let slot = quote!(__relata::Contains::<#marker, I>::slot(&self.0.slots).as_ref());
        (quote!(::core::option::Option<LoadedOnce>), quote!(::core::option::Option<&LoadedOnce>), slot)
    } else {
        let slot = quote!(__relata::Contains::<#marker, I>::slot(&self.0.slots).row());
        (quote!(__relata::Required<LoadedOnce>), quote!(&LoadedOnce), slot)
    };
    quote! {
        #[doc = #doc]
        #vis fn #ident<I, LoadedOnce>(&self) -> #result
        where
            S: __relata::Contains<#marker, I, Data = #output>,
        {
            #body
        }
    }
}
