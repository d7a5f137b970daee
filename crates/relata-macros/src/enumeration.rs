//! The code of `derive(Enum)`.

use proc_macro2::TokenStream;
use quote::quote;
use relata_schema::declare::EnumDeclaration;
use syn::DeriveInput;

/// Writes how the enum goes into a column and comes out of it.
pub(crate) fn write(input: &DeriveInput, declared: &EnumDeclaration) -> TokenStream {
    let name = &input.ident;
    let syn::Data::Enum(data) = &input.data else { return TokenStream::new() };
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let values: Vec<_> = declared.values.iter().map(|(_, value)| value).collect();
    let expected = format!("one of {}", values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "));
    quote! {
        const _: () = {
            use ::relata::__private as __relata;
            impl __relata::Encode for #name {
                fn encode(self) -> __relata::Value {
                    let text = match self {
                        #(#name::#variants => #values,)*
                    };
                    __relata::Value::Text(::std::string::String::from(text))
                }
            }
            impl __relata::Decode for #name {
                fn decode(cell: __relata::Cell<'_>) -> ::core::result::Result<Self, __relata::Mismatch> {
                    match cell {
                        #(__relata::Cell::Text(#values) => ::core::result::Result::Ok(#name::#variants),)*
                        _ => ::core::result::Result::Err(__relata::Mismatch::expected(#expected)),
                    }
                }
            }
            impl __relata::Element for #name {}
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
            impl __relata::Field for #name {
                type Base = #name;
                const VALUES: &'static [&'static str] = &[#(#values),*];
                type Like<U: __relata::Field> = U;
            }
        };
    }
}
