import type { Field } from "./field.ts";
import { entryOf, type OptionTable, optionTableOf } from "./option-table.ts";
import { type ParsedOptions, parseOptions } from "./parse-options.ts";
import { WRAPPERS, type Wrapper } from "./wrappers.ts";

export interface Arguments extends ParsedOptions {
  /** The program as the tables know it. */
  readonly kind: string;
  /** The longest chain of program and subcommands that the tables know: `docker compose exec`. */
  readonly key: string;
  readonly wrapper: Wrapper | undefined;
}

/** Reads the words behind a program by what is known of its options and subcommands. */
export function readArguments(kind: string, fields: readonly Field[]): Arguments {
  if (!SUBCOMMANDS.has(kind)) return readLast(kind, kind, fields, EMPTY, optionTableOf(kind));
  let key = kind;
  let table = optionTableOf(kind);
  let parsed = EMPTY;
  let rest = fields;
  for (let level = 0; SUBCOMMANDS.has(key) && level < LEVELS_MAX; level += 1) {
    const head = parseOptions(rest, table, 1, true);
    parsed = parsed === EMPTY ? head : join(parsed, head);
    rest = head.rest;
    const subcommand = head.operands[0];
    if (subcommand === undefined || subcommand.dynamic) break;
    key = `${key} ${subcommand.text}`;
    table = merge(table, optionTableOf(key));
  }
  return readLast(kind, key, rest, parsed, table);
}

function readLast(
  kind: string,
  key: string,
  fields: readonly Field[],
  before: ParsedOptions,
  table: OptionTable | undefined,
): Arguments {
  const own = entryOf(WRAPPERS, key);
  const wrapper = own ?? (key === kind ? undefined : wrapperOfParent(kind));
  const operandsMax = own === undefined || own.runs === "nothing" ? undefined : (own.operands ?? 0);
  const last = parseOptions(fields, table, operandsMax);
  const { flags, options, values, operands, rest, hasUnknown } = before === EMPTY ? last : join(before, last);
  return { kind, key, wrapper, flags, options, values, operands, rest, hasUnknown };
}

/** `git -c x=y anything` is what `git` runs, whatever the subcommand. */
function wrapperOfParent(kind: string): Wrapper | undefined {
  const wrapper = entryOf(WRAPPERS, kind);
  return wrapper?.runs === "nothing" ? wrapper : undefined;
}

const EMPTY: ParsedOptions = { flags: [], options: {}, values: [], operands: [], rest: [], hasUnknown: false };

function join(first: ParsedOptions, second: ParsedOptions): ParsedOptions {
  return {
    flags: [...new Set([...first.flags, ...second.flags])],
    options: { ...first.options, ...second.options },
    values: [...first.values, ...second.values],
    operands: [...first.operands, ...second.operands],
    rest: second.rest,
    hasUnknown: first.hasUnknown || second.hasUnknown,
  };
}

function merge(outer: OptionTable | undefined, inner: OptionTable | undefined): OptionTable | undefined {
  if (outer === undefined || inner === undefined) return inner ?? outer;
  return {
    byName: new Map([...outer.byName, ...inner.byName]),
    longNames: [...new Set([...inner.longNames, ...outer.longNames])],
  };
}

/** Programs whose first operand says what the others are. */
const SUBCOMMANDS: ReadonlySet<string> = new Set([
  "git",
  "git bisect",
  "git submodule",
  "docker",
  "docker compose",
  "docker container",
  "kubectl",
  "ip",
  "ip netns",
  "ip vrf",
  "npm",
  "pnpm",
  "yarn",
  "pipx",
  "uv",
  "poetry",
  "pipenv",
  "bundle",
  "conda",
  "rbenv",
  "pyenv",
  "direnv",
  "mise",
  "op",
  "doppler",
  "aws-vault",
  "perf",
  "lxc",
  "machinectl",
  "vagrant",
  "gcloud",
  "gcloud compute",
]);

const LEVELS_MAX = 3;
