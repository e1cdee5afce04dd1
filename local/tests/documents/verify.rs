//! `docs/verify.md` shows the examples as they are run: each file of `docs/verify` in a block of its own, whole.

use crate::root;

#[test]
fn the_examples_of_how_tokens_are_verified_are_the_files_that_are_run() {
    let document = std::fs::read_to_string(root().join("docs/verify.md")).unwrap();
    let blocks: Vec<&str> = document.split("\n```").skip(1).step_by(2).collect();
    let mut all = 0;
    for entry in std::fs::read_dir(root().join("docs/verify")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let language = match path.extension().unwrap().to_str().unwrap() {
            "rs" => "rust",
            "py" => "python",
            "ts" => "typescript",
            other => other,
        };
        let block = format!("{language}\n{}", text.trim_end());
        assert!(
            blocks.contains(&block.as_str()),
            "docs/verify.md does not show {name} as it is"
        );
        assert!(
            document.contains(&format!("(verify/{name})")),
            "docs/verify.md does not name {name}"
        );
        all += 1;
    }
    assert_eq!(all, 5);
}
