//! What becomes of conversations.

use proptest::prelude::*;

use super::*;

/// A message: date, subject, message-id, references; ids are small numbers.
struct Sent(i64, &'static str, u64, &'static [u64]);

fn members<'a>(sent: &'a [Sent]) -> Vec<Member<'a>> {
    let member = |(number, Sent(date, subject, id, references)): (u32, &'a Sent)| {
        let base = subject.strip_prefix("Re: ");
        Member {
            number,
            date: *date,
            arrived: i64::from(number),
            subject: base.unwrap_or(subject).as_bytes(),
            is_reply: base.is_some(),
            id: Some(*id).filter(|id| *id != 0),
            references,
        }
    };
    (1..).zip(sent).map(member).collect()
}

fn printed(algorithm: Algorithm, members: &[Member<'_>]) -> String {
    let mut out = Vec::new();
    algorithm.thread(members).write(&mut out, |message| members[message as usize].number);
    String::from_utf8(out).unwrap()
}

fn says(algorithm: Algorithm, sent: &[Sent], expected: &str) {
    assert_eq!(printed(algorithm, &members(sent)), expected);
}

const REFERENCES: Algorithm = Algorithm::References;

#[test]
fn answers_are_below_what_they_answer() {
    let chain = [Sent(1, "a", 1, &[]), Sent(2, "Re: a", 2, &[1]), Sent(3, "Re: a", 3, &[1, 2])];
    says(REFERENCES, &chain, "(1 2 3)");
    let fork = [Sent(1, "a", 1, &[]), Sent(3, "Re: a", 2, &[1]), Sent(2, "Re: a", 3, &[1])];
    says(REFERENCES, &fork, "(1 (3)(2))");
    let nested = [
        Sent(1, "a", 1, &[]),
        Sent(2, "a", 2, &[1]),
        Sent(3, "a", 3, &[1, 2]),
        Sent(4, "a", 4, &[1, 2]),
        Sent(5, "a", 5, &[1, 2, 4]),
    ];
    says(REFERENCES, &nested, "(1 2 (3)(4 5))");
}

#[test]
fn what_is_not_there_is_a_dummy_for_several_only() {
    let siblings = [Sent(1, "a", 1, &[9]), Sent(2, "b", 2, &[9])];
    says(REFERENCES, &siblings, "((1)(2))");
    let alone = [Sent(1, "a", 1, &[8, 9])];
    says(REFERENCES, &alone, "(1)");
    let inner = [Sent(1, "a", 1, &[]), Sent(2, "b", 2, &[1, 9]), Sent(3, "c", 3, &[1, 9])];
    says(REFERENCES, &inner, "(1 (2)(3))");
}

#[test]
fn the_same_subject_makes_one_conversation() {
    says(REFERENCES, &[Sent(1, "a", 1, &[]), Sent(2, "Re: a", 2, &[])], "(1 2)");
    says(REFERENCES, &[Sent(1, "Re: a", 1, &[]), Sent(2, "a", 2, &[])], "(2 1)");
    says(REFERENCES, &[Sent(1, "a", 1, &[]), Sent(2, "a", 2, &[])], "((1)(2))");
    says(REFERENCES, &[Sent(1, "", 1, &[]), Sent(2, "", 2, &[])], "(1)(2)");
    let dummy =
        [Sent(1, "a", 1, &[]), Sent(2, "a", 2, &[9]), Sent(3, "x", 3, &[9]), Sent(4, "Re: a", 4, &[])];
    says(REFERENCES, &dummy, "((1)(2)(3)(4))");
    let three = [Sent(1, "a", 1, &[]), Sent(2, "a", 2, &[]), Sent(3, "a", 3, &[])];
    says(REFERENCES, &three, "((1)(2)(3))");
    says(Algorithm::Refs, &three, "(1)(2)(3)");
}

#[test]
fn links_that_would_loop_are_not_made() {
    says(REFERENCES, &[Sent(1, "a", 1, &[1])], "(1)");
    says(REFERENCES, &[Sent(1, "a", 1, &[2]), Sent(2, "b", 2, &[1])], "(2 1)");
    let three = [Sent(1, "a", 1, &[3]), Sent(2, "b", 2, &[1]), Sent(3, "c", 3, &[2])];
    says(REFERENCES, &three, "(3 1 2)");
}

#[test]
fn the_first_of_equal_message_ids_has_it() {
    let twice = [Sent(1, "a", 1, &[]), Sent(2, "b", 1, &[]), Sent(3, "c", 3, &[1])];
    says(REFERENCES, &twice, "(1 3)(2)");
}

#[test]
fn conversations_are_in_the_order_of_their_beginning_or_of_their_end() {
    let two = [Sent(1, "a", 1, &[]), Sent(2, "b", 2, &[]), Sent(3, "Re: a", 3, &[1])];
    says(REFERENCES, &two, "(1 3)(2)");
    says(Algorithm::Refs, &two, "(2)(1 3)");
}

#[test]
fn refs_sorts_answers_by_when_they_were_sent_and_conversations_by_when_they_got_one() {
    // draft-ietf-morg-inthread-01 §4: message 4 was sent first, but came last.
    let sent = [
        Sent(10, "a", 1, &[]),
        Sent(20, "b", 2, &[]),
        Sent(40, "Re: a", 3, &[1]),
        Sent(30, "Re: a", 4, &[1]),
    ];
    says(Algorithm::Refs, &sent, "(2)(1 (4)(3))");
    let late = [Sent(90, "a", 1, &[]), Sent(10, "b", 2, &[])];
    says(Algorithm::Refs, &late, "(1)(2)");
    says(REFERENCES, &late, "(2)(1)");
    let dummy = [Sent(3, "a", 1, &[9]), Sent(1, "b", 2, &[]), Sent(2, "c", 3, &[9])];
    says(Algorithm::Refs, &dummy, "(2)((3)(1))");
}

/// RFC 5256 §3, step 1.
#[test]
fn references_that_were_shortened_do_not_part_what_belongs_together() {
    // (A): a message that has a parent keeps it when another message says otherwise.
    let kept = [Sent(1, "a", 1, &[]), Sent(2, "b", 2, &[1]), Sent(3, "c", 3, &[2]), Sent(4, "d", 4, &[1, 3])];
    says(REFERENCES, &kept, "(1 2 3 4)");
    // (B): but what a message says of itself counts more than what was guessed before.
    let corrected =
        [Sent(4, "d", 4, &[1, 3]), Sent(1, "a", 1, &[]), Sent(2, "b", 2, &[]), Sent(3, "c", 3, &[2])];
    says(REFERENCES, &corrected, "(2)(3 4 1)");
    // A message without references has no parent, whatever others have said before.
    let none = [Sent(2, "b", 2, &[1, 3]), Sent(1, "a", 1, &[]), Sent(3, "c", 3, &[])];
    says(REFERENCES, &none, "(2)(3 1)");
}

/// RFC 5256 §3, step 1: a message without a message-id, and a second one with the same, are found by nobody.
#[test]
fn nobody_refers_to_what_has_no_message_id() {
    let without = [Sent(1, "a", 0, &[]), Sent(2, "b", 0, &[]), Sent(3, "c", 3, &[7])];
    says(REFERENCES, &without, "(1)(2)(3)");
}

/// RFC 5256 §3, step 3.
#[test]
fn dummies_give_way_except_at_the_top() {
    // Children of a dummy inside go where it was, and are sorted among those that are there.
    let inner =
        [Sent(1, "a", 1, &[]), Sent(4, "b", 2, &[1]), Sent(5, "c", 3, &[1, 9]), Sent(3, "d", 4, &[1, 9])];
    says(REFERENCES, &inner, "(1 (4)(2)(3))");
    // At the top, one child takes the place of the dummy, and several keep it.
    let chain = [Sent(1, "a", 1, &[7, 8, 9]), Sent(2, "b", 2, &[7])];
    says(REFERENCES, &chain, "((1)(2))");
    let one = [Sent(1, "a", 1, &[7, 8, 9])];
    says(REFERENCES, &one, "(1)");
}

/// RFC 5256 §3, steps 4 to 6.
#[test]
fn subjects_are_gathered_by_the_rules() {
    // 5.B: a dummy stands for its subject, even if a message came before it. 5.C: the others become its children.
    let dummy = [Sent(1, "a", 1, &[]), Sent(2, "a", 2, &[9]), Sent(3, "b", 3, &[9])];
    says(REFERENCES, &dummy, "((1)(2)(3))");
    // Both dummies: their children become siblings.
    let both = [Sent(1, "a", 1, &[8]), Sent(4, "x", 2, &[8]), Sent(2, "a", 3, &[9]), Sent(3, "y", 4, &[9])];
    says(REFERENCES, &both, "((1)(3)(4)(2))");
    // 5.B: what is no reply stands for the subject; a reply becomes its child, and has its own children still.
    let reply = [Sent(1, "Re: a", 1, &[]), Sent(2, "Re: a", 2, &[1]), Sent(3, "a", 3, &[])];
    says(REFERENCES, &reply, "(3 1 2)");
    // Two replies without what they answer are siblings below a dummy.
    says(REFERENCES, &[Sent(1, "Re: a", 1, &[]), Sent(2, "Re: a", 2, &[])], "((1)(2))");
    // The subject of an answer further down does not count.
    says(REFERENCES, &[Sent(1, "a", 1, &[]), Sent(2, "b", 2, &[1]), Sent(3, "b", 3, &[])], "(1 2)(3)");
    // 6: a dummy is sorted by its first child.
    let sorted = [Sent(5, "x", 1, &[9]), Sent(1, "y", 2, &[9]), Sent(3, "z", 3, &[])];
    says(REFERENCES, &sorted, "((2)(1))(3)");
}

#[test]
fn ordered_subject_has_no_grandchildren() {
    let sent = [
        Sent(5, "b", 1, &[]),
        Sent(2, "a", 2, &[]),
        Sent(4, "Re: a", 3, &[]),
        Sent(3, "a", 4, &[]),
        Sent(6, "b", 5, &[]),
    ];
    says(Algorithm::OrderedSubject, &sent, "(2 (4)(3))(1 5)");
    says(Algorithm::OrderedSubject, &[], "");
}

#[test]
fn a_very_long_conversation_is_no_problem() {
    let references: Vec<[u64; 1]> = (0..200_000).map(|n| [n]).collect();
    let member = |n: u32| Member {
        number: n,
        date: i64::from(n),
        arrived: i64::from(n),
        subject: b"a",
        is_reply: false,
        id: Some(u64::from(n)),
        references: &references[n as usize - 1],
    };
    let forwards: Vec<_> = (1..200_000).map(member).collect();
    let text = printed(REFERENCES, &forwards);
    assert!(text.starts_with("(1 2 3 4 ") && text.ends_with(" 199999)"));
    let backwards: Vec<_> = (1..200_000).rev().map(member).collect();
    assert_eq!(printed(Algorithm::Refs, &backwards), text);
}

/// The numbers in what was printed, and whether its parentheses fit.
fn numbers(text: &str) -> (Vec<u32>, bool) {
    let mut depth = 0i32;
    let mut fits = true;
    for c in text.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        fits &= depth >= 0;
    }
    let words = text.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    (words.map(|word| word.parse().unwrap()).collect(), fits && depth == 0 && !text.contains("()"))
}

proptest! {
    #[test]
    fn every_message_is_in_one_conversation(
        messages in prop::collection::vec(
            (0i64..5, "[ab]{0,1}", any::<bool>(), 0u64..9, prop::collection::vec(1u64..12, 0..4)), 0..20,
        ),
    ) {
        let member = |(number, (date, subject, is_reply, id, references)): (u32, &'_ (i64, String, bool, u64, Vec<u64>))| {
            let subject: &'static [u8] = match subject.as_str() { "a" => b"a", "b" => b"b", _ => b"" };
            let references: &'static [u64] = references.clone().leak();
            Member { number, date: *date, arrived: *date, subject, is_reply: *is_reply, id: Some(*id).filter(|id| *id != 0), references }
        };
        let members: Vec<Member<'_>> = (1..).zip(&messages).map(member).collect();
        for algorithm in [Algorithm::OrderedSubject, Algorithm::References, Algorithm::Refs] {
            let text = printed(algorithm, &members);
            let (mut numbers, fits) = numbers(&text);
            prop_assert!(fits, "{}", text);
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (1..=members.len() as u32).collect::<Vec<_>>(), "{}", text);
        }
    }
}
