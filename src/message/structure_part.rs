//! The structure of one part, out of that of its message (RFC 5524 §3.2: BODYPARTSTRUCTURE).

use super::list::Node;
use super::transfer::Encoding;

/// The `body` of the part with these numbers, out of the BODYSTRUCTURE of the message; of the whole message if there are no
/// numbers. With `decoded`, the part is described as if that was its content, as it is. None
/// when there is no such part.
pub fn structure_of_part(structure: &[u8], part: &[u32], decoded: Option<&[u8]>) -> Option<Vec<u8>> {
    let whole = Node::read(structure)?;
    let found = part.iter().enumerate().try_fold(&whole, |node, (depth, number)| {
        // What is inside of a message is numbered like the message itself (RFC 3501 §6.4.5).
        let node = if depth > 0 { inner_message(node, structure).unwrap_or(node) } else { node };
        child(node, *number)
    })?;
    match (decoded, found) {
        (Some(decoded), Node::List(items, ..)) if !is_multipart(items) && items.len() >= 7 => {
            Some(with_content(items, structure, decoded))
        }
        _ => Some(found.octets(structure).to_vec()),
    }
}

/// The part of that number in a multipart; what is no multipart has itself as its only part.
fn child(node: &Node, number: u32) -> Option<&Node> {
    let Node::List(items, ..) = node else { return None };
    match is_multipart(items) {
        // Lists come behind the subtype, too.
        true => items.iter().take_while(|item| matches!(item, Node::List(..))).nth(number as usize - 1),
        false => (number == 1).then_some(node),
    }
}

/// The body of the message that a part consists of.
fn inner_message<'n>(node: &'n Node, all: &[u8]) -> Option<&'n Node> {
    let Node::List(items, ..) = node else { return None };
    let is_message = !is_multipart(items) && items.first()?.octets(all).eq_ignore_ascii_case(b"\"MESSAGE\"");
    items.get(8).filter(|item| is_message && matches!(item, Node::List(..)))
}

fn is_multipart(items: &[Node]) -> bool {
    matches!(items.first(), Some(Node::List(..)))
}

/// `body-type-basic` or its like, with another `body-fld-enc` and `body-fld-octets`, and no lines.
fn with_content(items: &[Node], all: &[u8], content: &[u8]) -> Vec<u8> {
    let is_text = items[0].octets(all).eq_ignore_ascii_case(b"\"TEXT\"");
    let fields = items.iter().enumerate().map(|(index, item)| match index {
        5 => format!("\"{}\"", Encoding::of_plain(content).name()).into_bytes(),
        6 => content.len().to_string().into_bytes(),
        // RFC 3501 §7.4.2 counts the lines of what is encoded, and nobody those of what is decoded.
        7 if is_text => b"0".to_vec(),
        _ => item.octets(all).to_vec(),
    });
    [&b"("[..], &fields.collect::<Vec<_>>().join(&b' '), b")"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"BASE64\" 12 1 NIL NIL (\"en\" \"de\") NIL)";
    const IMAGE: &str = "(\"IMAGE\" \"PNG\" NIL NIL NIL \"BASE64\" 164)";

    fn of(structure: &str, part: &[u32], decoded: Option<&[u8]>) -> Option<String> {
        structure_of_part(structure.as_bytes(), part, decoded).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn parts_are_found_by_their_numbers() {
        let mixed = format!("({TEXT}{IMAGE} \"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)");
        let message = format!("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 900 (NIL) {mixed} 30)");
        // An envelope has ten fields, which nobody looks at here.
        let outer = format!("({TEXT}{message} \"MIXED\")");
        for (structure, part, expected) in [
            (&mixed, &[][..], Some(mixed.as_str())),
            (&mixed, &[2], Some(IMAGE)),
            (&mixed, &[3], None),
            (&mixed, &[4], None),
            (&mixed, &[2, 1], Some(IMAGE)),
            (&outer, &[2], Some(message.as_str())),
            (&outer, &[2, 1], Some(TEXT)),
            (&outer, &[2, 2], Some(IMAGE)),
        ] {
            assert_eq!(of(structure, part, None).as_deref(), expected, "{part:?}");
        }
        assert_eq!(of(TEXT, &[1], None).as_deref(), Some(TEXT));
    }

    #[test]
    fn what_was_decoded_is_described_as_it_is() {
        let text =
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 6 0 NIL NIL (\"en\" \"de\") NIL)";
        assert_eq!(of(TEXT, &[1], Some(b"a\r\nb\r\n")).as_deref(), Some(text));
        assert!(of(TEXT, &[1], Some("\u{fc}".as_bytes())).unwrap().contains(" \"8BIT\" 2 0 "));
        let image = "(\"IMAGE\" \"PNG\" NIL NIL NIL \"BINARY\" 3)";
        assert_eq!(of(IMAGE, &[1], Some(b"\n\n\n")).as_deref(), Some(image));
    }
}
