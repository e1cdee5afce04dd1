//! Packs the OpenAPI document, a megabyte and a half of text, for the binary.

use std::io::Write;
use std::path::PathBuf;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const DOCUMENT: &str = "../../openapi.json";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let packed = fs::File::create(out.join("openapi.json.gz"))?;
    let mut encoder = GzEncoder::new(packed, Compression::best());
    // Its lines are indented, and none begins within a text.
    for line in fs::read_to_string(DOCUMENT)?.lines() {
        encoder.write_all(line.trim_start().as_bytes())?;
    }
    encoder.finish()?;
    Ok(())
}
