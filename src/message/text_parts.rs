//! Which text a search finds in a message beside the text of its parts: the names of what is attached, and what the
//! headers of the messages in it say.

use super::content::{parameter, parametrized};
use super::header::{self, unfold};
use super::parse::PartKind;
use super::recipe::Recipe;
use super::text::decode_header_value;

/// The names of the parts, and the header fields of the messages that are parts. `message_header` is that of the message.
pub fn names_and_inner_headers(recipe: &Recipe, message_header: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    for (index, part) in recipe.parts.iter().enumerate() {
        let inner = part.parent.is_some_and(|parent| recipe.parts[parent].kind == PartKind::Message);
        let rebuilt;
        let part_header = match index {
            0 => message_header,
            _ => {
                rebuilt = recipe.rebuild_range(message_header, part.header.clone(), &[]);
                &rebuilt[..]
            }
        };
        if inner {
            for field in header::fields(part_header) {
                let name = String::from_utf8_lossy(field.name);
                texts.push(format!("{name}: {}", decode_header_value(field.value)));
            }
        }
        texts.extend(names(part_header));
    }
    texts
}

/// The names that a part has by its Content-Disposition and its Content-Type.
fn names(part_header: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for field in header::fields(part_header) {
        let parameter_name = match field.name {
            name if name.eq_ignore_ascii_case(b"Content-Disposition") => "filename",
            name if name.eq_ignore_ascii_case(b"Content-Type") => "name",
            _ => continue,
        };
        if let Some(name) = parameter(&parametrized(&unfold(field.value)).parameters, parameter_name)
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::take_apart;

    fn found(message: &str) -> Vec<String> {
        let apart = take_apart(message.as_bytes());
        let header = &message.as_bytes()[..apart.recipe.header_octets as usize];
        names_and_inner_headers(&apart.recipe, header)
    }

    #[test]
    fn names_are_found_wherever_they_are_written() {
        let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; name=\"=?utf-8?q?a=C3=BC?=\"\r\n\
             \r\none\r\n--b\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''%C3%BC; filename*1=b.pdf\r\n\r\ntwo\r\n--b--\r\n";
        assert_eq!(found(message), ["aü", "üb.pdf"]);
        assert_eq!(found("Content-Disposition: attachment; filename=x.txt\r\n\r\nx"), ["x.txt"]);
        assert_eq!(found("Subject: name\r\n\r\nx"), [""; 0]);
    }

    #[test]
    fn messages_in_a_message_have_headers_too() {
        let message = "Subject: outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?inn=C3=A9r?=\r\n\r\ntext\r\n";
        assert_eq!(found(message), ["Subject: innér"]);
    }
}
