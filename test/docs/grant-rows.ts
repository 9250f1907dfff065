/** Every permission as a row of the table in docs/security.md. */
import { functionGrants, scheduleGrants, type Grant } from "../../infra/grants.ts";

export function grantRows(): readonly string[] {
  return [
    ...Object.entries(functionGrants).flatMap(([name, grants]) =>
      grants.map((grant) => row(`\`${name}\``, grant)),
    ),
    ...scheduleGrants.map((grant) => row("the scheduler", grant)),
  ];
}

function row(who: string, { actions, on, by, reason }: Grant): string {
  const shown = actions.map((action) => `\`${action}\``).join(", ");
  const target = on.replaceAll("-", " ");
  return `| ${who} | ${shown} | ${target} | ${by === "adapter" ? "our code" : "a service"} | ${reason} |`;
}
