//! The code of `derive(FromRow)`.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use relata_entity::RowStruct;
use syn::DeriveInput;

/// Writes how a row is read, and the struct with an expression for each field.
pub(crate) fn write(input: &DeriveInput, row: &RowStruct) -> TokenStream {
    let (name, vis) = (&input.ident, &input.vis);
    let syn::Data::Struct(data) = &input.data else { return TokenStream::new() };
    let select = format_ident!("Select{name}");
    let idents: Vec<_> = data.fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let types: Vec<_> = data.fields.iter().map(|field| &field.ty).collect();
    let given: Vec<_> = (0..types.len()).map(|at| format_ident!("T{at}")).collect();
    let seen: Vec<_> = data.fields.iter().map(|field| &field.vis).collect();
    let positions = (0..types.len()).map(Literal::usize_unsuffixed);
    let names: Vec<_> = row.fields.iter().map(|field| &field.name).collect();
    let columns = row.fields.iter().map(|field| &field.column);
    let text = &row.name;
    let doc = format!("What a query selects for each field of [`{name}`](struct@{name}).");
    quote! {
        #[doc = #doc]
        #[allow(dead_code, missing_docs)]
        #vis struct #select<#(#given),*> {
            #(#seen #idents: #given,)*
        }
        const _: () = {
            use ::relata::__private as __relata;
            impl __relata::FromRow for #name {
                fn from_row(row: &mut dyn __relata::Row) -> ::relata::Result<Self> {
                    ::core::result::Result::Ok(#name {
                        #(#idents: __relata::field_cell::<#types>(row, #positions, (#text, #names))?,)*
                    })
                }
                fn names() -> ::core::option::Option<__relata::RowNames> {
                    ::core::option::Option::Some(__relata::RowNames::Struct(#text, &[#(#columns),*]))
                }
            }
            impl<R, #(#given: __relata::Fills<R, #types>),*> __relata::Selection<R> for #select<#(#given),*> {
                type Output = #name;
                fn push(self, items: &mut ::std::vec::Vec<__relata::Item>) {
                    #(__relata::Selection::<R>::push(self.#idents, items);)*
                }
                fn read(row: &mut dyn __relata::Row, at: &mut usize) -> ::relata::Result<#name> {
                    ::core::result::Result::Ok(#name {
                        #(#idents: <#given as __relata::Selection<R>>::read(row, at)
                            .map_err(|error| __relata::not_read(error, #text, #names))?,)*
                    })
                }
            }
        };
    }
}
