//! Programs of the version specs that nearly all dependencies have, without making an expression first.
//!
//! Of the version specs of a channel more than nine tenths are an interval, `>=1.2,<2`, or a single clause. Their
//! programs are one set with at most two bounds, so they are written straight from the keys of the literals. What is
//! refused here (other shapes, and everything that looks wrong) is for the parser, and the tests compare the two.

use super::program::{write_bytes, write_set_head};
use crate::version::{encode_version, key};

/// Keys of the literals, in room that is used again.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    first: Vec<u8>,
    second: Vec<u8>,
}

/// What a clause asks of a version, by the keys in [`Bounds`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// At least the key.
    From,
    /// Below the key.
    Below,
    /// Between the two keys.
    Between,
}

/// Appends the program of a spec to `out`; false, and nothing appended, if that is for the parser.
pub(crate) fn compile_plain(text: &str, bounds: &mut Bounds, out: &mut Vec<u8>) -> bool {
    let Bounds { first, second } = bounds;
    first.clear();
    second.clear();
    // Shorter than what a search for long texts needs to begin.
    let comma = text.bytes().position(|byte| byte == b',');
    let Some((one, other)) = comma.map(|at| (&text[..at], &text[at + 1..])) else {
        let side = clause(text, first, second);
        if let Some(side) = side {
            let both = [&first[..], &second[..]];
            write(
                side == Side::Below,
                &both[..if side == Side::Between { 2 } else { 1 }],
                out,
            );
        }
        return side.is_some();
    };
    let mut unused = Vec::new();
    let sides = (
        clause(one, first, &mut unused),
        clause(other, second, &mut unused),
    );
    let (low, high) = match sides {
        (Some(Side::From), Some(Side::Below)) => (first, second),
        (Some(Side::Below), Some(Side::From)) => (second, first),
        _ => return false,
    };
    // Otherwise nothing matches, which has a form of its own.
    if low >= high {
        return false;
    }
    write(false, &[low, high], out);
    true
}

/// Reads `op literal`, `literal` or `literal.*`; an interval needs `high`.
fn clause(text: &str, low: &mut Vec<u8>, high: &mut Vec<u8>) -> Option<Side> {
    let bytes = text.as_bytes();
    let (length, side) = match bytes {
        [b'>', b'=', ..] => (2, Side::From),
        [b'<', b'=', ..] | [b'>', ..] => return None,
        [b'<', ..] => (1, Side::Below),
        [b'=', b'=', ..] => (2, Side::Between),
        _ => (0, Side::Between),
    };
    let literal = text.get(length..)?;
    if let Some(prefix) = literal.strip_suffix(".*") {
        if length > 0 || !is_literal(prefix) {
            return None;
        }
        key::encode_prefix(prefix, false, low, high).ok()?;
        return Some(side);
    }
    if !is_literal(literal) {
        return None;
    }
    encode_version(literal, low).ok()?;
    if side == Side::Between {
        // The end of the interval of one version, see [`super::set::KeySet::only`].
        high.extend_from_slice(low);
        high.push(0);
    }
    Some(side)
}

/// Whether there are only characters that mean nothing in specs, and may stand in versions.
fn is_literal(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+');
    !text.is_empty() && text.bytes().all(plain)
}

fn write(starts_inside: bool, bounds: &[&[u8]], out: &mut Vec<u8>) {
    write_set_head(starts_inside, bounds.len() as u32, out);
    for bound in bounds {
        write_bytes(bound, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version_spec::VersionSpec;
    use proptest::prelude::*;

    fn compiled(text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        compile_plain(text, &mut Bounds::default(), &mut out).then_some(out)
    }

    #[test]
    fn usual_shapes_are_compiled_here() {
        for text in [
            ">=1.2,<2.0a0",
            "<2,>=1",
            "1.2",
            "1.2.*",
            "==1.2",
            ">=1",
            "<2",
        ] {
            let program = VersionSpec::parse(text).unwrap();
            assert_eq!(compiled(text).as_deref(), Some(program.program()), "{text}");
        }
        for text in [
            ">=2,<1", ">=1,<1", "1.*.*", "*", ">=1.*", "=1", "!=1", "~=1.2", ">1", "<=1", "", ".*",
            "1,2", ">=",
        ] {
            assert_eq!(compiled(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn programs_are_those_of_the_parser(
            text in "(>=|<|==|>|<=|=|!=|~=)?[0-9a-z.*_+!-]{0,5}(,(>=|<|==|)[0-9a.*]{0,4}){0,2}",
        ) {
            if let Some(program) = compiled(&text) {
                let spec = VersionSpec::parse(&text);
                prop_assert_eq!(spec.ok().map(|spec| spec.program().to_vec()), Some(program), "{}", text);
            }
        }
    }
}
