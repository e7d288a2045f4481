// The npm package `pubsubhubbub`, as a subscriber; a line of JSON in, a line of JSON out. First comes the port.
//
// No secret: release 1.0.2 sends one to the hub and verifies with another.
"use strict";
const { createRequire } = require("node:module");
const load = createRequire(`${process.env.NODE_HOME}/`);
const pubsubhubbub = load("pubsubhubbub");

const events = [];
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const client = pubsubhubbub.createServer({});
for (const mode of ["subscribe", "unsubscribe", "denied"])
  client.on(mode, (said) => events.push([mode, said.topic, String(said.error || "")]));
client.on("feed", (said) => events.push(["content", said.topic, "", said.feed.toString()]));
client.on("listen", () => {
  client.callbackUrl = `http://127.0.0.1:${client.server.address().port}/callback`;
  say(client.server.address().port);
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const [what, hub, topic] = JSON.parse(line);
    if (what === "events") say(events);
    else client[what](topic, hub, (error) => say(error ? { error: String(error) } : topic));
  });
});
client.listen(0, "127.0.0.1");
