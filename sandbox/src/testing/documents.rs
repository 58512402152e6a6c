//! The fenced blocks of the documents, and who runs each of them, which the comment above a block says.

/// What the comment above a block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker<'d> {
    /// `<!-- run by: PATH -->`: that test runs the block, or compares it with what the block above it prints.
    RunBy(&'d str),
    /// `<!-- not run: REASON -->`.
    NotRun(&'d str),
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'d> {
    /// The line of its opening fence; the first line is 1.
    pub line: usize,
    /// What the comment above it says; `None` if there is no such comment.
    pub marker: Option<Marker<'d>>,
    /// `sh`, `json`, …
    pub language: &'d str,
    /// What is between the fences.
    pub text: String,
}

impl<'d> Marker<'d> {
    fn parse(line: &'d str) -> Option<Self> {
        let comment = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
        let run_by = comment.strip_prefix("run by:").map(|path| Self::RunBy(path.trim()));
        let not_run = || {
            comment
                .strip_prefix("not run:")
                .map(|reason| Self::NotRun(reason.trim()))
        };
        run_by.or_else(not_run)
    }
}

/// All fenced blocks of a document, in order. A fence that is never closed ends with the document.
pub fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut above = "";
    let mut lines = document.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            // In a list, the block is indented with its item.
            let indented = line.len() - line.trim_start().len();
            let inside = lines.by_ref().map(|(_, line)| line);
            let text = inside
                .take_while(|line| line.trim() != "```")
                .map(|line| format!("{}\n", line.get(indented..).unwrap_or_default()))
                .collect();
            found.push(Block {
                line: index + 1,
                marker: Marker::parse(above),
                language: language.trim(),
                text,
            });
        }
        above = line;
    }
    found
}

/// The blocks that the test in that file runs.
pub fn blocks_run_by<'d>(test: &str, document: &'d str) -> Vec<Block<'d>> {
    let mut blocks = blocks(document);
    blocks.retain(|block| block.marker == Some(Marker::RunBy(test)));
    blocks
}

/// The one block that the test in that file runs.
///
/// # Errors
/// If there is none; or another one, which the test would leave out.
pub fn only_block_run_by<'d>(test: &str, document: &'d str) -> anyhow::Result<Block<'d>> {
    let mut blocks = blocks_run_by(test, document);
    anyhow::ensure!(
        blocks.len() == 1,
        "{} blocks are marked as run by {test}, not one",
        blocks.len()
    );
    Ok(blocks.remove(0))
}

/// A shell block as a script in which each status after a `curl -i` line is checked: where another one is answered, bash
/// ends, if it runs with `-e` and `-o pipefail`.
pub fn with_checks(block: &str) -> String {
    let checked = block.lines().map(|line| {
        let status = line.rsplit_once("  # ").filter(|_| line.starts_with("curl "));
        match status {
            Some((command, status)) => {
                format!("{command} | tee /dev/stderr | {{ grep -q '^HTTP/1.1 {status} ' && cat > /dev/null; }}\n")
            }
            None => format!("{line}\n"),
        }
    });
    checked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_the_marker_of_the_line_above_it() {
        let text = "a\n\n<!-- run by: t/x.rs -->\n```sh\nb\n```\n\n```\nc\n```\n- d\n  <!-- not run: a drawing -->\n  ```text\n  e\n   f\n  ```\n";
        let found = blocks(text);
        let seen: Vec<_> = found
            .iter()
            .map(|block| (block.line, block.marker, block.language, block.text.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (4, Some(Marker::RunBy("t/x.rs")), "sh", "b\n"),
                (8, None, "", "c\n"),
                (13, Some(Marker::NotRun("a drawing")), "text", "e\n f\n"),
            ]
        );
        assert_eq!(blocks_run_by("t/x.rs", text), found[..1]);
        assert_eq!(only_block_run_by("t/x.rs", text).ok().as_ref(), found.first());
    }

    #[test]
    fn a_test_that_runs_one_block_refuses_a_second_one() {
        let block = "<!-- run by: t/x.rs -->\n```sh\nb\n```\n";
        assert!(only_block_run_by("t/x.rs", block).is_ok());
        assert!(only_block_run_by("t/x.rs", &format!("{block}{block}")).is_err());
        assert!(only_block_run_by("t/y.rs", block).is_err());
    }

    #[test]
    fn a_status_after_a_curl_line_becomes_a_check() {
        let script = with_checks("echo a  # 200\ncurl -i b  # 201\n");
        assert_eq!(
            script,
            "echo a  # 200\ncurl -i b | tee /dev/stderr | { grep -q '^HTTP/1.1 201 ' && cat > /dev/null; }\n"
        );
    }
}
