//! The code of `derive(Scalar)`.

use proc_macro2::TokenStream;
use quote::quote;
use relata_entity::{Scalar, ScalarForm};
use relata_schema::types::Type;
use syn::DeriveInput;

/// Writes how the value goes into a column and comes out of it.
pub(crate) fn write(input: &DeriveInput, scalar: &Scalar) -> TokenStream {
    let name = &input.ident;
    let inside = inside(input);
    let (encode, decode) = match scalar.form {
        ScalarForm::Inside => (
            quote!(<#inside as __relata::Encode>::encode(self.0)),
            quote!(<#inside as __relata::Decode>::decode(cell).map(#name)),
        ),
        ScalarForm::TryFrom => (
            quote!(<#inside as __relata::Encode>::encode(<#name as __relata::Converted<#inside>>::inside(self))),
            quote! {
                let inside = <#inside as __relata::Decode>::decode(cell)?;
                <#name as __relata::Converted<#inside>>::read(inside).map_err(__relata::Mismatch::expected)
            },
        ),
        ScalarForm::Json => (quote!(__relata::to_json(&self)), quote!(__relata::from_json(cell))),
    };
    let more = match (scalar.form, &scalar.ty) {
        (ScalarForm::Json, _) => quote!(impl __relata::Structured for #name {}),
        (_, Some(Type::Text)) => quote!(impl __relata::Textual for #name {}),
        (_, Some(Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64 | Type::Decimal(_))) => quote! {
            impl __relata::Number for #name {
                type Sum = <#inside as __relata::Number>::Sum;
                const KIND: __relata::NumberKind = <#inside as __relata::Number>::KIND;
            }
        },
        _ => TokenStream::new(),
    };
    quote! {
        const _: () = {
            use ::relata::__private as __relata;
            impl __relata::Encode for #name {
                fn encode(self) -> __relata::Value {
                    #encode
                }
            }
            impl __relata::Decode for #name {
                fn decode(cell: __relata::Cell<'_>) -> ::core::result::Result<Self, __relata::Mismatch> {
                    #decode
                }
            }
            impl __relata::Element for #name {}
            impl __relata::Field for #name {
                type Base = #name;
                type Like<U: __relata::Field> = U;
            }
            impl<R> __relata::Argument<R> for #name {
                type Like<U: __relata::Field> = U;

                fn into_argument(self) -> __relata::Expr {
                    __relata::argument::<R, #name>(self)
                }
            }
            impl<E: ::relata::Entity> __relata::ReferenceTo<E> for #name {}
            impl<C> __relata::KeyOf<C> for #name {}
            impl __relata::Inside for #name {
                type Kind = #name;
            }
            #more
        };
    }
}

/// The type inside; of one that is kept as JSON it does not matter.
fn inside(input: &DeriveInput) -> TokenStream {
    let syn::Data::Struct(data) = &input.data else { return quote!(()) };
    data.fields.iter().next().map_or_else(
        || quote!(()),
        |field| {
            let ty = &field.ty;
            quote!(#ty)
        },
    )
}
