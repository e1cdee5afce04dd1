//! Every field, as the contract spells it: known in any letter case.

/// Every field that the contract has a name for.
pub const FIELDS: &[&str] = &[
    "Email",
    "Username",
    "Password",
    "Id",
    "Key",
    "Old",
    "New",
    "Token",
    "RoleName",
    "Name",
    "MaxCount",
    "From",
    "To",
    "Role",
    "UserId",
    "limit",
    "cursor",
    "FirstName",
    "MiddleName",
    "LastName",
    "Gender",
    "Age",
    "Address",
    "Country",
    "City",
    "Str",
    "Contact",
    "Mobile",
    "Website",
    "Facebook",
    "Instagram",
    "TikTok",
    "Youtube",
    "Twitter",
];

/// Says of shapes that their fields are the contract's.
macro_rules! spelled {
    ($($shape:ident),+ $(,)?) => {$(
        impl usher::http::any_case::Spelled for $shape {
            const FIELDS: &'static [&'static str] = $crate::wire::fields::FIELDS;
        }
    )+};
}
pub(super) use spelled;
