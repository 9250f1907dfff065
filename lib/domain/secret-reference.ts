/**
 * What stands behind `$ref`: where a secret is kept and what it is called there.
 *
 *     env:LAMPLIGHTER_SECRET_NAME     a variable in the environment of whoever captures
 *     ssm:/path/name                  a parameter of Systems Manager, decrypted
 *     secretsmanager:name#key         a secret of Secrets Manager (a name or an ARN); with a key the
 *                                     text under it in the secret's JSON object
 *
 * In:    the reference as text                        Out: its parts, or what was expected
 * Holds: only variables whose names begin with SECRET_PREFIX: an environment also holds the keys of
 *        its role. What may be read of the other two is the role's grant.
 * Fails: never (pure).
 * Source: "Parameter names", AWS Systems Manager User Guide; "CreateSecret", Secrets Manager API
 *         reference (both read 2026-11).
 */

export const SECRET_PREFIX = "LAMPLIGHTER_SECRET_";

export type SecretReference =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "ssm"; readonly name: string }
  | { readonly kind: "secretsmanager"; readonly id: string; readonly key?: string };

export interface RefusedReference {
  readonly kind: "refused";
  readonly expected: string;
}

const ENV_EXPECTED = `env:${SECRET_PREFIX}NAME`;
export const SECRET_EXPECTED = `${ENV_EXPECTED}, ssm:/path/name or secretsmanager:name#key`;

const LEVELS_MAX = 15;
const NAME_CHARS_MAX = 1_011;
/** One word, or a path that begins with a slash and does not end with one. */
const PARAMETER = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*|(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+)$/u;
const SECRET_NAME = /^[A-Za-z0-9/_+=.@-]{1,512}$/u;
const SECRET_ARN =
  /^arn:[a-z0-9-]{1,20}:secretsmanager:[a-z0-9-]{1,30}:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,520}$/u;
const KEY = /^[^\p{Cc}]{1,256}$/u;

export function parseSecretReference(text: string): SecretReference | RefusedReference {
  const colon = text.indexOf(":");
  const name = text.slice(colon + 1);
  switch (text.slice(0, Math.max(0, colon))) {
    case "env":
      return parseVariable(name);
    case "ssm":
      return parseParameter(name);
    case "secretsmanager":
      return parseSecret(name);
    default:
      return refused(SECRET_EXPECTED);
  }
}

function parseVariable(name: string): SecretReference | RefusedReference {
  if (!name.startsWith(SECRET_PREFIX)) {
    const why =
      "other names are refused, since a function's environment also holds the keys of its role";
    return refused(`${ENV_EXPECTED}: ${why}`);
  }
  if (/^[A-Z0-9_]{1,120}$/u.test(name.slice(SECRET_PREFIX.length))) return { kind: "env", name };
  return refused(`${ENV_EXPECTED}, in capitals, digits and underscores`);
}

function parseParameter(name: string): SecretReference | RefusedReference {
  const levels = name.split("/").length - 1;
  if (PARAMETER.test(name) && name.length <= NAME_CHARS_MAX && levels <= LEVELS_MAX)
    return { kind: "ssm", name };
  return refused(
    `ssm:/path/name: letters, digits and . _ -; a path begins with a slash and has at most ${LEVELS_MAX} levels`,
  );
}

function parseSecret(name: string): SecretReference | RefusedReference {
  const mark = name.indexOf("#");
  const id = mark < 0 ? name : name.slice(0, mark);
  const key = mark < 0 ? undefined : name.slice(mark + 1);
  if (!SECRET_NAME.test(id) && !SECRET_ARN.test(id))
    return refused("secretsmanager:name, or the secret's ARN: letters, digits and / _ + = . @ -");
  if (key === undefined) return { kind: "secretsmanager", id };
  if (KEY.test(key)) return { kind: "secretsmanager", id, key };
  return refused("secretsmanager:name#key: after # the name of a key in the secret's JSON object");
}

function refused(expected: string): RefusedReference {
  return { kind: "refused", expected };
}
