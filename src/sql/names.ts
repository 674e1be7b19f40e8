import type { SqlNode } from "./parser.ts";

/** `schema.name`; parts with a dot or a quote in them are quoted. `pg_catalog.` is left out: it is where names are looked up first. */
export function qualifiedName(parts: readonly string[]): string {
  const own = parts.at(-2) === "pg_catalog" ? parts.slice(-1) : parts;
  return own.length === 1 ? quoted(own[0]!) : own.map(quoted).join(".");
}

function quoted(part: string): string {
  return part.includes(".") || part.includes('"') ? `"${part.replaceAll('"', '""')}"` : part;
}

/** The name of a table as it is referred to. */
export function tableName({ catalogname, schemaname, relname }: SqlNode): string {
  return qualifiedName([catalogname, schemaname, relname].filter((part) => typeof part === "string"));
}

/** The texts of a list of `String` nodes. */
export function textsOf(list: unknown): string[] {
  const texts: string[] = [];
  if (!Array.isArray(list)) return texts;
  for (const item of list as readonly SqlNode[]) {
    const text = (item.String as SqlNode | undefined)?.sval;
    if (typeof text === "string") texts.push(text);
  }
  return texts;
}

/** The names in an object's address, as `DROP` and `COMMENT` have it. */
export function addressOf(object: SqlNode): string[] {
  const list = object.List as SqlNode | undefined;
  return list === undefined ? textsOf([object]) : textsOf(list.items);
}
