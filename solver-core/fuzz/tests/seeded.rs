//! Every target on a few thousand inputs: random bytes and mutations of a small corpus.

use resolvent_fuzz as targets;

/// Splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Changes, removes, repeats and splices bytes a few times.
fn mutate(rng: &mut Rng, corpus: &[&[u8]], alphabet: &[u8]) -> Vec<u8> {
    let mut bytes = corpus[rng.below(corpus.len())].to_vec();
    for _ in 0..rng.below(6) {
        let at = rng.below(bytes.len() + 1);
        match rng.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
            1 if at < bytes.len() => {
                bytes.remove(at);
            }
            2 => bytes.truncate(at),
            3 => {
                let other = corpus[rng.below(corpus.len())];
                let from = rng.below(other.len());
                bytes.splice(
                    at..at,
                    other[from..].iter().copied().take(1 + rng.below(12)),
                );
            }
            4 if at < bytes.len() => bytes[at] = alphabet[rng.below(alphabet.len())],
            _ => bytes.insert(at, alphabet[rng.below(alphabet.len())]),
        }
    }
    bytes
}

fn drive(target: fn(&[u8]), runs: u64, corpus: &[&[u8]], alphabet: &[u8]) {
    for seed in 0..runs {
        let bytes = mutate(&mut Rng(seed), corpus, alphabet);
        let result = std::panic::catch_unwind(|| target(&bytes));
        assert!(
            result.is_ok(),
            "seed {seed}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn cdcl_api() {
    for seed in 0..20_000 {
        let mut rng = Rng(seed);
        let bytes: Vec<u8> = (0..rng.below(200)).map(|_| rng.next() as u8).collect();
        let result = std::panic::catch_unwind(|| targets::cdcl_api(&bytes));
        assert!(result.is_ok(), "seed {seed}: {bytes:?}");
    }
}

#[test]
fn dimacs() {
    let corpus: [&[u8]; 3] = [
        b"c x\np cnf 3 3\n1 -2 0\n2 3 0\n-1 -3 0\n",
        b"p cnf 4 2\n1 2 -3 4 0 -4\n1 0\n%\n0\n",
        b"p cnf 0 1\n0\n",
    ];
    drive(targets::dimacs, 20_000, &corpus, b"pcnf 0123456789-%\n\t");
}

#[test]
fn proof() {
    let corpus: [&[u8]; 4] = [
        b"1 0\nd 1 2 0\n3 0\n0\n",
        b"c x\n1 3 4 0\n-4 1 0\n0\n",
        b"a\x02\0d\x02\x04\0a\0",
        b"p cnf 4 2\n1 2 -3 4 0 -4\n1 0\n",
    ];
    drive(
        targets::proof,
        20_000,
        &corpus,
        b"ad01234- \n\0\x02\x03\x05\x81",
    );
}

#[test]
fn version() {
    let corpus: [&[u8]; 4] = [
        b"1!2.3.4a1.post2.dev3+local.1\n1.0",
        b"1.0\n1.0.0\n1.0rc1\n1.0_1",
        b"2024.01.01\n0.4.1.rc\n1.0-",
        b"openssl\n1.1.1w\n1.1.1za",
    ];
    drive(
        targets::version,
        20_000,
        &corpus,
        b"0123456789abcdev.!+-_*\n",
    );
}

#[test]
fn version_spec() {
    let corpus: [&[u8]; 5] = [
        b">=1.0,<2.0a0|3.*\n1.5\n3.0",
        b"~=1.4.2\n1.4.9\n1.5",
        b"!=1.0.*,>=0.9\n1.0.1",
        b"=1.2.3|(>2,<3)\n1.2.3.4",
        b"^1\\.[0-9]+$\n1.8",
    ];
    drive(
        targets::version_spec,
        20_000,
        &corpus,
        b"0123456789ab.!<>=~^$*|,()\n ",
    );
}

#[test]
fn match_spec() {
    let corpus: [&[u8]; 6] = [
        b"e[version='>=1',extras=[x, y],flags=['blas:*'],when=\"python<3.11 and (__win or a)\"]",
        b"numpy >=1.20,<2.0a0 py39*_0",
        b"conda-forge/linux-64::python=3.12.*=*_cpython",
        b"foo[version='>=1,<2', build_number='>3', md5=d41d8cd98f00b204e9800998ecf8427e]",
        b"*[name=abc, track_features='x y']",
        b"pytorch=1.8[channel=pytorch,subdir=linux-64]",
    ];
    drive(
        targets::match_spec,
        20_000,
        &corpus,
        b"abc019.=<>[]'\"*,:/ |()",
    );
}

#[test]
fn repodata() {
    let corpus: [&[u8]; 3] = [
        br#"{"v3":{"conda":{"a-1-0":{"name":"a","version":"1","build":"0","build_number":0,"depends":["b[when=\"c>=1\"]"],"extra_depends":{"x":["d[extras=[y]]"]},"flags":["cuda"]}},"tar.bz2":{},"whl":{"w-1":1}},"packages.conda":{"a-1-0.conda":{"name":"a","version":"1","build":"0","build_number":0}}}"#,
        br#"{"info":{"subdir":"linux-64"},"packages":{"a-1-0.tar.bz2":{"name":"a","version":"1","build":"0","build_number":0,"depends":["b >=1"],"subdir":"linux-64","timestamp":1600000000000}},"packages.conda":{},"removed":[],"repodata_version":1}"#,
        br#"{"info":{"subdir":"noarch","base_url":"https://x.org/"},"packages.conda":{"b-1-0.conda":{"name":"b","version":"1.0","build":"0","build_number":"0","depends":null,"constrains":["a"],"track_features":"x","noarch":"python","md5":"d41d8cd98f00b204e9800998ecf8427e"}},"repodata_version":2}"#,
    ];
    drive(
        targets::repodata,
        20_000,
        &corpus,
        b"{}[]\":,0129.eE-+truefalsnx\\u ",
    );
}
