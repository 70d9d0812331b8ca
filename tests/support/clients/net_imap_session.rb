# A session of Ruby's net-imap with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail.
require "net/imap"
require "openssl"

port, login, password = ARGV
ODD = ["Grüße & Küsse", "日本語/子", 'with "quotes"', "100% sure", "back\\slash", "[x] (y)"].freeze

def check(held, what)
  raise "not so: #{what}" unless held
end

def connect(port, login, password)
  client = Net::IMAP.new("127.0.0.1", port: port.to_i)
  client.starttls({ verify_mode: OpenSSL::SSL::VERIFY_NONE, verify_hostname: false })
  client.authenticate("PLAIN", login, password)
  client
end

client = connect(port, login, password)
other = Net::IMAP.new("127.0.0.1", port: port.to_i)
other.login(login, password)
check(client.capability.map(&:upcase).include?("UIDPLUS"), "UIDPLUS")
ODD.each do |name|
  encoded = Net::IMAP.encode_utf7(name)
  client.create(encoded)
  client.subscribe(encoded)
  names = client.list("", "*").map { |box| Net::IMAP.decode_utf7(box.name) }
  check(names.include?(name), "#{name} in #{names}")
  check(client.lsub("", "*").any? { |box| Net::IMAP.decode_utf7(box.name) == name }, "subscribed #{name}")
  client.append(encoded, "Subject: here\r\n\r\nx\r\n", [:Seen, "$Label"], Time.now)
  check(client.status(encoded, %w[MESSAGES UNSEEN]) == { "MESSAGES" => 1, "UNSEEN" => 0 }, "status of #{name}")
  client.rename(encoded, "#{encoded}2")
  client.unsubscribe(encoded)
  client.delete("#{encoded}2")
end

client.select("INBOX")
all = client.uid_search(["ALL"])
check(all.length == client.responses["EXISTS"].last, "as many as EXISTS says")
all.each_slice(50) do |some|
  items = %w[UID FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER]]
  client.uid_fetch(some, items).each do |message|
    attributes = message.attr
    check(attributes["BODY[]"].bytesize == attributes["RFC822.SIZE"], "the size of #{attributes['UID']}")
    check(attributes["ENVELOPE"] && attributes["BODYSTRUCTURE"].media_type, "the structure of #{attributes['UID']}")
  end
end
first = client.uid_search(%w[SUBJECT first FROM zoe]).first
check(client.uid_fetch(first, "BODY.PEEK[TEXT]")[0].attr["BODY[TEXT]"] == "The first.\r\n", "the text")
check(client.uid_search(["SUBJECT", "Grüße".b], "UTF-8").is_a?(Array), "a search in UTF-8")
check(client.uid_sort(["REVERSE", "ARRIVAL"], ["ALL"], "UTF-8").length == all.length, "sorted")
check(client.uid_thread("REFERENCES", ["ALL"], "UTF-8").length.positive?, "threads")
client.uid_store(first, "+FLAGS", [:Flagged, "$Work"])
flags = client.uid_fetch(first, "FLAGS")[0].attr["FLAGS"]
check(flags.include?(:Flagged) && flags.include?("$Work"), flags)
client.create("Ruby")
client.uid_copy(first, "Ruby")
client.uid_move(first, "Ruby")
client.select("Ruby")
check(client.responses["EXISTS"].last == 2, "two in Ruby")
client.move(2, "INBOX")
client.store(1, "+FLAGS", [:Deleted])
check(client.expunge.last == 1, "expunged")
client.close
client.delete("Ruby")

client.select("INBOX")
heard = []
pusher = Thread.new do
  other.append("INBOX", "Subject: pushed\r\n\r\nx\r\n", [], Time.now)
end
client.idle(20) do |response|
  heard << response.name if response.is_a?(Net::IMAP::UntaggedResponse)
  client.idle_done if heard.include?("EXISTS")
end
pusher.join
check(heard.include?("EXISTS"), heard)
client.examine("INBOX")
client.getquotaroot("INBOX")
client.getacl("INBOX")
# NAMESPACE is left out: this parser wants a space between two of a kind, where RFC 2342 has none.
begin
  client.select("no such")
  raise "a mailbox that is not there was selected"
rescue Net::IMAP::NoResponseError
  client.noop
end
other.logout
client.logout
client.disconnect
puts "all well"
