//! The base subject of RFC 5256 §2.1: what is left of a subject without "Re:" and its like.

/// The base subject of a decoded subject.
pub fn base_subject(subject: &str) -> String {
    base_and_reply(subject).0
}

/// The base subject, and whether RFC 5256 §3 counts the subject as that of a reply or forward: something was removed
/// that says so, and not only a blob such as the name of a list.
pub fn base_and_reply(subject: &str) -> (String, bool) {
    // Step 1: all white space becomes single spaces.
    let mut collapsed = String::with_capacity(subject.len().min(SUBJECT_CHARACTERS_MAX));
    for c in subject.chars().take(SUBJECT_CHARACTERS_MAX) {
        let c = if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c };
        if c != ' ' || !collapsed.ends_with(' ') {
            collapsed.push(c);
        }
    }
    let mut rest = collapsed.as_str();
    let mut is_reply = false;
    loop {
        rest = without_trailers(rest, &mut is_reply);
        rest = without_leaders(rest, &mut is_reply);
        // Step 6: a whole subject in "[fwd: …]" begins anew.
        match strip_prefix(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => (rest, is_reply) = (inner, true),
            None => return (rest.to_string(), is_reply),
        }
    }
}

/// Step 2: `subj-trailer`.
fn without_trailers<'a>(mut rest: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        let trimmed = rest.trim_end_matches(' ');
        let cut = trimmed.len().checked_sub(5).filter(|&cut| trimmed.is_char_boundary(cut));
        match cut {
            Some(cut) if trimmed[cut..].eq_ignore_ascii_case("(fwd)") => {
                (rest, *is_reply) = (&trimmed[..cut], true);
            }
            _ => return trimmed,
        }
    }
}

/// Steps 3 to 5: `subj-leader` and `subj-blob`.
fn without_leaders<'a>(mut rest: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = refwd_after_blobs(rest) {
            (rest, *is_reply) = (after, true);
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
        let is_reply = |subject| base_and_reply(subject).1;
        for subject in ["Re: x", "x (fwd)", "[fwd: x]", "[list] Fw: x", "[list] [x] RE[3] : "] {
            assert!(is_reply(subject), "{subject}");
        }
        for subject in ["x y", "  x", "[list] x", "[list]", ""] {
            assert!(!is_reply(subject), "{subject}");
        }
    }
}
