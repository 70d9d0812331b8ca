-- The text index knows deleted mail, too, as long as it may come back: it goes through all mailboxes once more, and passes
-- over what is in a block already.

delete from aox.text_mailboxes;
