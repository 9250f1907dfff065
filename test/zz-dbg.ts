import { readFileSync } from "node:fs";
import { playScenario } from "#test/support/collector-chaos.ts";
import { targetHash } from "#domain/hash.ts"; import { slotOf } from "#domain/slot.ts";
const [file, idx, id, lo, hi] = process.argv.slice(2);
const ls = readFileSync(file??"","utf8").split("\n").filter(l=>l.trim().startsWith('{"seed'));
const s = JSON.parse(ls[Number(idx)]??"");
const p = await playScenario(s);
console.log(id, "slot", slotOf(targetHash(id??"").hash32, s.slotsLog2), JSON.stringify(p.known.filter(k=>k.id===id)));
console.log(p.starts.filter(x=>x.target===id).map(x=>new Date(x.at).toISOString().slice(14)+" "+x.owner).slice(0,6));
const slot = slotOf(targetHash(id??"").hash32, s.slotsLog2);
let last="";
for (const l of p.looks) { const t=new Date(l.at).toISOString().slice(14); if (t<(lo??"") || t>(hi??"99")) continue; const le=l.fleet.leases.map(x=>x.id+":"+(x.holder?.owner??"-")+" e"+x.epoch+" v"+x.version+" due "+new Date(x.nextDueAt).toISOString().slice(14)+" open "+x.open.map(o=>o.range.from/2**32*2**s.slotsLog2+"@"+new Date(o.cut).toISOString().slice(14)+"-"+new Date(o.until).toISOString().slice(14)).join(",")+" g"+x.giving.length+" r"+x.ranges.map(r=>r.from/2**32*2**s.slotsLog2+"-"+r.to/2**32*2**s.slotsLog2).join(",")).join(" | "); if (le!==last) console.log(t, le); last=le; }
