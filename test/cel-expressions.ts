import fc from "fast-check";
import type { Activation } from "../src/model/activation.ts";

const BASE: Activation = {
  action_type: "tool_call",
  action_name: "pay",
  arguments: {},
  destination: {},
  identity: { name: "ann", roles: [], attributes: {} },
  session: {},
  context: {},
  request: { id: "r", time: 0 },
  now: 0,
};

const word = fc.constantFrom("", "a", "ab", "b", "ba", "A.b", "b.a.", "x");
const textPath = fc.constantFrom(
  "action_name",
  "arguments.a",
  "arguments.b",
  "arguments.a.b",
  'arguments["a"]',
  "context.protocol",
  "destination.domain",
  "destination.port",
  "identity.tenant",
  "identity.attributes.a",
  "dest_domain",
  "dest_port",
  "protocol",
  "session_id",
  "tool_name",
  "tool_args.a",
  'action_arg(arguments, "a")',
);
const literal = fc.oneof(
  word.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    "0",
    "1",
    "0.0",
    "-0.0",
    "1u",
    "1.5",
    "true",
    "false",
    "null",
    "9007199254740993",
    "9007199254740992",
  ),
);
const quotedWord = word.map((text) => JSON.stringify(text));
const heavy = fc.constantFrom(
  'arguments.list.exists(x, arguments.list.exists(y, arguments.list.exists(z, x == "no")))',
  "size(arguments.list) > 100",
  'arguments.list.all(x, x.contains("a"))',
);

const program = fc.constantFrom('"a"', '"git"', '"sh"', '"x"');
const shellText = fc.constantFrom("arguments.command", "command_line(arguments, dest_command)", "arguments.a");

/** What is asked of a command `c`, where `s` is what all commands are a part of. */
const ofCommand = fc.letrec<{ body: string; test: string }>((tie) => ({
  body: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 4, arbitrary: tie("test") },
    { weight: 3, arbitrary: fc.tuple(tie("body"), tie("body")).map(([a, b]) => `(${a} && ${b})`) },
    { weight: 3, arbitrary: fc.tuple(tie("body"), tie("body")).map(([a, b]) => `(${a} || ${b})`) },
    { weight: 1, arbitrary: tie("body").map((a) => `!(${a})`) },
    { weight: 1, arbitrary: fc.tuple(tie("body"), tie("body")).map(([a, b]) => `(${a} ? ${b} : false)`) },
    { weight: 1, arbitrary: tie("body").map((a) => `cel.bind(t, c.args.join(" "), t == "x" || ${a})`) },
    { weight: 1, arbitrary: tie("body").map((a) => `cel.bind(t, c.args[0], ${a})`) },
    { weight: 1, arbitrary: tie("body").map((a) => `cel.bind(c, s.commands[0], ${a})`) },
    { weight: 2, arbitrary: tie("body").map((a) => `c.words.exists(w, w == "x" && ${a})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("body"), program)
        .map(([a, name]) => `s.commands.exists(d, d.program == ${name} && ${a})`),
    },
    { weight: 1, arbitrary: tie("body").map((a) => `s.commands.exists(d, cel.bind(c, d, ${a}))`) },
    { weight: 1, arbitrary: tie("body").map((a) => `s.commands.all(c, ${a})`) },
  ),
  test: fc.oneof(
    { weight: 4, arbitrary: program.map((name) => `c.program == ${name}`) },
    { weight: 3, arbitrary: fc.array(program, { maxLength: 3 }).map((names) => `c.program in [${names}]`) },
    program.map((name) => `${name} in c.args`),
    fc.constantFrom(
      'c.args[0] == "x"',
      "size(c.args) > 0",
      'c.program.startsWith("g")',
      'c.program.matches("^s")',
      "c.background",
    ),
    fc.constantFrom(
      "s.has_pipe",
      "s.dynamic",
      '"a" in s.programs',
      's.runs("git")',
      "arguments.b == 1",
      'arguments.list.exists(x, x == "a")',
    ),
  ),
})).body;

/** Conditions on what `shell()` finds in a command. */
export const onCommands = fc.tuple(shellText, ofCommand, ofCommand, fc.nat(9)).map(([text, a, b, form]) => {
  const s = `shell(${text})`;
  const exists = (body: string) => `${s}.commands.exists(c, ${body.replaceAll(/\bs\./g, `${s}.`)})`;
  switch (form) {
    case 0:
      return `cel.bind(s, ${s}, s.commands.exists(c, ${a}) || s.commands.exists(c, ${b}))`;
    case 1:
      return `cel.bind(s, ${s}, s.commands.exists(c, ${a}) && s.has_redirect || s.has_pipe && s.commands.exists(c, ${b}))`;
    case 2:
      return `cel.bind(z, arguments.a.b, ${exists(a)})`;
    case 3:
      return `${s}.writes.exists(f, f == "x")`;
    case 4:
      return `shell(context.a).commands.exists(z, ${exists(a)})`;
    case 5:
      return `${s}.has_pipe && "sh" in ${s}.programs`;
    default:
      return exists(a);
  }
});

const leaf = fc.oneof(
  { weight: 12, arbitrary: onCommands },
  { weight: 4, arbitrary: fc.tuple(textPath, literal).map(([path, value]) => `dyn(${path}) == ${value} || false`) },
  { weight: 8, arbitrary: fc.tuple(textPath, literal).map(([path, value]) => `${path} == ${value}`) },
  { weight: 2, arbitrary: fc.tuple(textPath, literal).map(([path, value]) => `${value} == ${path}`) },
  { weight: 2, arbitrary: fc.tuple(textPath, literal).map(([path, value]) => `${path} != ${value}`) },
  {
    weight: 4,
    arbitrary: fc.tuple(textPath, fc.array(literal, { maxLength: 3 })).map(([path, list]) => `${path} in [${list}]`),
  },
  { weight: 4, arbitrary: fc.tuple(textPath, quotedWord).map(([path, part]) => `${path}.startsWith(${part})`) },
  { weight: 4, arbitrary: fc.tuple(textPath, quotedWord).map(([path, part]) => `${path}.endsWith(${part})`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(textPath, fc.constantFrom("^a", "b$", "^ab$", "a", "^", "$", "^a\\\\.b", "^a|b$"))
      .map(([path, pattern]) => `${path}.matches("${pattern}")`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(textPath, fc.constantFrom("a*", "*b", "a*b", "ab", "a?", "?b*", "*", "a*?b", "?"))
      .map(([path, pattern]) => `glob("${pattern}", ${path})`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(textPath, fc.constantFrom("a.b", "*.b", "*.a", "A.B.", "b"))
      .map(([path, pattern]) => `dest_domain_matches(${path}, "${pattern}")`),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(quotedWord, fc.constantFrom("identity.roles", "user_roles", "arguments.a", "arguments.list", "context.a"))
      .map(([part, path]) => `${part} in ${path}`),
  },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(
        "arguments.a",
        "arguments.b",
        "arguments.a.b",
        "context.protocol",
        "destination.domain",
        "identity.tenant",
      )
      .map((path) => `has(${path})`),
  },
  { weight: 2, arbitrary: heavy },
  { weight: 1, arbitrary: fc.constantFrom("true", "false", "arguments.a", "!(arguments.a == 1)", "arguments.b > 1") },
);

/** Conditions of all kinds; not all of them compile. */
export const { expression } = fc.letrec<{ expression: string; chain: string }>((tie) => ({
  expression: fc.oneof({ maxDepth: 4, depthSize: "small" }, leaf, tie("chain"), tie("chain"), tie("chain")),
  chain: fc
    .tuple(
      fc.constantFrom(" && ", " && ", " || ", "!", "?"),
      fc.array(tie("expression"), { minLength: 2, maxLength: 4 }),
    )
    .map(([operator, terms]) => {
      if (operator === "!") return `!(${terms[0]})`;
      if (operator === "?") return `((${terms[0]}) ? (${terms[1]}) : false)`;
      return terms.map((term) => `(${term})`).join(operator);
    }),
}));

const json = fc.oneof(
  word,
  word,
  fc.constantFrom<unknown>(0, -0, 1, 1.5, true, false, null, 9007199254740992),
  fc.array(word, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom("a", "b", "constructor", "toString"), word),
);

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

/** Leaves absent keys out, as requests do. */
function compact(record: Record<string, unknown>): Record<string, never> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Record<string, never>;
}

const command = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "git status",
    "a x | sh",
    "git x; x > y",
    "$(a) x",
    "if",
    "sh -c 'git x'",
    "5",
    "cat < x & b",
  ),
  fc
    .array(fc.constantFrom("a", "git", "sh", "x", "|", ";", ">", "&"), { maxLength: 5 })
    .map((words) => words.join(" ")),
);

const longList = Array.from({ length: 400 }, (_, at) => `item ${at}`);

/** What the conditions are asked about: their inputs present, absent, and of other types. */
export const activation: fc.Arbitrary<Activation> = fc
  .record({
    action_name: word,
    arguments: fc.record({
      a: maybe(json),
      b: maybe(json),
      command: maybe(fc.oneof({ weight: 6, arbitrary: command }, json)),
      list: fc.constantFrom<unknown>(undefined, [], ["a", "b"], longList),
    }),
    context: fc.record({ a: maybe(fc.oneof(json, command)), protocol: maybe(json) }),
    destination: fc.record({ domain: maybe(word), port: maybe(fc.constantFrom(0, 1)) }),
    identity: fc.record({ tenant: maybe(word), roles: fc.array(word, { maxLength: 3 }), a: maybe(json) }),
    session: fc.record({ id: maybe(word) }),
  })
  .map((parts) => ({
    ...BASE,
    action_name: parts.action_name,
    arguments: compact(parts.arguments),
    context: compact(parts.context),
    destination: compact(parts.destination),
    identity: {
      name: "ann",
      roles: parts.identity.roles,
      ...compact({ tenant: parts.identity.tenant }),
      attributes: compact({ a: parts.identity.a }),
    },
    session: compact(parts.session),
  }));
