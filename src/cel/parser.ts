import type { BinaryOperator, IdentNode, Node } from "./ast.ts";
import { diagnosticAt, quoted } from "./diagnostics.ts";
import { Lexer, SyntaxFault, type TokenKind } from "./lexer.ts";
import { expandMacro } from "./macros.ts";
import type { CelDiagnostic } from "./types.ts";

export interface ParserLimits {
  /** Length of the source in UTF-16 units. */
  readonly sourceLengthMax: number;
  /** Brackets, calls, unary operators and conditionals inside one another. */
  readonly nestingMax: number;
  /** Height of the tree, to which a chain such as `1 + 1 + 1` adds one a link. Recursion over a tree is bounded by it. */
  readonly treeDepthMax: number;
}

export const PARSER_LIMITS: ParserLimits = { sourceLengthMax: 8192, nestingMax: 100, treeDepthMax: 300 };

export type ParseResult =
  | { readonly ok: true; readonly node: Node }
  | { readonly ok: false; readonly diagnostic: CelDiagnostic };

/** Parses one expression of CEL's grammar. Never throws; the first fault ends it. */
export function parse(source: string, limits: ParserLimits = PARSER_LIMITS): ParseResult {
  if (source.length > limits.sourceLengthMax) {
    const message = `expression is longer than ${limits.sourceLengthMax} characters`;
    return { ok: false, diagnostic: diagnosticAt(source, limits.sourceLengthMax, message) };
  }
  const surrogate = source.search(/\p{Surrogate}/u);
  if (surrogate !== -1) {
    return { ok: false, diagnostic: diagnosticAt(source, surrogate, "lone surrogate in the source text") };
  }
  try {
    return { ok: true, node: new Parser(source, limits).parseWhole() };
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault;
    return { ok: false, diagnostic: diagnosticAt(source, fault.offset, fault.message) };
  }
}

const RESERVED = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
);

/** Binding strength of the binary operators below `&&`: relations, sums, products. */
const PRECEDENCE = new Map<TokenKind, number>([
  ["==", 1],
  ["!=", 1],
  ["<", 1],
  ["<=", 1],
  [">", 1],
  [">=", 1],
  ["in", 1],
  ["+", 2],
  ["-", 2],
  ["*", 3],
  ["/", 3],
  ["%", 3],
]);

class Parser {
  readonly #lexer: Lexer;
  readonly #limits: ParserLimits;
  #nesting = 0;

  constructor(source: string, limits: ParserLimits) {
    this.#lexer = new Lexer(source);
    this.#limits = limits;
  }

  parseWhole(): Node {
    const node = this.#expression();
    if (this.#lexer.kind !== "END") throw this.#unexpected("an operator or the end");
    return node;
  }

  #unexpected(expected: string): SyntaxFault {
    return new SyntaxFault(this.#lexer.start, `found ${this.#lexer.describe()}, expected ${expected}`);
  }

  #accept(kind: TokenKind): boolean {
    if (this.#lexer.kind !== kind) return false;
    this.#lexer.advance();
    return true;
  }

  #expect(kind: TokenKind, expected = quoted(kind)): void {
    if (!this.#accept(kind)) throw this.#unexpected(expected);
  }

  #enter(): void {
    this.#nesting += 1;
    if (this.#nesting > this.#limits.nestingMax) {
      throw new SyntaxFault(this.#lexer.start, `expression is nested deeper than ${this.#limits.nestingMax}`);
    }
  }

  #depth(offset: number, ...children: readonly (Node | undefined)[]): number {
    let deepest = 0;
    for (const child of children) if (child !== undefined && child.depth > deepest) deepest = child.depth;
    if (deepest >= this.#limits.treeDepthMax) {
      throw new SyntaxFault(offset, `expression has more than ${this.#limits.treeDepthMax} operations on one another`);
    }
    return deepest + 1;
  }

  #expression(): Node {
    this.#enter();
    const test = this.#logic("or");
    const offset = this.#lexer.start;
    if (!this.#accept("?")) {
      this.#nesting -= 1;
      return test;
    }
    const whenTrue = this.#logic("or");
    this.#expect(":");
    const whenFalse = this.#expression();
    this.#nesting -= 1;
    return {
      kind: "conditional",
      offset,
      depth: this.#depth(offset, test, whenTrue, whenFalse),
      test,
      whenTrue,
      whenFalse,
    };
  }

  #logic(kind: "or" | "and"): Node {
    const operator = kind === "or" ? "||" : "&&";
    const first = kind === "or" ? this.#logic("and") : this.#binary(1);
    if (this.#lexer.kind !== operator) return first;
    const offset = this.#lexer.start;
    const terms = [first];
    while (this.#accept(operator)) terms.push(kind === "or" ? this.#logic("and") : this.#binary(1));
    return { kind, offset, depth: this.#depth(offset, ...terms), terms };
  }

  #binary(minimum: number): Node {
    let left = this.#unary();
    for (;;) {
      const { kind, start: offset } = this.#lexer;
      const precedence = PRECEDENCE.get(kind);
      if (precedence === undefined || precedence < minimum) return left;
      this.#lexer.advance();
      const right = this.#binary(precedence + 1);
      const operator = kind as BinaryOperator;
      left = { kind: "binary", offset, depth: this.#depth(offset, left, right), operator, left, right };
    }
  }

  /** @param outer the sign before this one: the grammar knows `!!x` and `--x`, but neither `!-x` nor `-!x` */
  #unary(outer?: TokenKind): Node {
    const { kind, start: offset } = this.#lexer;
    if (kind !== "!" && kind !== "-") return this.#member(this.#primary());
    this.#lexer.advance();
    if (kind === "-" && this.#isNumber()) return this.#member(this.#number(offset, true));
    if (outer !== undefined && kind !== outer) {
      throw new SyntaxFault(offset, "`!` and `-` on one another need parentheses between them");
    }
    this.#enter();
    const operand = this.#unary(kind);
    this.#nesting -= 1;
    return { kind: kind === "!" ? "not" : "negate", offset, depth: this.#depth(offset, operand), operand };
  }

  #isNumber(): boolean {
    const { kind, value } = this.#lexer;
    return kind === "LITERAL" && (typeof value === "bigint" || typeof value === "number");
  }

  #number(offset: number, isNegative: boolean): Node {
    const { value, isIntOutOfRange } = this.#lexer;
    if (isIntOutOfRange && typeof value === "bigint" && !isNegative) {
      throw new SyntaxFault(offset, "int literal out of range");
    }
    this.#lexer.advance();
    const signed = isNegative ? -(value as number) : (value as number);
    return { kind: "literal", offset, depth: 1, value: signed };
  }

  #member(primary: Node): Node {
    let operand = primary;
    for (;;) {
      if (this.#lexer.kind === ".") operand = this.#selection(operand);
      else if (this.#lexer.kind === "[") operand = this.#indexing(operand);
      else return operand;
    }
  }

  #refuseOptional(): void {
    if (this.#lexer.kind === "?") throw new SyntaxFault(this.#lexer.start, "optional syntax is not supported");
  }

  #indexing(operand: Node): Node {
    const offset = this.#lexer.start;
    this.#lexer.advance();
    this.#refuseOptional();
    const index = this.#expression();
    this.#expect("]");
    return { kind: "index", offset, depth: this.#depth(offset, operand, index), operand, index };
  }

  #selection(operand: Node): Node {
    this.#lexer.advance();
    this.#refuseOptional();
    const { kind, start: offset } = this.#lexer;
    const name = this.#selector();
    if (kind === "IDENT" && this.#lexer.kind === "(") return this.#call(name, offset, operand);
    return { kind: "select", offset, depth: this.#depth(offset, operand), operand, field: name };
  }

  /** A name behind a dot or before a colon: reserved words are allowed here, keywords are not. */
  #selector(): string {
    const { kind, value } = this.#lexer;
    if (kind !== "IDENT" && kind !== "QUOTED_IDENT") throw this.#unexpected("a field name");
    this.#lexer.advance();
    return value as string;
  }

  #call(name: string, offset: number, target: Node | undefined): Node {
    this.#lexer.advance();
    const args = this.#list(")");
    const depth = this.#depth(offset, target, ...args);
    return expandMacro({ kind: "call", offset, depth, name, target, args });
  }

  /** Expressions separated by commas up to the closing token, which is consumed. Lists may end in a comma. */
  #list(close: ")" | "]"): Node[] {
    const nodes: Node[] = [];
    if (this.#accept(close)) return nodes;
    if (close === "]" && this.#acceptLoneComma(close)) return nodes;
    for (;;) {
      this.#refuseOptional();
      nodes.push(this.#expression());
      if (this.#accept(close)) return nodes;
      this.#expect(",", `\`,\` or \`${close}\``);
      if (close === "]" && this.#accept(close)) return nodes;
    }
  }

  /** `[,]` and `{,}` are empty: the grammar's optional last comma asks for nothing before it. @returns whether it was that */
  #acceptLoneComma(close: "]" | "}"): boolean {
    if (!this.#accept(",")) return false;
    this.#expect(close);
    return true;
  }

  #primary(): Node {
    const { kind, start: offset, value } = this.#lexer;
    switch (kind) {
      case "LITERAL":
        if (this.#isNumber()) return this.#number(offset, false);
        this.#lexer.advance();
        return { kind: "literal", offset, depth: 1, value: value as string };
      case "IDENT":
      case ".":
        return this.#name();
      case "(": {
        this.#lexer.advance();
        const inner = this.#expression();
        this.#expect(")");
        return inner;
      }
      case "[": {
        this.#lexer.advance();
        const elements = this.#list("]");
        return { kind: "list", offset, depth: this.#depth(offset, ...elements), elements };
      }
      case "{":
        return this.#map();
      default:
        throw this.#unexpected("an expression");
    }
  }

  #name(): Node {
    const isRoot = this.#accept(".");
    const { kind, start: offset, value } = this.#lexer;
    if (kind !== "IDENT") throw this.#unexpected("a name");
    const name = value as string;
    this.#lexer.advance();
    if (RESERVED.has(name)) throw new SyntaxFault(offset, `\`${name}\` is a reserved word`);
    const message = this.#message(name, offset);
    if (message !== undefined) return message;
    if (this.#lexer.kind === "(") return this.#call(isRoot ? `.${name}` : name, offset, undefined);
    return { kind: "ident", offset, depth: 1, name, isRoot } satisfies IdentNode;
  }

  /** A message literal such as `a.b.Name{field: 1}`, told from a selection by looking ahead for the brace. */
  #message(first: string, offset: number): Node | undefined {
    const { source, start, kind } = this.#lexer;
    if (kind !== "." && kind !== "{") return undefined;
    QUALIFIED_BRACE.lastIndex = start;
    const match = QUALIFIED_BRACE.exec(source);
    if (match === null) return undefined;
    let name = first;
    while (this.#accept(".")) name += `.${this.#selector()}`;
    this.#expect("{");
    const values: Node[] = [];
    const isEmpty = this.#acceptLoneComma("}");
    while (!isEmpty && !this.#accept("}")) {
      this.#refuseOptional();
      this.#selector();
      this.#expect(":");
      values.push(this.#expression());
      if (this.#lexer.kind !== "}") this.#expect(",", "`,` or `}`");
    }
    return { kind: "message", offset, depth: this.#depth(offset, ...values), name };
  }

  #map(): Node {
    const offset = this.#lexer.start;
    this.#lexer.advance();
    const keys: Node[] = [];
    const values: Node[] = [];
    const isEmpty = this.#acceptLoneComma("}");
    while (!isEmpty && !this.#accept("}")) {
      this.#refuseOptional();
      keys.push(this.#expression());
      this.#expect(":");
      values.push(this.#expression());
      if (this.#lexer.kind !== "}") this.#expect(",", "`,` or `}`");
    }
    return { kind: "map", offset, depth: this.#depth(offset, ...keys, ...values), keys, values };
  }
}

/** Zero or more `.name` and then a brace, with space and comments anywhere. Linear: no two parts match the same text. */
const GAP = "(?:[\\t\\n\\f\\r ]|//[^\\n]*\\n)*";
const QUALIFIED_BRACE = new RegExp(`(?:\\.${GAP}[A-Za-z_][A-Za-z0-9_]*${GAP})*\\{`, "y");
