//! Conversations, as a client would have them.
