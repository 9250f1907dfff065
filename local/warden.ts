/**
 * Ends function processes when their supervisor is killed.
 *
 * A runtime ends by itself when its channel closes, but a frozen one can't notice. So a shell of a
 * few hundred kilobytes is told of each process, waits for the end of its input, which comes when
 * the supervisor is gone in whatever way, and kills the groups that are left.
 *
 * Holds: when the supervisor has ended, no function process of it is left.
 */
import { spawn, type ChildProcess } from "node:child_process";

const WATCH = `
groups=" "
while read -r change group; do
  case "$change" in
    add) groups="$groups$group " ;;
    drop) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
    done) groups=" " ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
exit 0
`;

export interface Warden {
  readonly pid: number;
  add(pid: number): void;
  drop(pid: number): void;
  /** Nothing is left to kill: it ends. */
  stop(): void;
}

export function startWarden(): Warden {
  const groups = new Set<number>();
  let isStopped = false;
  let child = start();

  function start(): ChildProcess {
    const made = spawn("/bin/sh", ["-c", WATCH, "lamplighter-warden"], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    made.unref();
    // A write to one that has just been killed: its successor is told of everything.
    made.stdin.on("error", () => undefined);
    made.on("error", () => undefined);
    made.once("exit", () => {
      if (isStopped) return;
      child = start();
      for (const group of groups) write(`add ${group}`);
    });
    return made;
  }

  function write(line: string): void {
    child.stdin?.write(`${line}\n`);
  }

  return {
    get pid() {
      return child.pid ?? 0;
    },
    add(pid) {
      groups.add(pid);
      write(`add ${pid}`);
    },
    drop(pid) {
      if (groups.delete(pid)) write(`drop ${pid}`);
    },
    stop() {
      isStopped = true;
      write("done");
      child.stdin?.end();
    },
  };
}
