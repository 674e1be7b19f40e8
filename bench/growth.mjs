// What grows with the rules, an identity's roles, the arguments, pending approvals and the rows of the audit log:
//
//   npm run bench -- growth [--only rules,roles,arguments,approvals,audit] [--audit-rows 10000000] [--approvals 10000]
//
// Approvals and the audit log need DATABASE_URL; ten million rows take some 14 GB there.
import { parseArgs } from "node:util";
import { growApprovals } from "./growth/approvals.mjs";
import { growArguments } from "./growth/arguments.mjs";
import { growAuditLog } from "./growth/audit-rows.mjs";
import { growRoles } from "./growth/roles.mjs";
import { growRules } from "./growth/rules.mjs";
import { startReport } from "./report.mjs";

const PARTS = {
  rules: growRules,
  roles: growRoles,
  arguments: growArguments,
  approvals: growApprovals,
  audit: growAuditLog,
};
const WITH_DATABASE = ["approvals", "audit"];

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(PARTS).join(",") },
    "audit-rows": { type: "string", default: "10000000" },
    approvals: { type: "string", default: "10000" },
  },
});
const { DATABASE_URL: databaseUrl } = process.env;
const options = { databaseUrl, auditRows: Number(values["audit-rows"]), approvals: Number(values.approvals) };
const report = startReport("growth", "What grows with what");
for (const name of values.only.split(",")) {
  if (PARTS[name] === undefined)
    throw new TypeError(`--only: there is no ${name}, but ${Object.keys(PARTS).join(", ")}`);
  if (databaseUrl === undefined && WITH_DATABASE.includes(name)) {
    report.text(`${name}: **skipped**, because DATABASE_URL is not set`);
  } else await PARTS[name](report, options);
}
report.write();
process.exit();
