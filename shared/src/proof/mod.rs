//! How a thing is proven: that a password is known, that a token is ours, that a sealed key was not changed.
//!
//! Pure computation: nothing here reads the store, the environment or the clock (`now` is an argument), and nothing
//! here writes a log; only the hasher has threads, and draws salts. One file per library: only `password.rs` with its parts
//! names `argon2_rust` and what imported hashes need, only `jwt.rs` with its parts names `jsonwebtoken`; the rest is
//! SHA-256, HMAC and AES-GCM from `aws-lc-rs`.
//!
//! | file | what it proves |
//! | --- | --- |
//! | [`password`] | that somebody knows a password (Argon2id, RFC 9106; other hashes of imported accounts) |
//! | [`opaque`] | that a refresh token, mailed token or API key is one that we gave out; only its SHA-256 is kept |
//! | [`jwt`] | that an access token (RFC 9068) is one that we signed, for us, and not yet expired |
//! | [`device`] | that a device logged in to an account before |
//! | [`canonical`] | that content is what it was when its digest was taken (RFC 8785) |
//! | [`seal`] | that a sealed private key opens only where it was put; that a cursor is one that we wrote |

pub mod canonical;
pub mod device;
pub mod jwt;
pub mod opaque;
pub mod password;
pub mod seal;
