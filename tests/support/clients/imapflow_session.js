// A session of imapflow with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail.
const assert = require("node:assert");
const { ImapFlow } = require("imapflow");

const [port, login, password] = process.argv.slice(2);
const ODD = ["Grüße & Küsse", "日本語/子", 'with "quotes"', "100% sure", "back\\slash", "[x] (y) {3}"];

async function connect(options) {
    const client = new ImapFlow({
        host: "127.0.0.1", port: Number(port), secure: false, tls: { rejectUnauthorized: false },
        auth: { user: login, pass: password }, logger: false, ...options,
    });
    await client.connect();
    return client;
}

async function text(client, uid) {
    const { content } = await client.download(String(uid), "1", { uid: true });
    const chunks = [];
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
}

async function mailboxes(client) {
    for (const name of ODD) {
        assert.ok((await client.mailboxCreate(name)).created, name);
        await client.mailboxSubscribe(name);
    }
    const listed = await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true } });
    for (const name of ODD) assert.ok(listed.some((box) => box.path === name && box.subscribed), name);
    assert.ok(listed.some((box) => box.specialUse === "\\Sent"));
    for (const name of ODD) {
        const added = await client.append(name, "Subject: here\r\n\r\nx\r\n", ["\\Seen", "$Label"], new Date());
        assert.ok(added.uid, name);
        assert.equal((await client.status(name, { messages: true })).messages, 1);
        await client.mailboxRename(name, name + "2");
        await client.mailboxUnsubscribe(name);
        await client.mailboxDelete(name + "2");
    }
    await client.mailboxDelete("日本語");
}

async function reading(client) {
    const all = await client.search({ all: true }, { uid: true });
    assert.equal(all.length, client.mailbox.exists);
    let read = 0;
    const query = {
        uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true,
        source: true, headers: true, threadId: true, labels: true,
    };
    for await (const message of client.fetch("1:*", query)) {
        read += 1;
        assert.equal(message.source.length, message.size, message.uid);
        assert.ok(message.envelope && message.bodyStructure && message.internalDate, message.uid);
    }
    assert.equal(read, all.length);
    const [first] = await client.search({ subject: "first", from: "zoe" }, { uid: true });
    assert.equal(await text(client, first), "The first.\r\n");
    assert.ok(await client.search({ or: [{ subject: "Grüße" }, { body: "The second" }], seen: false }, { uid: true }));
    return first;
}

async function changing(client, first) {
    await client.messageFlagsAdd(String(first), ["\\Flagged", "$Work"], { uid: true });
    const message = await client.fetchOne(String(first), { flags: true }, { uid: true });
    assert.ok(message.flags.has("\\Flagged") && message.flags.has("$Work"));
    await client.messageFlagsRemove(String(first), ["$Work"], { uid: true });
    await client.messageFlagsSet(String(first), ["\\Seen"], { uid: true });
    await client.mailboxCreate("Flow");
    const copied = await client.messageCopy(String(first), "Flow", { uid: true });
    assert.equal(copied.uidMap.size, 1);
    const moved = await client.messageMove(String(first), "Flow", { uid: true });
    assert.equal(moved.uidMap.size, 1);
    await client.mailboxOpen("Flow");
    assert.equal(client.mailbox.exists, 2);
    await client.messageMove("2", "INBOX");
    await client.messageDelete("1:*");
    await client.mailboxClose();
    await client.mailboxDelete("Flow");
}

async function pushed(client, other) {
    await client.mailboxOpen("INBOX");
    const before = client.mailbox.exists;
    const heard = new Promise((resolve) => client.once("exists", resolve));
    const idle = client.idle();
    await other.append("INBOX", "Subject: pushed\r\n\r\nx\r\n");
    const { count } = await heard;
    assert.equal(count, before + 1);
    const flagged = new Promise((resolve) => client.once("flags", resolve));
    await other.mailboxOpen("INBOX");
    await other.messageFlagsAdd("1", ["\\Answered"]);
    assert.ok((await flagged).flags.has("\\Answered"));
    const gone = new Promise((resolve) => client.once("expunge", resolve));
    await other.messageDelete("*");
    assert.ok((await gone).path === "INBOX");
    await client.noop();
    await idle;
}

async function resync(client, other) {
    await client.mailboxOpen("INBOX");
    const { highestModseq } = client.mailbox;
    await other.messageFlagsAdd("1", ["$Later"]);
    // What is news to this client may come beside what it asks for.
    const changed = new Set();
    for await (const message of client.fetch("1:*", { flags: true }, { changedSince: highestModseq })) {
        changed.add(message.seq);
    }
    assert.deepEqual([...changed], [1]);
}

async function session() {
    const client = await connect({ qresync: true });
    assert.ok(client.secureConnection && client.enabled.has("QRESYNC"));
    await mailboxes(client);
    await client.mailboxOpen("INBOX");
    await changing(client, await reading(client));
    const other = await connect({ disableAutoIdle: true });
    await pushed(client, other);
    await resync(client, other);
    await client.getQuota("INBOX");
    await other.logout();
    await client.logout();
    console.log("all well");
}

session().catch((error) => {
    console.log(error);
    process.exit(1);
});
