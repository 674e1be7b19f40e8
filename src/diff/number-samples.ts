/**
 * Numbers around the constants of a condition, and around what two of them make together, so that `x * 2 > 10` gives 5
 * too. Every one can stand in a request.
 */
export function numberSamples(literals: readonly number[]): number[] {
  const derived = literals.flatMap((a) => literals.filter((b) => b !== a).flatMap((b) => [a / b, a * b, a - b, a + b]));
  const found = [...literals, ...derived.slice(0, DERIVED_MAX)].flatMap(around);
  return [...new Set(found)].filter((number) => Number.isFinite(number) && isExact(number));
}

const DERIVED_MAX = 24;

function around(number: number): number[] {
  return [
    number + 1,
    number,
    number - 1,
    number + 0.5,
    number - 0.5,
    nextDouble(number),
    -nextDouble(-number),
    -number,
  ].map((value) => (value === 0 ? 0 : value));
}

/** The smallest double above. */
function nextDouble(number: number): number {
  if (number === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  view.setBigInt64(0, view.getBigInt64(0) + (number > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

/** As a request may hold it: see `parseJsonText`. */
const isExact = (number: number) => !Number.isInteger(number) || Number.isSafeInteger(number);
