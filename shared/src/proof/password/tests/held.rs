//! What computes Argon2 here, held to another implementation of it: RustCrypto's, which shares no code with it.

use argon2::Block;
use proptest::prelude::*;

use super::*;

/// The blocks that a hash leaves behind, and the hash.
fn theirs(argon2: &Argon2, password: &[u8], salt: &[u8], data: &[u8], len: usize) -> (Vec<Block>, Vec<u8>) {
    let algorithm = argon2::Algorithm::new(argon2.algorithm().as_str()).unwrap();
    let version = argon2::Version::try_from(argon2.version().as_u32()).unwrap();
    let ours = argon2.params();
    let mut params = argon2::ParamsBuilder::new();
    params
        .m_cost(ours.memory_kib())
        .t_cost(ours.passes())
        .p_cost(ours.lanes());
    params.data(argon2::AssociatedData::new(data).unwrap()).output_len(len);
    let params = params.build().unwrap();
    let mut blocks = vec![Block::new(); params.block_count()];
    let mut output = vec![0; len];
    argon2::Argon2::new(algorithm, version, params)
        .hash_password_into_with_memory(password, salt, &mut output, &mut blocks)
        .unwrap();
    (blocks, output)
}

fn kinds() -> impl Strategy<Value = (Algorithm, Version)> {
    let algorithms = vec![Algorithm::Argon2id, Algorithm::Argon2i, Algorithm::Argon2d];
    let versions = vec![Version::V0x13, Version::V0x10];
    (prop::sample::select(algorithms), prop::sample::select(versions))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn it_computes_what_the_other_implementation_does(
        (algorithm, version) in kinds(),
        (passes, lanes, blocks) in (1_u32..4, 1_u32..4, 8_u32..80),
        password in prop::collection::vec(any::<u8>(), 0..200),
        salt in prop::collection::vec(any::<u8>(), 8..64),
        data in prop::collection::vec(any::<u8>(), 0..32),
        len in 10_usize..64,
    ) {
        let params = argon2_rust::Params::builder()
            .memory(Memory::kib((lanes * blocks).into()))
            .passes(passes)
            .lanes(lanes)
            .tag_len(TagLen::bytes(len as u64))
            .build()
            .unwrap();
        let argon2 = Argon2::new(algorithm, version, params);
        let mut output = vec![0; len];
        argon2.hash_into_with_ad(&password, &salt, &[], &data, &mut output).unwrap();
        prop_assert_eq!(output, theirs(&argon2, &password, &salt, &data, len).1);
    }
}

#[tokio::test]
async fn it_computes_the_same_at_the_cost_that_is_asked_for() {
    let hasher = Hasher::new(Params::default(), 1).unwrap();
    for password in ["correct horse", "another, in memory that was used"] {
        let phc = hasher.hash(password.into()).await.unwrap();
        let stored = stored(&phc).unwrap();
        let argon2 = Argon2::new(stored.algorithm, stored.version, stored.params);
        let (_, output) = theirs(&argon2, password.as_bytes(), &stored.salt, &[], OUTPUT_LEN);
        assert_eq!(stored.hash, output);
    }
}

/// Whether this is anywhere in the memory of the process, where a block of Argon2's can begin. It is looked for by its
/// complement, which is not.
#[cfg(target_os = "linux")]
fn is_in_memory(complement: [u64; 4]) -> bool {
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt;

    let (maps, memory) = (fs::read_to_string("/proc/self/maps"), File::open("/proc/self/mem"));
    let (maps, memory) = (maps.unwrap(), memory.unwrap());
    let writable = maps.lines().filter(|line| line.contains(" rw-p "));
    let mut part = vec![0; 1 << 20];
    for line in writable {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
        for at in (from..to).step_by(part.len()) {
            // What others unmapped meanwhile is not read.
            let read = memory.read_at(&mut part, at).unwrap_or(0);
            let is_it = |bytes: &[u8]| {
                let mut words = bytes
                    .chunks_exact(8)
                    .map(|word| u64::from_le_bytes(word.try_into().unwrap()));
                complement.iter().all(|word| words.next() == Some(!word))
            };
            let found = part[..read.min((to - at).try_into().unwrap())].chunks(64).any(is_it);
            part.fill(0);
            if found {
                return true;
            }
        }
    }
    false
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_of_a_hash_stays_in_memory_that_is_kept() {
    for params in [CHEAP, Params::default()] {
        let hasher = Hasher::new(params, 1).unwrap();
        let password = "a password of which nothing stays";
        let stored = stored(&hasher.hash(password.into()).await.unwrap()).unwrap();
        let (mut blocks, _) = theirs(&argon2(params), password.as_bytes(), &stored.salt, &[], OUTPUT_LEN);
        let of = |block: &Block| [0, 1, 2, 3].map(|n| !block.as_ref()[n]);
        let complements: Vec<[u64; 4]> = blocks.iter().step_by(blocks.len() / 4).map(of).collect();
        // That it can be found where it is.
        assert!(is_in_memory(complements[1]), "{params}");
        blocks.fill(Block::new());
        std::hint::black_box(&blocks);
        assert_eq!(hasher.inner.pool().len(), 1);
        for complement in complements {
            assert!(!is_in_memory(complement), "{params}");
        }
    }
}
