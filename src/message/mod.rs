//! One mail: parsed leniently, repaired in what is derived from it, taken apart and rebuilt to the byte.
//!
//! What is kept is never changed: [`canonical()`] makes the line ends and octets such that IMAP can carry them, and
//! from then on [`take_apart`] and [`Recipe`] promise to give back every byte. All rules about broken mail are rules
//! about [`Derived`] data.

pub mod address;
mod anonymise;
pub mod apart;
pub mod canonical;
pub mod charset;
pub mod content;
pub mod date;
pub mod derived;
pub mod envelope;
pub mod header;
mod list;
pub mod pack;
pub mod parse;
mod print;
pub mod quoted_printable;
pub mod recipe;
mod recipe_bytes;
pub mod repair;
pub mod section;
pub mod shape;
pub mod short_envelope;
pub mod structure;
pub mod structure_part;
pub mod subject;
pub mod text;
pub mod text_parts;
pub mod transfer;

pub use address::group_names;
pub use anonymise::anonymise;
pub use apart::{Body, TakenApart, has_digest, take_apart};
pub use canonical::{Canonical, Changes, canonical, canonical_binary};
pub use derived::{AddressField, AddressUse, Derived, PartInfo};
pub use parse::PartKind;
pub use recipe::{BodyRef, Need, Part, Piece, Place, Recipe, Segment, Source, rebuild};
pub use recipe_bytes::RecipeError;
pub use section::{Section, SectionBytes, SectionText, select_fields};
pub use structure::body_from_bodystructure;
pub use subject::base_subject;
pub use text::{decode_header_value, is_text, search_texts};
pub use text_parts::{PartTexts, part_texts};
pub use transfer::Encoding;
