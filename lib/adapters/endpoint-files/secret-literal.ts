/**
 * Texts that look like a key or a token, which belong in a reference and not in a file.
 *
 * Two sieves: formats that are a secret wherever they stand (an AWS access key, a JWT), and, where
 * credentials belong (an Authorization header, a password), anything that looks generated.
 *
 * Holds: the answer names the kind of secret and never contains any of it.
 * Fails: never (pure). It is a sieve, not a proof: it misses short and human-made passwords.
 * Source: the formats as their issuers document them, November 2026; entropy after Shannon.
 */

/** Each is linear on any input: no nested repeats. */
const FORMATS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["a private key (PEM)", /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----/u],
  ["an AWS access key id", /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b/u],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/u],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{16,}/u],
  ["an API key (sk-…)", /\bsk-(?:[a-z0-9]{1,10}-){0,3}[A-Za-z0-9_]{16,}/u],
  ["a payment key", /\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}/u],
  ["a Slack token", /\bxox[a-z]-[A-Za-z0-9-]{10,}/u],
  ["a Google API key", /\bAIza[A-Za-z0-9_-]{35}/u],
  ["an npm token", /\bnpm_[A-Za-z0-9]{30,}/u],
  ["a JSON Web Token", /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/u],
  ["a bearer token", /\bBearer\s{1,5}[A-Za-z0-9._~+/=-]{16,}/iu],
];

/** The kind of secret that the text looks like, wherever it stands. */
export function secretLiteral(text: string): string | undefined {
  return FORMATS.find(([, pattern]) => pattern.test(text))?.[0];
}

/** The same where credentials belong, so that a generated text is suspicious as well. */
export function credentialLiteral(text: string): string | undefined {
  const known = secretLiteral(text);
  if (known !== undefined) return known;
  const basic = /^Basic\s+([A-Za-z0-9+/=_-]+)$/iu.exec(text.trim())?.[1];
  if (basic !== undefined) return basicLiteral(basic);
  return text.split(/[\s,;]+/u).some(looksGenerated) ? "a generated key or token" : undefined;
}

function basicLiteral(encoded: string): string | undefined {
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const password = decoded.slice(decoded.indexOf(":") + 1);
  return looksGenerated(password) || looksGenerated(encoded) ? "basic credentials" : undefined;
}

const GENERATED_LENGTH_MIN = 16;
const GENERATED_BITS_MIN = 3;

/** Long, without spaces, mixed, and spread over many characters. */
function looksGenerated(text: string): boolean {
  if (text.length < GENERATED_LENGTH_MIN || text.length > 4_096 || !/^[\x21-\x7e]+$/u.test(text))
    return false;
  const mixed = /[0-9]/u.test(text) && /[A-Za-z]/u.test(text);
  const cased = /[a-z]/u.test(text) && /[A-Z]/u.test(text);
  return (mixed || cased) && bitsPerCharacter(text) >= GENERATED_BITS_MIN;
}

function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const CREDENTIAL_NAME =
  /auth|token|secret|passw|pwd|api-?_?key|access-?_?key|credential|cookie|session|signature/iu;

/** Whether a header or query parameter of this name usually carries a credential. */
export function isCredentialName(name: string): boolean {
  return CREDENTIAL_NAME.test(name) || /^(?:key|sig|x-key)$/iu.test(name);
}
