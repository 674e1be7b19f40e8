import { z } from "zod";

const texts = z.array(z.string());

const allowlistFields = {
  description: z.string().optional(),
  condition: z
    .string()
    .optional()
    .transform((text) => CONDITIONS.get((text ?? "OR").toUpperCase()))
    .pipe(z.enum(["AND", "OR"], "expected AND or OR")),
  commits: texts.optional(),
  paths: texts.optional(),
  regexTarget: z.enum(["match", "line", "secret", ""], "expected match, line or secret").optional(),
  regexes: texts.optional(),
  stopwords: texts.optional(),
};
const CONDITIONS: ReadonlyMap<string, "AND" | "OR"> = new Map([
  ["", "OR"],
  ["OR", "OR"],
  ["||", "OR"],
  ["AND", "AND"],
  ["&&", "AND"],
]);

const ruleAllowlist = z.strictObject(allowlistFields);
const globalAllowlist = z.strictObject({ ...allowlistFields, targetRules: texts.optional() });

/** Bits a character. A text of 256 different ones has 8. */
const ENTROPY_MAX = 8;

const rule = z.strictObject({
  id: z.string().trim().min(1, "expected a name"),
  description: z.string().optional(),
  regex: z.string().optional(),
  path: z.string().optional(),
  secretGroup: z.int().min(0).optional(),
  entropy: z.number().min(0).max(ENTROPY_MAX).optional(),
  keywords: texts.optional(),
  tags: texts.optional(),
  allowlist: ruleAllowlist.optional(),
  allowlists: z.array(ruleAllowlist).optional(),
  required: z.array(z.looseObject({ id: z.string() })).optional(),
  skipReport: z.boolean().optional(),
});

/** A configuration of gitleaks 8. Fields have any case there: `withKnownSpelling` comes first. */
export const configSchema = z.strictObject({
  title: z.string().optional(),
  description: z.string().optional(),
  minVersion: z.string().optional(),
  rules: z.array(rule),
  allowlist: globalAllowlist.optional(),
  allowlists: z.array(globalAllowlist).optional(),
});

export type RawConfig = z.output<typeof configSchema>;
export type RawRule = z.output<typeof rule>;
export type RawAllowlist = z.output<typeof globalAllowlist>;

const FIELDS = [configSchema, rule, globalAllowlist].flatMap((schema) => Object.keys(schema.shape));
const SPELLING: ReadonlyMap<string, string> = new Map(FIELDS.map((name) => [name.toLowerCase(), name]));

/**
 * The same tree with the names of fields as the schema spells them.
 * @throws Error for a field that is there twice, in two spellings
 */
export function withKnownSpelling(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withKnownSpelling);
  if (typeof tree !== "object" || tree === null) return tree;
  const fields = new Map<string, unknown>();
  for (const [name, value] of Object.entries(tree)) {
    const known = SPELLING.get(name.toLowerCase()) ?? name;
    if (fields.has(known)) throw new Error(`the field \`${known}\` is there twice, in two spellings`);
    fields.set(known, withKnownSpelling(value));
  }
  return Object.fromEntries(fields);
}
