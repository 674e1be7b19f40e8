/** The condition of a rule in CEL, which Verdict and Cerbos both speak. @param pathOf the engine's name of an attribute */
export function celConditionOf({ when }, pathOf) {
  const alternatives = when.map((terms) => terms.map((term) => celTermOf(term, pathOf)).join(" && "));
  return alternatives.length === 1 ? alternatives[0] : alternatives.map((one) => `(${one})`).join(" || ");
}

function celTermOf({ path, op, value, negated }, pathOf) {
  const text = JSON.stringify(value);
  const at = pathOf(path);
  const positive = {
    eq: `${at} == ${text}`,
    gt: `${at} > ${text}`,
    in: `${at} in ${text}`,
    has: `${text} in ${at}`,
    startsWith: `${at}.startsWith(${text})`,
    endsWith: `${at}.endsWith(${text})`,
    contains: `${at}.contains(${text})`,
  }[op];
  return negated ? `!(${positive})` : positive;
}
