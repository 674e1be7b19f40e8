import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sourceArbitrary } from "../../test/differential/generate-cel.ts";
import { ourTree } from "../../test/differential/syntax-tree.ts";
import { parse } from "./parser.ts";
import { startOf } from "./tree.ts";
import { unparse } from "./unparse.ts";

function written(source: string): string {
  const parsed = parse(source);
  if (!parsed.ok) throw new Error(`${source}: ${parsed.diagnostic.message}`);
  return unparse(parsed.node);
}

describe("unparse", () => {
  it.each([
    ['a&&(b||c)&&"x" in d.e', 'a && (b || c) && "x" in d.e'],
    ["((a || b)) ? 1 : c ? 2u : 3.0", "a || b ? 1 : c ? 2u : 3.0"],
    ["(a ? b : c) ? d : e", "(a ? b : c) ? d : e"],
    ["a - (b - c) * -d", "a - (b - c) * -d"],
    ["-(1) + (-1).x + (1.5).y", "-(1) + (-1).x + (1.5).y"],
    ["!(!a) && !(-b == 1)", "!(!a) && !(-b == 1)"],
    ["x.matches(r'^\\d+$')", "x.matches(r'^\\d+$')"],
    [`x.matches(r"it's\\b")`, `x.matches(r"it's\\b")`],
    ["'a\\\\'", '"a\\\\"'],
    ["'\\n'", '"\\n"'],
    ["b'\\x00a'", 'b"\\x00\\x61"'],
    ["m['a b'].`c-d`[0]", 'm["a b"].`c-d`[0]'],
    ["{'a': [1, 2.0], b: null}", '{"a": [1, 2.0], b: null}'],
    ["l.map(v, v > 1, v * 2)", "l.map(v, v > 1, v * 2)"],
    ["m.transformList(k, v, [k])", "m.transformList(k, v, [k])"],
    ["cel.bind(n, size(l), n > 1)", "cel.bind(n, size(l), n > 1)"],
    ["has(a.b.c) && .d", "has(a.b.c) && .d"],
    ["1e300 > -0.0", "1e+300 > -0.0"],
  ])("%s", (source, expected) => {
    expect(written(source)).toBe(expected);
    expect(ourTree(expected)).toBe(ourTree(source));
  });

  it("means what it was made from", () => {
    fc.assert(
      fc.property(sourceArbitrary, (source) => {
        const tree = ourTree(source);
        fc.pre(tree !== undefined);
        expect(ourTree(written(source))).toBe(tree);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("where a part begins", () => {
  it.each([
    ["a.b == 1", 0],
    ["!(a)", 0],
    ["x.f(1) && y", 0],
    ["(a.b || c)", 1],
    ["[a].exists(v, v)", 0],
  ])("%s", (source, offset) => {
    const parsed = parse(source);
    expect(parsed.ok && startOf(parsed.node)).toBe(offset);
  });
});
