//! What an author writes with `#[cog]` compiles without a warning, and a mistake is reported where it is.

#[test]
fn valid_cogs_compile() {
    trybuild::TestCases::new().pass("tests/pass/*.rs");
}

#[test]
fn mistakes_are_reported_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
