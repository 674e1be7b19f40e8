import type { Node } from "../cel/ast.ts";
import { type CelCompiler, createCelCompiler, type Frame } from "../cel/index.ts";
import { unparse } from "../cel/unparse.ts";
import type { Activation } from "../model/activation.ts";
import { assigned, toCandidate, type Value, valueKey } from "./candidate.ts";
import { type InputPath, pathKey, pathsIn } from "./input-path.ts";
import { distinct, samplesFor } from "./samples.ts";

/** Something that a request should fulfil: a part of a condition with one outcome, or one value at one path. */
export interface Atom {
  /** Equal for atoms that ask for the same. */
  readonly id: string;
  readonly paths: readonly InputPath[];
  /** Values to try at one of its paths, the plainest first; none for another path. */
  values(path: InputPath): readonly Value[];
  /** Whether it could be fulfilled with the value there. */
  accepts(path: InputPath, value: Value): boolean;
  /** Whether a request fulfils it; of what cannot be evaluated alone that is taken for granted. */
  isFulfilled(activation: Activation): boolean;
}

/** Values to try, by `pathKey`. */
export type ValuesByPath = ReadonlyMap<string, readonly Value[]>;

/** Makes the atoms of conditions, each once. */
export interface AtomFactory {
  /** @param node a part without `&&`, `||`, `!` and `?` of its own @param more further values to try first */
  make(node: Node, want: boolean, more?: () => ValuesByPath): Atom;
}

export function createAtomFactory(): AtomFactory {
  const compiler = createCelCompiler();
  const frame = compiler.createFrame();
  const known = new Map<string, Atom>();
  return {
    make(node, want, more) {
      const source = unparse(node);
      const id = `${want} ${source}`;
      let atom = known.get(id);
      if (atom === undefined) {
        atom = conditionAtom(id, node, more?.(), testOf(compiler, frame, source, want));
        known.set(id, atom);
      }
      return atom;
    },
  };
}

/** Asks for exactly this value. */
export function pin(path: InputPath, value: Value): Atom {
  const key = pathKey(path);
  const wanted = valueKey(value);
  return {
    id: `${key} ${wanted}`,
    paths: [path],
    values: (asked) => (pathKey(asked) === key ? [value] : []),
    accepts: (asked, given) => pathKey(asked) !== key || valueKey(given) === wanted,
    isFulfilled: () => true,
  };
}

type Test = (activation: Activation) => boolean;

function testOf(compiler: CelCompiler, frame: Frame, source: string, want: boolean): Test | undefined {
  const compiled = compiler.compileCondition(source);
  if (!compiled.ok) return undefined;
  const { expression } = compiled;
  return (activation) => {
    frame.reset(activation);
    return expression.evaluate(frame) === want;
  };
}

function conditionAtom(id: string, node: Node, more: ValuesByPath | undefined, test: Test | undefined): Atom {
  const paths = pathsIn(node);
  const values = new Map<string, readonly Value[]>();
  const accepted = new Map<string, boolean>();

  const isOwn = (path: InputPath) => paths.some((own) => pathKey(own) === pathKey(path));

  /** Only where nothing but the one path decides it can be told from one value. */
  function accepts(path: InputPath, value: Value): boolean {
    if (paths.length !== 1 || test === undefined || !isOwn(path)) return true;
    const key = valueKey(value);
    let isAccepted = accepted.get(key);
    if (isAccepted === undefined) {
      const candidate = toCandidate(assigned(new Map(), path, value));
      isAccepted = candidate !== undefined && test(candidate.activation);
      accepted.set(key, isAccepted);
    }
    return isAccepted;
  }

  return {
    id,
    paths,
    accepts,
    isFulfilled: test ?? (() => true),
    values(path) {
      const key = pathKey(path);
      let found = values.get(key);
      if (found === undefined) {
        const all = !isOwn(path) ? [] : distinct([...(more?.get(key) ?? []), ...samplesFor(path, node)]);
        found = all.filter((value) => accepts(path, value));
        values.set(key, found);
      }
      return found;
    },
  };
}
