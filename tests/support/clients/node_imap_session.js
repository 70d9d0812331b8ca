// A session of node-imap with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail.
const assert = require("node:assert");
const Imap = require("imap");

const [port, login, password] = process.argv.slice(2);

function connect() {
    const client = new Imap({
        user: login, password, host: "127.0.0.1", port: Number(port), autotls: "always",
        tlsOptions: { rejectUnauthorized: false },
    });
    return new Promise((resolve, reject) => {
        client.once("ready", () => resolve(client));
        client.once("error", reject);
        client.connect();
    });
}

// A method that takes a callback, as a promise.
function call(client, method, ...rest) {
    return new Promise((resolve, reject) => {
        client[method](...rest, (error, value) => (error ? reject(error) : resolve(value)));
    });
}

function fetch(client, source, options) {
    return new Promise((resolve, reject) => {
        const messages = [];
        const fetching = client.fetch(source, options);
        fetching.on("message", (message) => {
            const got = { bodies: {} };
            messages.push(got);
            message.on("body", (stream, info) => {
                const chunks = [];
                stream.on("data", (chunk) => chunks.push(chunk));
                stream.once("end", () => (got.bodies[info.which] = Buffer.concat(chunks)));
            });
            message.once("attributes", (attributes) => (got.attributes = attributes));
        });
        fetching.once("error", reject);
        fetching.once("end", () => resolve(messages));
    });
}

async function session() {
    const client = await connect();
    const other = await connect();
    const box = await call(client, "openBox", "INBOX", false);
    const all = await call(client, "search", ["ALL"]);
    assert.equal(all.length, box.messages.total);
    const everything = { bodies: ["", "HEADER", "HEADER.FIELDS (SUBJECT FROM)"], struct: true, envelope: true, size: true };
    const messages = await fetch(client, all, everything);
    assert.equal(messages.length, all.length);
    for (const { bodies, attributes } of messages) {
        assert.equal(bodies[""].length, attributes.size, attributes.uid);
        assert.ok(attributes.struct && attributes.envelope && attributes.date, attributes.uid);
    }
    const found = await call(client, "search", ["UNSEEN", ["SUBJECT", "first"], ["FROM", "zoe"], ["SINCE", new Date(Date.now() - 86400000)]]);
    assert.equal(found.length, 1);
    const [first] = await fetch(client, found, { bodies: "TEXT" });
    assert.equal(String(first.bodies.TEXT), "The first.\r\n");
    await call(client, "addFlags", found, ["\\Flagged"]);
    await call(client, "addKeywords", found, ["$Work"]);
    const [flagged] = await fetch(client, found, {});
    assert.ok(flagged.attributes.flags.includes("\\Flagged") && flagged.attributes.flags.includes("$Work"));
    await call(client, "delFlags", found, ["\\Flagged"]);
    for (const name of ["Grüße", "a & b", 'say "hi"', "50%"]) {
        await call(client, "addBox", name);
        await call(client, "subscribeBox", name);
        assert.ok((await call(client, "getBoxes", ""))[name], name);
        assert.ok((await call(client, "getSubscribedBoxes", ""))[name], name);
        await call(client, "append", "Subject: appended\r\n\r\nx\r\n", { mailbox: name, flags: ["Seen"], date: new Date() });
        await call(client, "copy", found, name);
        assert.equal((await call(client, "status", name)).messages.total, 2);
        await call(client, "renameBox", name, `${name} 2`);
        await call(client, "unsubscribeBox", name);
        await call(client, "delBox", `${name} 2`);
    }
    await call(client, "addBox", "Node");
    await call(client, "move", found, "Node");
    await call(client, "openBox", "Node", false);
    await call(client, "move", "1:*", "INBOX");
    const opened = await call(client, "openBox", "INBOX", false);
    const pushed = new Promise((resolve) => client.once("mail", resolve));
    await call(other, "append", "Subject: pushed\r\n\r\nx\r\n", { mailbox: "INBOX" });
    assert.equal(await pushed, 1);
    await call(other, "openBox", "INBOX", false);
    const changed = new Promise((resolve) => client.once("update", (seqno, info) => resolve([seqno, info])));
    const [lowest] = await call(other, "search", ["ALL"]);
    await call(other, "addFlags", lowest, ["Answered"]);
    const [seqno, info] = await changed;
    assert.ok(seqno === 1 && info.flags.includes("\\Answered"));
    const gone = new Promise((resolve) => client.once("expunge", resolve));
    const [last] = await call(other, "search", [["SUBJECT", "pushed"]]);
    await call(other, "addFlags", last, ["Deleted"]);
    await call(other, "expunge", last);
    assert.equal(await gone, opened.messages.total + 1);
    const threads = await call(client, "thread", "REFERENCES", ["ALL"]);
    assert.ok(threads.length > 0);
    const sorted = await call(client, "sort", ["-ARRIVAL"], ["ALL"]);
    assert.ok(sorted.length === opened.messages.total);
    await call(client, "closeBox", true);
    await call(client, "delBox", "Node");
    other.end();
    client.end();
    console.log("all well");
}

session().catch((error) => {
    console.log(error);
    process.exit(1);
});
