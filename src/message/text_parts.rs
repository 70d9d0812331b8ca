//! Which text a search finds in a message beside its own header and the text of its parts: the names of what is attached,
//! what the headers of the messages in it say, and those of its parts.

use super::content::{self, parameter, parametrized};
use super::header::{self, unfold};
use super::parse::PartKind;
use super::recipe::{Piece, Recipe};
use super::text::decode_header_value;

/// See [`part_texts`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PartTexts {
    /// The names of the parts, and the header fields of the messages that are parts: to a person they are content.
    pub bodies: Vec<String>,
    /// The other header fields of the parts, name and value; and values as RFC 2231 has them, of the message itself too.
    pub fields: Vec<(String, String)>,
}

/// What the headers of the parts say. `message_header` is that of the message, and `pieces` is what was read of bodies
/// of which [`Recipe::needs`] says that the headers are in them.
pub fn part_texts(recipe: &Recipe, message_header: &[u8], pieces: &[Piece<'_>]) -> PartTexts {
    let mut texts = PartTexts::default();
    for (index, part) in recipe.parts.iter().enumerate() {
        let inner = part.parent.is_some_and(|parent| recipe.parts[parent].kind == PartKind::Message);
        let rebuilt;
        let part_header = match index {
            0 => message_header,
            _ => {
                rebuilt = recipe.rebuild_range(message_header, part.header.clone(), pieces);
                &rebuilt[..]
            }
        };
        for field in header::fields(part_header) {
            let name = String::from_utf8_lossy(field.name);
            if inner {
                texts.bodies.push(format!("{name}: {}", decode_header_value(field.value)));
            } else if index > 0 {
                texts.fields.push((name.to_string(), decode_header_value(field.value)));
            }
            let decoded = extended_values(&field).into_iter();
            texts.fields.extend(decoded.map(|value| (name.to_string(), value)));
        }
        texts.bodies.extend(names(part_header));
    }
    texts
}

/// The values of parameters that are written in pieces or with a charset (RFC 2231).
fn extended_values(field: &header::Field<'_>) -> Vec<String> {
    let is_mime = field.name.len() > 8 && field.name[..8].eq_ignore_ascii_case(b"Content-");
    match is_mime && field.value.contains(&b'*') {
        true => content::extended_values(&parametrized(&unfold(field.value)).parameters),
        false => Vec::new(),
    }
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

    fn found(message: &str) -> PartTexts {
        let apart = take_apart(message.as_bytes());
        let header = &message.as_bytes()[..apart.recipe.header_octets as usize];
        part_texts(&apart.recipe, header, &[])
    }

    fn field(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn names_are_found_wherever_they_are_written() {
        let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; name=\"=?utf-8?q?a=C3=BC?=\"\r\n\
             \r\none\r\n--b\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''%C3%BC; filename*1=b.pdf\r\n\r\ntwo\r\n--b--\r\n";
        assert_eq!(found(message).bodies, ["aü", "üb.pdf"]);
        assert_eq!(found("Content-Disposition: attachment; filename=x.txt\r\n\r\nx").bodies, ["x.txt"]);
        assert_eq!(found("Subject: name\r\n\r\nx"), PartTexts::default());
    }

    #[test]
    fn messages_in_a_message_have_headers_too() {
        let message = "Subject: outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?inn=C3=A9r?=\r\n\r\ntext\r\n";
        let PartTexts { bodies, fields } = found(message);
        assert_eq!(bodies, ["Subject: innér"]);
        assert_eq!(fields, []);
    }

    #[test]
    fn fields_of_parts_are_decoded_and_those_of_the_message_are_not_repeated() {
        let message = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=b; title*=utf-8'en'%C3%BCber\r\n\r\n--b\r\n\
             Content-Description: =?utf-8?q?Gr=C3=BC?=\r\n =?utf-8?q?=C3=9Fe?=\r\nContent-ID: <one@example.org>\r\n\
             Content-Type: text/plain; x*0=\"in \"; x*1*=pie%63es\r\n\r\none\r\n--b--\r\n";
        let expected = [
            field("Content-Type", "über"),
            field("Content-Description", "Grüße"),
            field("Content-ID", "<one@example.org>"),
            field("Content-Type", "text/plain; x*0=\"in \"; x*1*=pie%63es"),
            field("Content-Type", "in pieces"),
        ];
        assert_eq!(found(message).fields, expected);
    }
}
