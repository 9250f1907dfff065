/**
 * A template's properties as AWS would have them once deployed: references replaced by what they
 * refer to.
 *
 * In:    any value of a template, the deployed resources     Out: the same, without intrinsics
 * Fails: throws for an intrinsic or a resource that it doesn't know; none is guessed.
 */
import * as z from "zod";

export interface DeployedNames {
  /** By logical id: what Ref gives. */
  readonly references: ReadonlyMap<string, string>;
  /** By logical id, then attribute: what Fn::GetAtt gives. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

const ref = z.strictObject({ Ref: z.string() });
const getAtt = z.strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) });
const join = z.strictObject({ "Fn::Join": z.tuple([z.string(), z.array(z.unknown())]) });
const sub = z.strictObject({ "Fn::Sub": z.string() });
const record = z.record(z.string(), z.unknown());

export function resolved(value: unknown, names: DeployedNames): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => resolved(item, names));
  const object = record.safeParse(value);
  if (!object.success) return value;
  const found = intrinsic(object.data, names);
  if (found !== undefined) return found;
  return Object.fromEntries(
    Object.entries(object.data).map(([key, each]) => [key, resolved(each, names)]),
  );
}

function intrinsic(
  object: Readonly<Record<string, unknown>>,
  names: DeployedNames,
): string | undefined {
  const reference = ref.safeParse(object);
  if (reference.success) return referred(reference.data.Ref, names);
  const attribute = getAtt.safeParse(object);
  if (attribute.success) {
    const [id, name] = attribute.data["Fn::GetAtt"];
    return known(names.attributes.get(id)?.get(name), `${id}.${name}`);
  }
  const joined = join.safeParse(object);
  if (joined.success) {
    const [separator, parts] = joined.data["Fn::Join"];
    return parts.map((part) => String(resolved(part, names))).join(separator);
  }
  const substituted = sub.safeParse(object);
  if (substituted.success) {
    return substituted.data["Fn::Sub"].replaceAll(/\$\{([^}]+)\}/gu, (_, name: string) =>
      referred(name, names),
    );
  }
  const [key] = Object.keys(object);
  if (key?.startsWith("Fn::") === true) throw new Error(`${key} is not known here`);
  return undefined;
}

function referred(name: string, names: DeployedNames): string {
  return known(names.references.get(name), name);
}

function known(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`nothing that is deployed is called ${name}`);
  return value;
}
