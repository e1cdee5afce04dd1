//! Hashes that accounts are imported with: bcrypt, scrypt and PBKDF2, beside Argon2 of any kind. They are compared until
//! the right password comes, which is then kept as Argon2id.
//!
//! What a hash asks for is bounded where it is imported ([`super::imported`]): its comparison is over before an attempt to
//! log in is taken to have failed ([`crate::domain::lockout::IN_FLIGHT`]), and takes no gigabytes.

use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD, STANDARD_NO_PAD};
use phc::PasswordHash;
use zeroize::Zeroizing;

use crate::ambient;
use crate::error::{Error, Result};

/// bcrypt doubles its work with each step: 12 is what is usual.
const BCRYPT_COST: std::ops::RangeInclusive<u32> = 4..=14;
/// What bcrypt looks at: it knows no more of a password.
const BCRYPT_BYTES: usize = 72;
/// `N·r` of scrypt is memory in units of 128 bytes: 256 MiB.
const SCRYPT_MEMORY: u64 = 1 << 21;
/// `N·r·p` of scrypt is its work: twice what OWASP recommends.
const SCRYPT_WORK: u64 = 1 << 21;
/// Rounds of PBKDF2, over all blocks of what it derives: what Django has is 1,200,000.
const PBKDF2_ROUNDS: u32 = 3_000_000;

pub enum Foreign {
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
        output: Vec<u8>,
    },
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        output: Vec<u8>,
    },
    Pbkdf2 {
        algorithm: pbkdf2::Algorithm,
        rounds: NonZeroU32,
        salt: Vec<u8>,
        output: Vec<u8>,
    },
}

impl Foreign {
    /// The hash that this text is; nothing where it is of another kind. The sentence repeats nothing of it.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let kind = text.strip_prefix('$')?.split('$').next()?;
        match kind {
            "2a" | "2b" | "2y" => Some(bcrypt(text)),
            "scrypt" => Some(scrypt(text)),
            "pbkdf2" | "pbkdf2-sha1" => Some(pbkdf2(text, pbkdf2::PBKDF2_HMAC_SHA1, 20)),
            "pbkdf2-sha256" => Some(pbkdf2(text, pbkdf2::PBKDF2_HMAC_SHA256, 32)),
            "pbkdf2-sha512" => Some(pbkdf2(text, pbkdf2::PBKDF2_HMAC_SHA512, 64)),
            _ => None,
        }
    }

    /// Whether this is the password.
    pub fn is(&self, password: &[u8]) -> Result<bool> {
        match self {
            Self::Bcrypt { cost, salt, output } => {
                let mut known = Zeroizing::new(Vec::with_capacity(BCRYPT_BYTES + 1));
                known.extend(password.iter().copied().chain([0]).take(BCRYPT_BYTES));
                let computed = Zeroizing::new(bcrypt::bcrypt(*cost, *salt, &known));
                Ok(verify_slices_are_equal(&computed[..output.len()], output).is_ok())
            }
            Self::Scrypt { params, salt, output } => {
                let mut computed = Zeroizing::new(vec![0; output.len()]);
                scrypt::scrypt(password, salt, params, &mut computed).map_err(Error::fault)?;
                Ok(verify_slices_are_equal(&computed, output).is_ok())
            }
            Self::Pbkdf2 {
                algorithm,
                rounds,
                salt,
                output,
            } => Ok(pbkdf2::verify(*algorithm, *rounds, salt, password, output).is_ok()),
        }
    }
}

fn bcrypt(text: &str) -> Result<Foreign, String> {
    let wrong = || "this is no bcrypt hash".to_owned();
    let parts: Vec<&str> = text.split('$').collect();
    let ["", _, cost, rest] = parts.as_slice() else {
        return Err(wrong());
    };
    if cost.len() != 2 || !cost.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let cost: u32 = cost.parse().map_err(|_| wrong())?;
    if !BCRYPT_COST.contains(&cost) {
        let (least, most) = (BCRYPT_COST.start(), BCRYPT_COST.end());
        return Err(format!("bcrypt's cost must be {least} to {most}"));
    }
    let (salt, output) = rest.split_at_checked(22).ok_or_else(wrong)?;
    let engine = GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));
    let salt = engine.decode(salt).ok().and_then(|salt| salt.try_into().ok());
    let output = engine.decode(output).ok().filter(|output| output.len() == 23);
    let (salt, output) = salt.zip(output).ok_or_else(wrong)?;
    Ok(Foreign::Bcrypt { cost, salt, output })
}

fn scrypt(text: &str) -> Result<Foreign, String> {
    let (hash, salt, output) = parts(text)?;
    let number = |name: &str| {
        let found = hash.params.get_decimal(name);
        found.ok_or_else(|| format!("a scrypt hash has ln, r and p: there is no {name}"))
    };
    let (ln, r, p) = (number("ln")?, number("r")?, number("p")?);
    let memory = 1_u64.checked_shl(ln).unwrap_or(u64::MAX).saturating_mul(u64::from(r));
    if memory > SCRYPT_MEMORY {
        return Err("scrypt would take more than 256 MiB".to_owned());
    }
    if memory.saturating_mul(u64::from(p)) > SCRYPT_WORK {
        return Err(format!("scrypt's N·r·p must be {SCRYPT_WORK} at most"));
    }
    let log_n = u8::try_from(ln).map_err(|error| error.to_string())?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| "these are no parameters of scrypt".to_owned())?;
    Ok(Foreign::Scrypt { params, salt, output })
}

fn pbkdf2(text: &str, algorithm: pbkdf2::Algorithm, block: usize) -> Result<Foreign, String> {
    let (hash, salt, output) = parts(text)?;
    let rounds = hash.params.get_decimal("i").and_then(NonZeroU32::new);
    let rounds = rounds.ok_or_else(|| "a PBKDF2 hash has its rounds in i".to_owned())?;
    let blocks = u32::try_from(output.len().div_ceil(block)).unwrap_or(u32::MAX);
    if rounds.get().saturating_mul(blocks) > PBKDF2_ROUNDS {
        return Err(format!(
            "PBKDF2 must have {PBKDF2_ROUNDS} rounds at most, over all blocks"
        ));
    }
    Ok(Foreign::Pbkdf2 {
        algorithm,
        rounds,
        salt,
        output,
    })
}

fn parts(text: &str) -> Result<(PasswordHash, Vec<u8>, Vec<u8>), String> {
    let hash = PasswordHash::new(text).map_err(|why| format!("this is no PHC string: {why}"))?;
    let salt = hash.salt.as_ref().map(|salt| salt.to_vec());
    let output = hash.hash.as_ref().map(|output| output.as_bytes().to_vec());
    let (salt, output) = salt
        .zip(output)
        .ok_or_else(|| "a salt or the hash itself is missing".to_owned())?;
    Ok((hash, salt, output))
}

/// The same hash in the form that is kept: as a PHC string, or as bcrypt has its own. Understood are those of Django
/// (`pbkdf2_sha256$…`, and others behind the name of their hasher), of Passlib, and of ASP.NET Core Identity (base64).
pub fn normal(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('$').collect();
    match parts.as_slice() {
        ["argon2" | "bcrypt", rest @ ..] if !rest.is_empty() => {
            let rest = rest.join("$");
            Ok(if rest.starts_with('$') {
                rest
            } else {
                format!("${rest}")
            })
        }
        ["pbkdf2_sha256", rounds, salt, output] => Ok(django("pbkdf2-sha256", rounds, salt, output)),
        ["pbkdf2_sha1", rounds, salt, output] => Ok(django("pbkdf2-sha1", rounds, salt, output)),
        // Passlib: the rounds alone, and dots for plus signs.
        ["", kind, rounds, salt, output]
            if kind.starts_with("pbkdf2") && rounds.bytes().all(|b| b.is_ascii_digit()) =>
        {
            let [salt, output] = [salt, output].map(|text| text.replace('.', "+"));
            Ok(format!("${kind}$i={rounds}${salt}${output}"))
        }
        [one] => identity(one),
        _ => Ok(text.to_owned()),
    }
}

/// Django's salt is text, and its hash padded base64.
fn django(kind: &str, rounds: &str, salt: &str, output: &str) -> String {
    let salt = STANDARD_NO_PAD.encode(salt);
    let output = output.trim_end_matches('=');
    format!("${kind}$i={rounds}${salt}${output}")
}

/// ASP.NET Core Identity: a byte for the format; in the third one pseudorandom function, rounds and the salt's length,
/// four bytes each; salt; hash. The second is PBKDF2 with SHA-1, 1,000 rounds and a salt of 16 bytes.
fn identity(text: &str) -> Result<String, String> {
    let unknown = || "this is no password hash of a kind that can be compared".to_owned();
    let bytes = STANDARD.decode(text).map_err(|_| unknown())?;
    let number = |at: usize| {
        let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
        four.map(u32::from_be_bytes).ok_or_else(unknown)
    };
    let (kind, rounds, rest, salt_len) = match bytes.first() {
        Some(0) if bytes.len() == 49 => ("pbkdf2-sha1", 1_000, &bytes[1..], 16),
        Some(1) => {
            let kind = match number(1)? {
                0 => "pbkdf2-sha1",
                1 => "pbkdf2-sha256",
                2 => "pbkdf2-sha512",
                _ => return Err(unknown()),
            };
            (kind, number(5)?, bytes.get(13..).unwrap_or_default(), number(9)?)
        }
        _ => return Err(unknown()),
    };
    let at = usize::try_from(salt_len).map_err(|_| unknown())?;
    let (salt, output) = rest.split_at_checked(at).ok_or_else(unknown)?;
    let [salt, output] = [salt, output].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Ok(format!("${kind}$i={rounds}${salt}${output}"))
}

/// What a hash costs to compare with: the hash without its salt and without itself. A PHC string has the length of what
/// it derives with it, since PBKDF2 works longer for more.
pub fn cost(text: &str) -> Option<String> {
    if let Some(Ok(Foreign::Bcrypt { .. })) = Foreign::parse(text) {
        return text.get(..6).map(str::to_owned);
    }
    let hash = PasswordHash::new(text).ok()?;
    let length = hash.hash?.as_bytes().len();
    let head: Vec<&str> = text.rsplitn(3, '$').collect();
    Some(format!("{}:{length}", head.last()?))
}

/// A hash of this cost that is no password's.
pub fn decoy(cost: &str) -> Result<String> {
    let Some((head, length)) = cost.split_once(':') else {
        let engine = GeneralPurpose::new(&BCRYPT, NO_PAD);
        let (salt, output) = (ambient::random::<16>()?, ambient::random::<23>()?);
        return Ok(format!("{cost}${}{}", engine.encode(salt), engine.encode(output)));
    };
    let length: usize = length.parse().map_err(Error::fault)?;
    let (salt, output) = (ambient::random::<16>()?, ambient::random::<64>()?);
    let output = output
        .get(..length)
        .ok_or_else(|| Error::fault("a decoy of an absurd length"))?;
    Ok(format!(
        "{head}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    ))
}

#[cfg(test)]
mod tests;
