// Writes openapi/openapi.json from the built service's routes, without starting anything.
import { mkdirSync, writeFileSync } from "node:fs";
import { createApp, openApiDocument } from "../dist/http/index.js";

const nothing = () => {
  throw new Error("the document needs no service");
};
const metrics = { requestCounter: () => nothing };
const app = createApp({ service: { metrics, keyRing: {}, clock: {} }, assertHost: nothing });
mkdirSync(new URL("../openapi", import.meta.url), { recursive: true });
writeFileSync(
  new URL("../openapi/openapi.json", import.meta.url),
  `${JSON.stringify(openApiDocument(app), undefined, 2)}\n`,
);
