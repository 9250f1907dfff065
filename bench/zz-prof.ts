import { chunkWriter } from "#usecases/collect/chunk-writer.ts";
import { encodeChunk } from "#adapters/chunk-codec.ts";
import { setImmediate } from "node:timers/promises";
const lines=Array.from({length:10000},(_,i)=>({bucket:(i*37)%64,line:`{"t":"service-${i}.example.com/health","s":${i%64},"c":"every:60000","r":${1795000000000+i},"e":7,"a":${1795000000000+i*13},"d":${(i*7919%1000)/10},"ok":true,"v":{"status":"ok","version":"2.14.${i%3}"},"p":[null,null,null,${(i*104729%1000)/10},0.3]}\n`}));
const q=()=>undefined;
async function run(name:string,put:(p:readonly {bucket:number,lines:string}[])=>Promise<void>,N=2_000_000){
 const w=chunkWriter({store:{put:c=>put(c.parts)},clock:{now:()=>1 as never,after:()=>()=>undefined},log:{debug:q,info:q,warn:q,error:q},pool:"m",lease:"0001" as never,owner:"o" as never,epoch:()=>1,everyMs:1000,bytesMax:4*1024*1024,onSealed:q,onDurable:q,onFailed:q});
 for(let r=0;r<3;r++){
 const own=process.threadCpuUsage(),all=process.cpuUsage();
 for(let i=0;i<N;i++){const l=lines[i%10000]!;w.append(l.bucket,l.line);if(i%2000===0)await setImmediate();}
 await w.flush();
 const a=process.threadCpuUsage(own),b=process.cpuUsage(all);
 console.log(name,((a.user+a.system)/N).toFixed(3),"own",((b.user+b.system)/N).toFixed(3),"all us/line");}
}



await run("full",async(p)=>{await encodeChunk(p);});
