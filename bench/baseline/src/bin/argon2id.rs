//! A password compared so many times by Argon2id alone, with Usher's parameters, in memory that is kept as a login keeps
//! it. `bench hot` counts it beside a login.

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Block, Params, Version};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times: usize = std::env::args().nth(1).ok_or("how many times?")?.parse()?;
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let mut blocks = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    for _ in 0..times {
        let mut output = [0; 32];
        let (password, salt) = (black_box(b"Admin@123"), b"0123456789abcdef");
        let hashed = argon2.hash_password_into_with_memory(password, salt, &mut output, &mut blocks);
        hashed.map_err(|error| error.to_string())?;
        black_box(output);
    }
    Ok(())
}
