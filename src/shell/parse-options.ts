import type { Field } from "./field.ts";
import type { Option, OptionTable } from "./option-table.ts";

export interface ParsedOptions {
  readonly flags: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  /** Every value with the first spelling of its option, in order. */
  readonly values: readonly { readonly name: string; readonly field: Field }[];
  readonly operands: readonly Field[];
  /** What follows the operands that were asked for. */
  readonly rest: readonly Field[];
  /** An option that the table does not have, so that what follows it may be its value. */
  readonly hasUnknown: boolean;
}

/**
 * Reads the words behind a program as getopt does: clusters, attached and separate values, long names cut short, `--`.
 *
 * @param table without one, `-abc` is the flags `-abc`, `-a`, `-b` and `-c`, since it may be either
 * @param operandsMax the first operand after this many belongs to what is run
 * @param endsAtOperand whether options behind the last operand do so too
 */
export function parseOptions(
  fields: readonly Field[],
  table: OptionTable | undefined,
  operandsMax = Number.POSITIVE_INFINITY,
  endsAtOperand = false,
): ParsedOptions {
  const reader = new OptionReader(fields, table);
  while (reader.index < fields.length) {
    if (endsAtOperand && reader.operands.length === operandsMax) break;
    const field = fields[reader.index] as Field;
    if (field.text === "--") {
      reader.index += 1;
      break;
    }
    if (isOption(field)) reader.readOption(field);
    else if (reader.operands.length < operandsMax) reader.takeOperand(field);
    else break;
  }
  while (reader.index < fields.length && reader.operands.length < operandsMax) {
    reader.takeOperand(fields[reader.index] as Field);
  }
  const { flags, options, values, operands, hasUnknown, index } = reader;
  return { flags: [...flags], options, values, operands, rest: fields.slice(index), hasUnknown };
}

function isOption({ text }: Field): boolean {
  return text.length > 1 && text.startsWith("-");
}

class OptionReader {
  readonly flags = new Set<string>();
  // Keys begin with a dash, so that none is `__proto__`.
  readonly options: Record<string, string> = {};
  readonly values: { name: string; field: Field }[] = [];
  readonly operands: Field[] = [];
  hasUnknown = false;
  index = 0;
  readonly #fields: readonly Field[];
  readonly #table: OptionTable | undefined;

  constructor(fields: readonly Field[], table: OptionTable | undefined) {
    this.#fields = fields;
    this.#table = table;
  }

  takeOperand(field: Field): void {
    this.operands.push(field);
    this.index += 1;
  }

  readOption(field: Field): void {
    this.index += 1;
    const { text } = field;
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    const option = this.#find(name);
    if (option !== undefined) this.#takeNamed(option, name, equals, field);
    else if (text.startsWith("--")) this.#takeUnknown(name, equals, field);
    else this.#takeCluster(field);
  }

  #find(name: string): Option | undefined {
    const exact = this.#table?.byName.get(name);
    if (exact !== undefined || this.#table === undefined || !name.startsWith("--")) return exact;
    const longer = this.#table.longNames.filter((long) => long.startsWith(name));
    const options = new Set(longer.map((long) => this.#table?.byName.get(long)));
    return options.size === 1 ? [...options][0] : undefined;
  }

  #takeNamed(option: Option, name: string, equals: number, field: Field): void {
    this.#flag(option);
    this.flags.add(name);
    if (equals !== -1) this.#value(option, { ...field, text: field.text.slice(equals + 1) });
    else if (option.value === "required") this.#nextValue(option);
  }

  #takeUnknown(name: string, equals: number, field: Field): void {
    this.hasUnknown = true;
    this.flags.add(name);
    if (equals === -1) return;
    this.#value({ names: [name], value: "optional" }, { ...field, text: field.text.slice(equals + 1) });
  }

  #takeCluster(field: Field): void {
    const { text } = field;
    if (this.#table === undefined) this.flags.add(text);
    for (let at = 1; at < text.length; at += 1) {
      const name = `-${text[at]}`;
      const option = this.#table?.byName.get(name);
      if (option === undefined) {
        // A whole word that no letter explains is a long option with one dash.
        if (this.#table !== undefined && at === 1 && text.length > 2) this.flags.add(text);
        if (!/^-\d+$/.test(text)) this.hasUnknown = true;
        this.flags.add(name);
        continue;
      }
      this.#flag(option);
      if (option.value === "none") continue;
      if (at + 1 < text.length) this.#value(option, { ...field, text: text.slice(at + 1) });
      else if (option.value === "required") this.#nextValue(option);
      return;
    }
  }

  #nextValue(option: Option): void {
    const next = this.#fields[this.index];
    if (next === undefined) return;
    this.index += 1;
    this.#value(option, next);
  }

  #flag({ names }: Option): void {
    for (const name of names) this.flags.add(name);
  }

  #value({ names }: Option, field: Field): void {
    for (const name of names) this.options[name] = field.text;
    this.values.push({ name: names[0] ?? "", field });
  }
}
