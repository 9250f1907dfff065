// Preloaded where the stand-in is called: names below localhost are this machine, as browsers have it.
const dns = require("node:dns");
const { lookup } = dns;
const ours = (name) => name === "localhost" || String(name).endsWith(".localhost");
dns.lookup = (name, ...rest) => lookup(ours(name) ? "127.0.0.1" : name, ...rest);
