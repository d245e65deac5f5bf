//! Reading in pieces gives what reading in one go gives, whatever the text, the pieces and the number of threads.

use std::fmt::Write as _;
use std::path::Path;

use super::builder;
use super::layout::Digest;
use crate::repodata::{parse, parse_pieces, ParseOptions};

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

fn bytes(columns: &crate::repodata::raw::Columns, workers: usize) -> Vec<u8> {
    let segment = builder::build(columns, "linux-64", &Digest::default(), workers);
    segment.as_bytes().to_vec()
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let mut in_pieces = 0;
    for text in tricky() {
        let options = ParseOptions::default();
        let whole = parse(text.as_bytes(), Path::new("x"), options);
        let whole = whole.ok().map(|columns| bytes(&columns, 1));
        for size in 1..text.len() + 2 {
            for workers in [1, 3] {
                let options = ParseOptions { workers, ..options };
                // A refusal is no answer: the whole is read then.
                if let Some(columns) = parse_pieces(text.as_bytes(), size, options) {
                    in_pieces += usize::from(size < text.len() / 2);
                    let found = Some(bytes(&columns, workers));
                    assert!(found == whole, "pieces of {size} bytes of {text}");
                }
            }
        }
    }
    assert!(in_pieces > 1000, "read in pieces {in_pieces} times");
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
    assert!(text.len() > 3 * crate::repodata::PIECE);
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
