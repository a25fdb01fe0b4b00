// Broadcasting with the npm package `ws`, to measure beside ours; the conversation is that of loadtests/broadcast.py.
"use strict";
const readline = require("node:readline");
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: 4096, perMessageDeflate: false });
let greeting = null;

server.on("connection", (client) => client.send(greeting));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  if (greeting !== null) {
    for (const client of server.clients) client.send(line);
    return;
  }
  greeting = line;
  console.log(server.address().port);
}).on("close", () => process.exit(0));
