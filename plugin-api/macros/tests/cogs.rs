//! What an author writes with `#[cog]` compiles without a warning, and a slip is answered at its own place.

#[test]
fn what_an_author_writes_compiles() {
    trybuild::TestCases::new().pass("tests/pass/*.rs");
}

#[test]
fn a_slip_is_answered_where_it_is() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
