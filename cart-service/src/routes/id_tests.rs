use super::*;

#[test]
fn visible_and_distinguishable_characters_make_an_id() {
    for id in [
        "ORD-1001",
        "A B",
        "a/b?c#d%e&f=g",
        "\"'><script>",
        "注文-Ж-é-🎉",
        "品目 “1”\\",
        "Zoë Ünal",
        "٣",
        "नमस्ते",
        "ที่",
        "Größe-½",
        "x²",
        "№-7",
        "한국어",
        "عربي",
        "עברית",
        "Việt",
        "ﬀ",
        "€",
        "—",
    ] {
        assert_eq!(check(id), Ok(()), "{id}");
    }
}

#[test]
fn invisible_or_ambiguous_characters_are_refused() {
    for id in [
        "",
        " ",
        "\u{a0}",
        "\u{3000}",
        "\u{200b}",
        "1001 ",
        " 1001",
        "1001\u{a0}",
        "A  B",
        "A\tB",
        "A\u{2003}B",
        "ORD\u{200b}-1",
        "ORD-1\u{200d}",
        "\u{feff}ORD-1",
        "ORD\u{ad}-1",
        "a\u{2060}b",
        "A\u{2028}level=error",
        "A\u{2029}B",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{61c}b",
        "a\u{200e}b",
        "e\u{301}",
        "\u{301}",
        "A\u{30a}",
        "\u{212b}",
        "\u{2126}",
        "\u{f900}",
        "x\u{302}",
        "か\u{3099}",
        "\u{1112}\u{1161}",
        "\u{e000}",
        "\u{f8ff}",
        "\u{100000}",
        "\u{378}",
        "\u{ffff}",
        "\u{fdd0}",
        "\u{3164}",
        "\u{115f}",
        "\u{ffa0}",
        "\u{2800}",
        "\u{fffc}",
        "\u{fffd}",
        "❤\u{fe0f}",
        "a\u{e0041}b",
        "\u{180e}",
        "a\u{85}b",
    ] {
        let message = check(id).expect_err(&format!("{id:?}")).to_string();
        assert!(
            message.starts_with("must ") && !message.contains(char::is_control),
            "{message}"
        );
    }
    assert!(check("a\u{200b}").expect_err("an error").to_string().contains("U+200B"));
    assert!(check("e\u{301}").expect_err("an error").to_string().contains("U+0301"));
}

#[test]
fn the_pattern_lists_exactly_the_characters_that_the_rule_allows() {
    let class = pattern()
        .strip_prefix("^(?! )(?!.* (?: |$))[")
        .and_then(|rest| rest.strip_suffix(" ]+$"));
    let mut rest = class.expect("a class").chars().peekable();
    let mut named = Vec::new();
    let next = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| match rest.next() {
        Some('\\') => rest.next(),
        other => other,
    };
    while let Some(first) = next(&mut rest) {
        let last = if rest.next_if_eq(&'-').is_some() {
            next(&mut rest)
        } else {
            Some(first)
        };
        named.extend(first..=last.expect("an end"));
    }
    let taken: Vec<char> = (char::MIN..=char::MAX).filter(|c| stands_alone(*c)).collect();
    assert_eq!(named, taken);
    assert!(taken.len() > 140_000);
}
