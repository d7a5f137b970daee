//! Mistakes that do not compile, and what rustc says about them.

#[test]
fn mistakes_are_named() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
