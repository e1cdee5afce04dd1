//! A password compared so many times by Argon2id alone, with Usher's parameters, in memory that is kept as a login keeps
//! it. `bench hot` counts it beside a login.

use std::hint::black_box;

use argon2_rust::{Algorithm, Argon2, Params, Version};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times: usize = std::env::args().nth(1).ok_or("how many times?")?.parse()?;
    let mut argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::OWASP).hasher();
    for _ in 0..times {
        let mut output = [0; 32];
        let (password, salt) = (black_box(b"Admin@123"), b"0123456789abcdef");
        argon2.hash_into(password, salt, &mut output)?;
        black_box(output);
    }
    Ok(())
}
