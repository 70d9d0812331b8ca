//! One mail: parsed leniently, repaired in what is derived from it, taken apart and rebuilt to the byte.
