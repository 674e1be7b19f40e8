import { existsSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { openApiDocument } from "../../src/http/index.ts";
import { ERROR_CODES } from "../../src/model/errors.ts";
import { VERSION } from "../../src/model/version.ts";
import { createTestService } from "../test-service.ts";

const verdict = await createTestService();
const { body: document } = await verdict.request("GET", "/openapi.json", { key: null });
const COMMITTED = new URL("../../openapi/openapi.json", import.meta.url);

interface Schema {
  $ref?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  allOf?: Schema[];
}

/** Paths of all properties that say nothing about themselves. */
function undescribed(schema: Schema, at: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, part]) => {
    const path = `${at}.${name}`;
    const isDescribed = part.description !== undefined || part.$ref !== undefined || hasRef(part);
    return [...(isDescribed ? [] : [path]), ...undescribed(part, path)];
  });
  const nested = [schema.items, ...(schema.anyOf ?? []), ...(schema.allOf ?? [])].filter((part) => part !== undefined);
  return [...own, ...nested.flatMap((part) => undescribed(part, at))];
}
const hasRef = (schema: Schema) => (schema.allOf ?? []).some((part) => part.$ref !== undefined);

interface Content {
  schema: object;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Operation {
  responses: Record<string, { description: string; content: Record<string, Content> }>;
}
const shown = ({ value }: { value: unknown }) => value;

/** Every JSON answer of every operation, successes and problems. */
function jsonAnswers() {
  return Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.entries(responses).flatMap(([status, { description, content }]) =>
        Object.entries(content)
          .filter(([type]) => /[/+]json$/.test(type))
          .map(([type, each]) => ({ at: `${method} ${path} ${status}`, type, description, content: each })),
      ),
    ),
  );
}

describe("the OpenAPI document", () => {
  test("is the committed one (regenerate with `npm run openapi`)", () => {
    expect(existsSync(COMMITTED)).toBe(true);
    expect(JSON.parse(readFileSync(COMMITTED, "utf8"))).toEqual(
      JSON.parse(JSON.stringify(openApiDocument(verdict.app))),
    );
  });

  test("is 3.1 and describes every route of the application", () => {
    expect(document.openapi).toMatch(/^3\.1/);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = verdict.app.routes.map(({ method, path }) => `${method} ${path.replace(/:([^/]+)/g, "{$1}")}`);
    expect(described.sort()).toEqual(served.sort());
  });

  test("describes every field of every object", () => {
    const gaps = Object.entries(document.components.schemas).flatMap(([name, schema]) => {
      const own = schema as Schema;
      return [...(own.description === undefined ? [name] : []), ...undescribed(own, name)];
    });
    expect(gaps).toEqual([]);
  });

  test("shows an example of every JSON answer, which is as its schema says", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: "document", components: document.components });
    const gaps: string[] = [];
    for (const { at, content } of jsonAnswers()) {
      const examples = "example" in content ? [content.example] : Object.values(content.examples ?? {}).map(shown);
      if (examples.length === 0) gaps.push(`${at}: no example`);
      const schema = JSON.parse(JSON.stringify(content.schema).replaceAll('"#/', '"document#/'));
      const isValid = ajv.compile(schema);
      for (const example of examples) if (!isValid(example)) gaps.push(`${at}: ${ajv.errorsText(isValid.errors)}`);
    }
    expect(gaps).toEqual([]);
  });

  test("shows an example of every problem that it says a route has", () => {
    const gaps = jsonAnswers()
      .filter(({ type }) => type === "application/problem+json")
      .filter(({ description, content }) => {
        const named = [...description.matchAll(/`(\w+)`/g)].map(([, code]) => code);
        const given = Object.values(content.examples ?? {}).map((example) => (shown(example) as { code: string }).code);
        return named.length === 0 || String(named) !== String(given);
      });
    expect(gaps.map(({ at }) => at)).toEqual([]);
  });

  test("has problem responses on every route, and examples for every body", () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods as Record<string, never>) as Record<string, never>[]) {
        const { responses, requestBody, operationId } = operation as unknown as {
          operationId: string;
          responses: Record<string, { content: Record<string, unknown> }>;
          requestBody?: { content: Record<string, { examples?: object }> };
        };
        expect(responses[403]?.content, path).toHaveProperty(["application/problem+json"]);
        expect(operationId, path).toBeTruthy();
        if (requestBody !== undefined) expect(requestBody.content["application/json"]?.examples, path).toBeDefined();
      }
    }
  });
});

describe("the documents of the interface", () => {
  test("docs/problems.md lists exactly the registry", () => {
    const text = readFileSync(new URL("../../docs/problems.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\d+) +\| (.+?) +\| (yes|no) +\|$/gm)].map((row) => row.slice(1));
    expect(rows).toEqual(
      Object.entries(ERROR_CODES).map(([code, { status, title, retryable }]) => [
        code,
        String(status),
        title,
        retryable ? "yes" : "no",
      ]),
    );
  });

  test("the docs page shows every route and problem, and loads nothing from elsewhere", async () => {
    const { body, headers } = await verdict.request("GET", "/docs", { key: null });
    for (const path of Object.keys(document.paths)) expect(body).toContain(path);
    for (const code of Object.keys(ERROR_CODES)) expect(body).toContain(`id="${code}"`);
    expect(body).not.toMatch(/<script|src=|@import|url\(/);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
  });

  test("the version is package.json's", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(VERSION).toBe(version);
  });
});
