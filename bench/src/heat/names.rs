//! Names as people have them: a few are common, domains too, and some are made by a machine, one after the other.

const FIRST: [&str; 24] = [
    "james", "maria", "wei", "olga", "ahmed", "anna", "john", "fatima", "luis", "emma", "david", "sofia", "ivan",
    "chloe", "peter", "yuki", "carlos", "nina", "tom", "leila", "oscar", "grace", "hugo", "zoe",
];
const LAST: [&str; 28] = [
    "smith", "garcia", "wang", "mueller", "silva", "ivanova", "kim", "nguyen", "rossi", "brown", "martin", "hansen",
    "khan", "lopez", "jones", "sato", "novak", "weber", "costa", "dubois", "moreau", "berg", "popov", "ali", "olsen",
    "ricci", "quinn", "young",
];
/// Twelve of twenty addresses are at one of two.
const DOMAINS: [&str; 20] = [
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "example.org",
    "example.org",
    "example.org",
    "example.org",
    "outlook.com",
    "outlook.com",
    "outlook.com",
    "yahoo.com",
    "yahoo.com",
    "web.example",
    "mail.example.net",
    "uni-example.edu",
];

/// An account's username and e-mail address.
#[derive(Debug, Clone)]
pub struct Name {
    pub username: String,
    pub email: String,
}

/// The name of the account of this number: a quarter are sequential.
pub fn name(n: usize) -> Name {
    // Multiplied by what has no divisor in common with the lengths, so that first and last name are not of one order.
    let (first, last) = (FIRST[n * 7 % FIRST.len()], LAST[n * 11 / 3 % LAST.len()]);
    let domain = DOMAINS[n * 13 / 7 % DOMAINS.len()];
    let (username, local) = match n % 4 {
        0 => (format!("user{n:06}"), format!("user{n:06}")),
        1 => (format!("{first}{n}"), format!("{first}.{last}.{n}")),
        2 => (format!("{first}-{last}-{n}"), format!("{first}{last}{n}")),
        _ => (format!("{last}_{n}"), format!("{last}.{n}")),
    };
    Name {
        username,
        email: format!("{local}@{domain}"),
    }
}
