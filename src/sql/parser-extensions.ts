import type { SqlNode } from "./parser.ts";

/**
 * Whether a node is one that the library makes of a text that PostgreSQL refuses: it takes a parameter in some places where
 * there has to be a constant (`date $1`, `SET a = $1`, `PASSWORD $1`, `EXTRACT($1 FROM x)`), for texts that constants were cut out of.
 */
export function isExtension(type: string, node: SqlNode): boolean {
  switch (type) {
    case "TypeCast":
      // One that is written has a place.
      return node.location === -1 && isParameter(node.arg);
    case "DefElem":
      return isParameter(node.arg);
    case "VariableSetStmt":
      return Array.isArray(node.args) && node.args.some(isParameter);
    case "FuncCall":
      return (
        node.funcformat === "COERCE_SQL_SYNTAX" &&
        isParameter((node.args as unknown[] | undefined)?.[0]) &&
        isExtract(node)
      );
    default:
      return false;
  }
}

const isParameter = (node: unknown) => typeof node === "object" && node !== null && Object.hasOwn(node, "ParamRef");

const isExtract = ({ funcname }: SqlNode) => JSON.stringify(funcname).includes('"extract"');
