//! The code of `derive(Entity)`.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use relata_schema::Dialect;
use relata_schema::declare::{DefaultValue, Entity, Field};
use relata_schema::naming;
use relata_schema::types::Type;
use syn::DeriveInput;
use syn::spanned::Spanned;

use crate::{arc, insert, relation, rule};

/// What all parts of the code need.
pub(crate) struct Context<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) entity: &'a Entity,
    pub(crate) name: &'a Ident,
    pub(crate) vis: &'a syn::Visibility,
    pub(crate) fields: Vec<Column<'a>>,
    pub(crate) relations: Vec<relation::Named<'a>>,
}

/// A field of the struct.
pub(crate) struct Column<'a> {
    pub(crate) field: &'a Field,
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a syn::Type,
    pub(crate) attrs: &'a [syn::Attribute],
}

impl Context<'_> {
    pub(crate) fn position(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|column| column.field.name == field)
    }

    /// Columns that only the table has, with the position of the first.
    fn added(&self) -> Vec<(&'static str, bool)> {
        let times = if self.entity.timestamps { &[("created_at", false), ("updated_at", false)][..] } else { &[] };
        let deleted = if self.entity.soft_delete { &[("deleted_at", true)][..] } else { &[] };
        times.iter().chain(deleted).copied().filter(|(name, _)| self.named(name).is_none()).collect()
    }

    fn named(&self, column: &str) -> Option<usize> {
        self.fields.iter().position(|known| known.field.column_name() == column)
    }

    fn place(&self, column: &str) -> Option<usize> {
        let added = || self.added().iter().position(|(name, _)| *name == column).map(|at| self.fields.len() + at);
        self.named(column).or_else(added)
    }

    fn columns(&self) -> Ident {
        format_ident!("{}Columns", self.name)
    }
}

/// Writes everything that the entity needs.
pub(crate) fn write(input: &DeriveInput, entity: &Entity) -> TokenStream {
    let syn::Data::Struct(data) = &input.data else { return TokenStream::new() };
    let fields = data.fields.iter().zip(&entity.fields).filter_map(|(field, declared)| {
        Some(Column { field: declared, ident: field.ident.as_ref()?, ty: &field.ty, attrs: &field.attrs })
    });
    let context = Context {
        entity,
        name: &input.ident,
        vis: &input.vis,
        fields: fields.collect(),
        relations: relation::named(input, entity),
        input,
    };
    let (name, vis) = (context.name, context.vis);
    let (table, columns, implementation) = (table(&context), columns(&context), implementation(&context));
    let relations = relation::write(&context);
    let (with, with_items) = relation::with(&context);
    let (new, new_items) = insert::write(&context);
    let (arcs, arc_items) = arc::write(&context);
    let doc = format!("The columns and relations of [`{name}`](struct@{name}).");
    quote! {
        #[doc = #doc]
        #[allow(non_upper_case_globals)]
        #vis const #name: <#name as ::relata::Entity>::Columns<#name> = <#name as ::relata::Entity>::COLUMNS;
        #new
        #with
        #arcs
        const _: () = {
            use ::relata::__private as __relata;
            #table
            #columns
            #implementation
            #relations
            #with_items
            #new_items
            #arc_items
        };
    }
}

fn table(context: &Context<'_>) -> TokenStream {
    let entity = context.entity;
    let metas = context.fields.iter().map(|column| column_meta(context, column));
    let added = context.added();
    let added_metas = added.iter().map(|(name, nullable)| {
        let nullable = nullable.then(|| quote!(.nullable()));
        quote!(__relata::ColumnMeta::new(#name, #name) #nullable)
    });
    let count = context.fields.len() + added.len();
    let (name, table) = (&entity.name, entity.table_name());
    let namespace = entity.namespace.clone().unwrap_or_default();
    let selected = context.fields.len();
    let list = |quote: char| {
        let names = context.fields.iter().map(|column| {
            let name = column.field.column_name();
            format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let (double, back) = (list('"'), list('`'));
    let key_fields = entity.key_fields();
    let key = key_fields.iter().filter_map(|field| context.position(&field.name)).map(Literal::usize_unsuffixed);
    let uniques = uniques(context);
    let generated_key = matches!(&key_fields[..], [field] if field.generated_id);
    let when = |on: bool, column: &str| match context.place(column).filter(|_| on) {
        Some(place) => quote!(::core::option::Option::Some(#place)),
        None => quote!(::core::option::Option::None),
    };
    let soft_delete = when(entity.soft_delete, "deleted_at");
    let created_at = when(entity.timestamps, "created_at");
    let updated_at = when(entity.timestamps, "updated_at");
    let rules = rule::of_entity(context);
    let markers = relation::markers(context);
    quote! {
        static COLUMNS: [__relata::ColumnMeta; #count] = [#(#metas,)* #(#added_metas,)*];
        static TABLE: __relata::TableMeta = __relata::TableMeta {
            entity: #name,
            namespace: #namespace,
            table: #table,
            columns: &COLUMNS,
            selected: #selected,
            select_list: [#double, #back],
            key: &[#(#key),*],
            uniques: &[#(#uniques),*],
            generated_key: #generated_key,
            soft_delete: #soft_delete,
            created_at: #created_at,
            updated_at: #updated_at,
            rules: &[#(#rules),*],
            relations: || &[#(<#markers as __relata::Relation>::META),*],
        };
    }
}

/// What must be unique: the key, fields, and what stands on the entity. Names are those that lowering gives.
fn uniques(context: &Context<'_>) -> Vec<TokenStream> {
    let entity = context.entity;
    let table = entity.table_name();
    let columns = |fields: &[&str]| -> Option<Vec<String>> {
        fields.iter().map(|field| entity.field(field).map(|field| field.column_name().to_string())).collect()
    };
    let named = |name: &Option<String>, columns: &[String], ending: &str| match name {
        Some(name) => [name.clone(), name.clone()],
        None => [Dialect::Postgres, Dialect::Mysql].map(|dialect| {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            naming::constraint(dialect, &table, &columns, ending)
        }),
    };
    let meta = |[postgres, mysql]: [String; 2], fields: &[&str]| {
        let positions: Vec<_> = fields.iter().filter_map(|field| context.position(field)).collect();
        let positions = positions.into_iter().map(Literal::usize_unsuffixed);
        quote!(__relata::UniqueMeta { names: [#postgres, #mysql], columns: &[#(#positions),*] })
    };
    let mut all = Vec::new();
    let key: Vec<&str> = entity.key_fields().iter().map(|field| field.name.as_str()).collect();
    if !key.is_empty() {
        let [postgres, _] = named(&entity.primary_key_name, &[], "pkey");
        all.push(meta([postgres, "PRIMARY".to_string()], &key));
    }
    for field in entity.fields.iter().filter(|field| field.unique) {
        let name = named(&None, &[field.column_name().to_string()], "key");
        all.push(meta(name, &[&field.name]));
    }
    for index in entity.indexes.iter().filter(|index| index.unique) {
        let fields: Vec<&str> = index.parts.iter().map(|part| part.field.as_str()).collect();
        // One over expressions is known by its name alone.
        let Some(columns) = columns(&fields) else { continue };
        let ending = if index.constraint { "key" } else { "idx" };
        all.push(meta(named(&index.name, &columns, ending), &fields));
    }
    all
}

fn column_meta(context: &Context<'_>, column: &Column<'_>) -> TokenStream {
    let field = column.field;
    let (name, column_name) = (&field.name, field.column_name());
    let nullable = field.nullable.then(|| quote!(.nullable()));
    let generated = field.generated.is_some().then(|| quote!(.generated()));
    let spelled = is_spelled(field).then(|| quote!(.spelled()));
    let always = field.strict_id.then(|| quote!(.always()));
    let sortable = field.sortable.then(|| quote!(.sortable()));
    let references = field.references.as_ref().map(|reference| {
        let entity = relata_schema::declare::simple_name(&reference.entity);
        quote!(.references(#entity))
    });
    let default = insert::is_given_by_the_database(context, column).then(|| match &field.default {
        Some(DefaultValue::Uuid) => quote!(.default(__relata::DefaultMeta::Uuid)),
        None if field.generated_id => quote!(.default(__relata::DefaultMeta::Next)),
        _ => quote!(.default(__relata::DefaultMeta::Value)),
    });
    let rules: Vec<_> = field.rules.iter().filter_map(|rule| rule::of_field(column, rule)).collect();
    let rules = (!rules.is_empty()).then(|| quote!(.rules(&[#(#rules),*])));
    let ranked = ranked(column);
    quote! {
        __relata::ColumnMeta::new(#name, #column_name)
            #nullable #generated #always #spelled #sortable #references #default #rules #ranked
    }
}

/// A text here, and on PostgreSQL something else that a text does not search.
fn is_spelled(field: &Field) -> bool {
    let given = |word: &str| field.db_types.iter().find(|(dialect, _)| dialect == word).map(|(_, text)| text);
    let text = given(Dialect::Postgres.word()).or_else(|| given("")).filter(|_| field.ty == Some(Type::Text));
    text.is_some_and(|text| match Dialect::Postgres.reported(text).logical {
        Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Enum(..) | Type::Domain(_) => false,
        Type::Native(name) => {
            let alone =
                ["point", "line", "lseg", "box", "path", "polygon", "circle", "macaddr8", "pg_lsn", "oid", "hstore"];
            alone.contains(&name.as_str())
        }
        _ => true,
    })
}

/// The values by whose places MariaDB sorts the column, if they are not sorted as texts.
fn ranked(column: &Column<'_>) -> Option<TokenStream> {
    let given = |word: &str| column.field.db_types.iter().find(|(dialect, _)| dialect == word).map(|(_, text)| text);
    match given(Dialect::Mysql.word()).or_else(|| given("")).map(|text| Dialect::Mysql.reported(text).logical) {
        Some(Type::Enum(_, values)) => Some(quote!(.listed(&[#(#values),*]))),
        Some(Type::Set(values)) => Some(quote!(.set_of(&[#(#values),*]))),
        Some(_) => None,
        None => {
            let ty = column.ty;
            column.field.ty.is_none().then(|| quote!(.listed(<#ty as __relata::Field>::VALUES)))
        }
    }
}

/// The struct behind the constant of the same name.
fn columns(context: &Context<'_>) -> TokenStream {
    let (vis, name, columns) = (context.vis, context.name, context.columns());
    let idents: Vec<_> = context.fields.iter().map(|column| column.ident).collect();
    let types = context.fields.iter().map(|column| {
        let ty = column.ty;
        quote_spanned!(ty.span() => N::Of<#ty>)
    });
    let positions = (0..idents.len()).map(Literal::usize_unsuffixed);
    let added = context.added();
    let added_idents: Vec<_> = added.iter().map(|(name, _)| format_ident!("{name}")).collect();
    let added_types = added.iter().map(|(_, nullable)| match nullable {
        true => quote!(::core::option::Option<__relata::Timestamp>),
        false => quote!(__relata::Timestamp),
    });
    let added_positions = (idents.len()..idents.len() + added.len()).map(Literal::usize_unsuffixed);
    let first = idents.first();
    let relations = context.relations.iter().map(|relation| &relation.ident).collect::<Vec<_>>();
    let markers = context.relations.iter().map(|relation| &relation.marker);
    let paths = relation::paths(context);
    quote! {
        #vis struct #columns<R, N: __relata::Presence = __relata::Present> {
            #(#vis #idents: __relata::Column<R, #types>,)*
            #(#vis #added_idents: __relata::Column<R, N::Of<#added_types>>,)*
            #(#vis #relations: __relata::Rel<R, #markers>,)*
        }
        impl<R, N: __relata::Presence> ::core::clone::Clone for #columns<R, N> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<R, N: __relata::Presence> ::core::marker::Copy for #columns<R, N> {}
        impl __relata::Constant for #columns<#name> {
            type Entity = #name;
        }
        impl<R, N: __relata::Presence> __relata::Selection<R> for #columns<R, N> {
            type Output = N::Row<#name>;
            fn push(self, items: &mut ::std::vec::Vec<__relata::Item>) {
                items.push(__relata::Item::Entity(self.#first.reference().path, &TABLE));
            }
            fn read(row: &mut dyn __relata::Row, at: &mut usize) -> ::relata::Result<N::Row<#name>> {
                N::read::<#name>(row, at)
            }
        }
        impl<R: 'static, N: __relata::Presence> #columns<R, N> {
            const fn at(path: __relata::Path) -> Self {
                #columns {
                    #(#idents: __relata::Column::new(path, &COLUMNS[#positions]),)*
                    #(#added_idents: __relata::Column::new(path, &COLUMNS[#added_positions]),)*
                    #(#relations: __relata::Rel::new(path),)*
                }
            }
            #paths
        }
    }
}

fn implementation(context: &Context<'_>) -> TokenStream {
    let (name, columns) = (context.name, context.columns());
    let key = context.entity.key_fields();
    let key_types = key.iter().filter_map(|field| context.position(&field.name)).map(|at| context.fields[at].ty);
    let key_types: Vec<_> = key_types.collect();
    let key = match &key_types[..] {
        [one] => quote!(#one),
        many => quote!((#(#many,)*)),
    };
    let idents: Vec<_> = context.fields.iter().map(|column| column.ident).collect();
    let positions: Vec<_> = (0..idents.len()).map(Literal::usize_unsuffixed).collect();
    let with = relation::with_type(context);
    let json_schema = relata_schema::json_schema::entity(context.entity);
    let marked = context.entity.soft_delete.then(|| quote!(impl __relata::SoftDeleted for #name {}));
    let enums = context.fields.iter().filter(|column| column.field.ty.is_none());
    let (enum_names, enum_types): (Vec<_>, Vec<_>) =
        enums.map(|column| (relata_schema::json_schema::definition(&column.field.rust_type), column.ty)).unzip();
    quote! {
        impl ::relata::Entity for #name {
            type Key = #key;
            type Columns<R: 'static> = #columns<R>;
            type OuterColumns<R: 'static> = #columns<R, __relata::Perhaps>;
            type With<S: ::core::marker::Send + ::core::marker::Sync + 'static> = #with;
            const TABLE: &'static __relata::TableMeta = &TABLE;
            const COLUMNS: #columns<#name> = #columns::at(__relata::Path::ROOT);
            fn columns<R: 'static>(path: __relata::Path) -> #columns<R> {
                #columns::at(path)
            }
            fn outer_columns<R: 'static>(path: __relata::Path) -> #columns<R, __relata::Perhaps> {
                #columns::at(path)
            }
            #[inline]
            fn decode(row: &mut dyn __relata::Row, at: usize) -> ::relata::Result<Self> {
                ::core::result::Result::Ok(#name {
                    #(#idents: __relata::cell(row, at, #positions, &TABLE)?,)*
                })
            }
            const JSON_SCHEMA: &'static str = #json_schema;
            fn stored_enums() -> &'static [(&'static str, &'static [&'static str])] {
                &[#((#enum_names, <#enum_types as __relata::Field>::VALUES)),*]
            }
            fn value(&self, column: usize) -> __relata::Value {
                match column {
                    #(#positions => __relata::value(&self.#idents),)*
                    _ => __relata::Value::Null,
                }
            }
        }
        #marked
        impl __relata::FromRow for #name {
            fn from_row(row: &mut dyn __relata::Row) -> ::relata::Result<Self> {
                <#name as ::relata::Entity>::decode(row, 0)
            }
            fn names() -> ::core::option::Option<__relata::RowNames> {
                ::core::option::Option::Some(__relata::RowNames::Entity(&TABLE))
            }
        }
    }
}
