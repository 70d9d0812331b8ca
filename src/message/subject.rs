//! The base subject of RFC 5256 §2.1: what is left of a subject without "Re:" and its like.

/// The base subject of a decoded subject.
pub fn base_subject(subject: &str) -> String {
    // Step 1: all white space becomes single spaces.
    let mut collapsed = String::with_capacity(subject.len().min(SUBJECT_CHARACTERS_MAX));
    for c in subject.chars().take(SUBJECT_CHARACTERS_MAX) {
        let c = if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c };
        if c != ' ' || !collapsed.ends_with(' ') {
            collapsed.push(c);
        }
    }
    let mut rest = collapsed.as_str();
    loop {
        rest = without_trailers(rest);
        rest = without_leaders(rest);
        // Step 6: a whole subject in "[fwd: …]" begins anew.
        match strip_prefix(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => rest = inner,
            None => return rest.to_string(),
        }
    }
}

/// True when RFC 5256 §5 counts the subject as that of a reply or forward.
pub fn is_reply(subject: &str) -> bool {
    base_subject(subject) != subject.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Step 2: `subj-trailer`.
fn without_trailers(mut rest: &str) -> &str {
    loop {
        let trimmed = rest.trim_end_matches(' ');
        let cut = trimmed.len().checked_sub(5).filter(|&cut| trimmed.is_char_boundary(cut));
        match cut {
            Some(cut) if trimmed[cut..].eq_ignore_ascii_case("(fwd)") => rest = &trimmed[..cut],
            _ => return trimmed,
        }
    }
}

/// Steps 3 to 5: `subj-leader` and `subj-blob`.
fn without_leaders(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = refwd_after_blobs(rest) {
            rest = after;
            continue;
        }
        match blob(rest) {
            Some(after) if !after.is_empty() => rest = after,
            _ => return rest,
        }
    }
}

/// `*subj-blob subj-refwd`
fn refwd_after_blobs(mut rest: &str) -> Option<&str> {
    while let Some(after) = blob(rest) {
        rest = after;
    }
    refwd(rest)
}

/// `("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`
fn refwd(rest: &str) -> Option<&str> {
    let rest = ["re", "fwd", "fw"].iter().find_map(|word| strip_prefix(rest, word))?;
    let rest = rest.trim_start_matches(' ');
    blob(rest).unwrap_or(rest).strip_prefix(':')
}

/// `"[" *BLOBCHAR "]" *WSP`, where BLOBCHAR is anything but brackets.
fn blob(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    let after = inner[end..].strip_prefix(']')?;
    // "[fwd:" begins a subj-fwd, which is taken off in step 6 only.
    if strip_prefix(rest, "[fwd:").is_some() && after.trim().is_empty() {
        return None;
    }
    Some(after.trim_start_matches(' '))
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Subjects are compared by so much of them; it also bounds the work that thousands of `[x]` could make.
const SUBJECT_CHARACTERS_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_of_replies_and_forwards_are_removed() {
        for (subject, base) in [
            ("hello", "hello"),
            ("Re: hello", "hello"),
            ("RE[2]:  re: Hello  World (fwd) (FWD)", "Hello World"),
            ("[list] Re: [list] hello", "hello"),
            ("Re: [list]", "[list]"),
            ("[Fwd: [list] Fw: hello]", "hello"),
            ("fwd [x] : y", "y"),
            ("Re:", ""),
            ("Regarding: x", "Regarding: x"),
            ("ü [", "ü ["),
            ("", ""),
        ] {
            assert_eq!(base_subject(subject), base, "{subject}");
        }
        assert!(is_reply("Re: x") && !is_reply("x y"));
    }
}
