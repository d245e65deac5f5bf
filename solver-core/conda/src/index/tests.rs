//! Reading in chunks, by guesses, gives what reading in one go by the parser for all of JSON gives, whatever the text,
//! the chunks and the number of threads.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::builder;
use super::layout::Digest;
use crate::repodata::{parse, parse_chunks, parse_whole, ParseOptions};

fn record(name: &str, more: &str) -> String {
    format!(
        r#"{{"name":"{name}","version":"1.{}","build":"h_0","build_number":{},"depends":["a >=1","b 1.* *_0"]{more}}}"#,
        name.len(),
        name.len() % 3
    )
}

/// Texts that invite wrong guesses of where a record ends.
fn tricky() -> Vec<String> {
    let (a, b) = (
        record("a", ""),
        record("bb", r#","license":"x},\"c.conda\":{""#),
    );
    let nested = record(
        "ccc",
        r#","extra_depends":{"x.conda":["q"],"y.conda":["r >2"]},"other":{"p.conda":{},"q.conda":{"z":1}}"#,
    );
    let records =
        format!(r#""a-1.1-h_0.conda":{a},"bb-1.2-h_0.conda" : {b} , "ccc-1.3-h_0.conda":{nested}"#);
    let old = records.replace(".conda\"", ".tar.bz2\"");
    let unknown = r#""v3":{"x.conda":{"u":{}},"y.conda":{"v":{}},"z.conda":{}}"#;
    let braces = format!(r#""x}},{{.conda":{a},"}},\"y.conda":{b},"z.conda":{a}"#);
    vec![
        format!(
            r#"{{"info":{{"subdir":"linux-64"}},"packages":{{{old}}},"packages.conda":{{{records}}},"removed":[]}}"#
        ),
        format!(
            r#"{{{unknown},"packages":{{{records}}},{}}}"#,
            unknown.replace("v3", "v4")
        ),
        format!(r#"{{"packages":{{{braces}}},"info":{{"subdir":"noarch"}}}}"#),
        format!(r#"{{"removed":["a-1.1-h_0.conda"],"packages.conda":{{{records}}}}}"#),
        format!(
            "{{\n  \"packages\": {{\n    {}\n  }}\n}}\n",
            records.replace(",\"", ",\n    \"")
        ),
        format!(
            r#"{{"v3":{{"conda":{{"a-1.1-h_0":{b},"x.conda":{a}}},"whl":{{}},"tar.bz2":{{}}}},"packages.conda":{{{records}}}}}"#
        ),
        // Wrong: a key twice, a name twice, cut, more behind the end.
        format!(r#"{{"packages":{{{records}}},"packages":{{{old}}}}}"#),
        format!(r#"{{"packages":{{{records}}},"packages.conda":{{{records}}}}}"#),
        format!(r#"{{"packages":{{{records}}}"#),
        format!(r#"{{"packages":{{{records}}}}}}}"#),
        format!(r#"[{{"packages":{{{records}}}}}]"#),
    ]
}

fn bytes(columns: &crate::repodata::columns::Columns, workers: usize) -> Vec<u8> {
    let segment = builder::build(columns, "linux-64", &Digest::default(), workers);
    segment.as_bytes().to_vec()
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let mut in_pieces = 0;
    for text in tricky() {
        let options = ParseOptions::default();
        let whole = parse_whole(text.as_bytes(), Path::new("x"), options);
        let whole = whole.ok().map(|columns| bytes(&columns, 1));
        for size in 1..text.len() + 2 {
            for workers in [1, 3] {
                let options = ParseOptions { workers, ..options };
                // A refusal is no answer: the whole is read then.
                if let Some(columns) = parse_chunks(text.as_bytes(), size, options) {
                    in_pieces += usize::from(size < text.len() / 2);
                    let found = Some(bytes(&columns, workers));
                    assert!(found == whole, "chunks of {size} bytes of {text}");
                }
            }
        }
    }
    assert!(in_pieces > 1000, "read in chunks {in_pieces} times");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let mut text = String::from(r#"{"packages.conda":{"#);
    for at in 0..9000 {
        let comma = if at == 0 { "" } else { "," };
        let name = format!("package-{}", at * 7919 % 9000);
        let other = at % 4000;
        write!(
            text,
            r#"{comma}"{name}-1.{at}-h_0.conda":{{"name":"{name}","version":"1.{at}","build":"h_0","build_number":0,
               "depends":["package-{other} >=1.{other},<2","python >=3.{}"],"license":"L{}","subdir":"linux-64"}}"#,
            at % 14,
            at % 50,
        )
        .unwrap();
    }
    text.push_str("}}");
    assert!(text.len() > 3 * crate::repodata::CHUNK);
    let with = |workers: usize| {
        let options = ParseOptions {
            workers,
            ..ParseOptions::default()
        };
        let columns = parse(text.as_bytes(), Path::new("x"), options).unwrap();
        assert_eq!(columns.records.len(), 9000);
        bytes(&columns, workers)
    };
    let one = with(1);
    for workers in [0, 2, 3, 7] {
        assert!(with(workers) == one, "{workers} threads");
    }
}

/// Values for a key: usual ones, rare ones, wrong ones.
fn value(key: &str) -> BoxedStrategy<String> {
    let odd = prop_oneof![
        Just("null".to_string()),
        Just("7".to_string()),
        Just("\"\"".to_string()),
        Just("[]".to_string()),
        Just("{}".to_string()),
        Just("true".to_string()),
        Just("\"a\\u0062\\n\"".to_string()),
        Just("[\"a\",1]".to_string()),
        Just("\"python\"".to_string()),
        Just("\"0\u{7f}\u{e9}\u{2028}\"".to_string()),
        Just("-0".to_string()),
        Just("1e3".to_string()),
        Just("01".to_string()),
        Just("18446744073709551615".to_string()),
        Just("18446744073709551616".to_string()),
    ];
    let usual = match key {
        "name" => "\"[ab]{1,3}\"".boxed(),
        "version" => "\"[0-9]{1,2}(\\.[0-9]){0,2}\"".boxed(),
        "build" => "\"[a-z0-9_]{0,12}\"".boxed(),
        "depends" | "constrains" => {
            "(\\[\\]|\\[\"[ab] >=[0-3]\"(, ?\"[ab]( [0-3])?\"){0,4}\\])".boxed()
        }
        "md5" => "\"[0-9a-fA-F]{32}\"|\"[0-9a-g]{31,33}\"".boxed(),
        "sha256" => "\"[0-9a-f]{64}\"|\"[0-9a-f]{60,70}\"".boxed(),
        "noarch" => "\"(python|generic|other)\"|true|false".boxed(),
        "license" | "license_family" | "subdir" => "\"(MIT|linux-64|noarch|[A-Z]{2})\"".boxed(),
        "other" | "track_features" => "\"[a-c]{0,2}\"|\\[\"a\"\\]".boxed(),
        _ => "[0-9]{1,3}|[0-9]{9,20}|[0-9]\\.[0-9]".boxed(),
    };
    prop_oneof![24 => usual, 1 => odd].boxed()
}

/// An object of a record.
fn object() -> impl Strategy<Value = String> {
    let keys = [
        "name",
        "version",
        "build",
        "build_number",
        "depends",
        "constrains",
        "md5",
        "sha256",
        "size",
        "timestamp",
        "indexed_timestamp",
        "subdir",
        "license",
        "license_family",
        "noarch",
        "track_features",
        "other",
    ];
    let values = keys.map(|key| value(key).prop_map(move |value| (key, value)));
    // Most records have the usual keys and nothing else; in some a key is missing, elsewhere or there twice.
    let change = (0..12usize, 0..keys.len(), 0..keys.len());
    let blanks = prop_oneof![6 => Just(["", ""]), 1 => Just([" ", ""]), 1 => Just(["\n\t ", " "])];
    (values, change, 0..4usize, blanks).prop_map(
        move |(values, (what, one, other), rare, [blank, before])| {
            let count = keys.len() - [3, 2, 1, 0][rare];
            let mut values = values.to_vec();
            values.truncate(count.max(4));
            let (one, other) = (one % values.len(), other % values.len());
            match what {
                0 => drop(values.remove(one)),
                1 => values.swap(one, other),
                2 => values.insert(one, values[other].clone()),
                _ => {}
            }
            let members: Vec<String> = values
                .iter()
                .map(|(key, value)| format!("{blank}\"{key}\"{before}:{blank}{value}{before}"))
                .collect();
            format!("{{{}}}", members.join(","))
        },
    )
}

/// Repodata with a few records, and a place where it is spoilt.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let name = "[ab]-[0-9]-[a-z0-9_]{1,6}(\\.conda|\\.tar\\.bz2|/x\\.conda|\\\\u0041\\.conda)?";
    let records = || {
        proptest::collection::vec((name, object()), 0..5).prop_map(|records| {
            let members = records.iter();
            let members: Vec<String> = members
                .map(|(name, object)| format!("\"{name}\":{object}"))
                .collect();
            format!("{{{}}}", members.join(","))
        })
    };
    let spoil = prop_oneof![
        4 => Just(None),
        1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(Some),
    ];
    let sections = (records(), records(), records(), 0..8usize);
    (sections, spoil).prop_map(|((old, new, newest, more), spoil)| {
        let more = [
            "",
            r#","repodata_version":1"#,
            r#","repodata_version":9"#,
            r#","removed":["a-1-b.conda"]"#,
            r#","info":{"subdir":"noarch","base_url":"x"}"#,
            r#","packages":{}"#,
            r#","signatures":{"a":{"b":[{"}":"{"}]}}"#,
            r#" } "#,
        ][more];
        let v3 = if newest.len() % 3 == 0 {
            format!(r#","v3":{{"conda":{newest}}}"#)
        } else {
            String::new()
        };
        let text = format!(r#"{{"packages":{old},"packages.conda":{new}{v3}{more}}}"#);
        let mut text = text.into_bytes();
        if let Some((place, byte)) = spoil {
            let place = place.index(text.len());
            text[place] = byte;
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn guesses_give_what_the_parser_gives(text in texts(), skip_bad_records: bool, size in 1usize..2000) {
        let options = ParseOptions { skip_bad_records, workers: 1 };
        let whole = parse_whole(&text, Path::new("x"), options);
        let whole = whole.map(|columns| bytes(&columns, 1));
        // A refusal is no answer, and where nothing is wrong there must be one.
        for size in [size, 1 << 20] {
            let found = parse_chunks(&text, size, options);
            let found = found.map(|columns| bytes(&columns, 1));
            prop_assert!(found.is_none() || found == whole.as_ref().ok().cloned(), "{}", String::from_utf8_lossy(&text));
let answers = found.is_some() || size <= text.len() || whole.is_err() || skip_bad_records;
 prop_assert!(answers, "{}", String::from_utf8_lossy(&text));
        }
        // Errors are those of the parser.
        let found = parse(&text, Path::new("x"), options).map(|columns| bytes(&columns, 1));
        prop_assert_eq!(format!("{:?}", found.err()), format!("{:?}", whole.err()));
    }
}
