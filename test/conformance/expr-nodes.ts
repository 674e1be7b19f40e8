import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";

function childrenOf({ exprKind: kind }: Expr): readonly (Expr | undefined)[] {
  switch (kind.case) {
    case "selectExpr":
      return [kind.value.operand];
    case "callExpr":
      return [kind.value.target, ...kind.value.args];
    case "listExpr":
      return kind.value.elements;
    case "structExpr":
      return kind.value.entries.flatMap((entry) => [
        entry.keyKind.case === "mapKey" ? entry.keyKind.value : undefined,
        entry.value,
      ]);
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
    default:
      return [];
  }
}

/** A tree of @bufbuild/cel, node by node, parents first. */
export function* nodesOf(root: Expr): Generator<Expr> {
  yield root;
  for (const child of childrenOf(root)) if (child) yield* nodesOf(child);
}
