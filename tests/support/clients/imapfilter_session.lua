-- A session of imapfilter with the server: PORT, LOGIN and PASSWORD in the environment. INBOX has "first" and "second".
options.timeout = 30
options.starttls = false
options.certificates = false
options.create = true
options.info = false
local port, login, password = os.getenv("PORT"), os.getenv("LOGIN"), os.getenv("PASSWORD")
local account = IMAP { server = "127.0.0.1", port = tonumber(port), username = login, password = password }
local inbox = account.INBOX
local mailboxes, folders = account:list_all()
assert(#mailboxes >= 6, #mailboxes)
local exist, recent, unseen = inbox:check_status()
assert(exist >= 2 and unseen >= 2)
local first = inbox:contain_subject("first") * inbox:contain_from("zoe")
assert(#first == 1, #first)
assert(#inbox:select_all() == exist)
for _, found in ipairs(inbox:select_all()) do
    local mailbox, uid = table.unpack(found)
    assert(mailbox[uid]:fetch_message() and mailbox[uid]:fetch_structure() and mailbox[uid]:fetch_date(), uid)
end
local message = first[1]
assert(inbox[message[2]]:fetch_body():find("The first.", 1, true))
assert(#(inbox:is_unseen() * inbox:is_newer(3) * inbox:is_larger(10)) >= 1)
first:mark_flagged()
first:add_flags({ "$Work" })
assert(#inbox:is_flagged() == 1 and #inbox:has_keyword("$Work") == 1)
account:create_mailbox("Räume & 50%")
account:subscribe_mailbox("Räume & 50%")
first:copy_messages(account["Räume & 50%"])
first:move_messages(account["Räume & 50%"])
assert(#account["Räume & 50%"]:select_all() == 2)
assert(#(inbox:contain_subject("first") * inbox:contain_from("zoe")) == 0)
account["Räume & 50%"]:is_flagged():move_messages(inbox)
account:rename_mailbox("Räume & 50%", "Halls")
account:delete_mailbox("Halls")
print("all well")
