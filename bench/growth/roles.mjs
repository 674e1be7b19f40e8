import { activationOf, sourcesOf } from "../rule-set.mjs";
import { decisionUs, ruleSetOf } from "./measure.mjs";

const RULES = 1000;
const COUNTS = [1, 10, 100, 1000];

/** The roles of the identity that asks; one rule in three of the set looks at them. */
export function growRoles(report) {
  report.text(`## Roles of an identity, ${RULES.toLocaleString("en")} rules`);
  const ruleSet = ruleSetOf(sourcesOf(RULES, 1));
  const rows = COUNTS.map((count) => {
    const activations = Array.from({ length: 256 }, (_, n) => {
      const activation = activationOf(n * 3);
      const others = Array.from({ length: count - 1 }, (_, nth) => `role-${nth}`);
      return { ...activation, identity: { ...activation.identity, roles: [...others, activation.identity.roles[1]] } };
    });
    return [count.toLocaleString("en"), decisionUs(ruleSet, activations).toFixed(2)];
  });
  report.table(["roles", "us CPU a decision"], rows);
}
