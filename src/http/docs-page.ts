import { ERROR_CODES } from "../model/errors.ts";

/** The parts of an OpenAPI 3.1 document that the page shows. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
type Content = Readonly<
  Record<string, { schema?: Schema; example?: unknown; examples?: Record<string, { value: unknown }> }>
>;
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>;
  readonly security?: readonly unknown[];
}
interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { name: string; description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** The interface as one HTML page with no script and nothing loaded from elsewhere. */
export function renderDocsPage(openApi: object): string {
  const document = openApi as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(name) === true);
    return `<h2 id="${esc(name)}">${esc(name)}</h2><p>${prose(description)}</p>${own.map((one) => renderOperation(document, one)).join("")}`;
  });
  const links = [...document.tags.map(({ name }) => name), "Objects", "Problems"];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${esc(document.info.title)}</title><style>${STYLE}</style>
<h1>${esc(document.info.title)} <small>${esc(document.info.version)}</small></h1><p>${prose(document.info.description)}</p>
<nav>${links.map((name) => `<a href="#${esc(name)}">${esc(name)}</a>`).join(" ")} <a href="/openapi.json">openapi.json</a></nav>
${sections.join("\n")}${renderObjects(document)}${renderProblems()}</html>`;
}

function renderOperation(document: Document, one: { path: string; method: string; operation: Operation }): string {
  const { path, method, operation } = one;
  const body = operation.requestBody?.content["application/json"];
  const example = Object.values(body?.examples ?? {})[0]?.value;
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, required, description, schema }) =>
      `<tr><td><code>${esc(name)}</code>${required === true ? " *" : ""}<td>${esc(place)}, ${typeName(schema ?? {})}<td>${prose(description ?? schema?.description ?? "")}`,
  );
  const responses = Object.entries(operation.responses).map(([status, { description, content }]) => {
    const schema = Object.values(content ?? {})[0]?.schema;
    return `<tr><td><code>${status}</code><td>${schema === undefined ? "" : typeName(schema)}<td>${prose(description)}`;
  });
  return `<section><h3 id="${esc(`${method} ${path}`)}"><b>${method}</b> <code>${esc(path)}</code></h3>
<p>${esc(operation.summary ?? "")}. ${prose(operation.description ?? "")}</p>
${parameters.length > 0 ? `<table>${parameters.join("")}</table>` : ""}
${body?.schema === undefined ? "" : `<h4>Body</h4>${renderFields(document, body.schema)}`}
<h4>Try it</h4><pre>${esc(curl(path, method, operation, example))}</pre><h4>Answers</h4><table>${responses.join("")}</table></section>`;
}

function curl(path: string, method: string, operation: Operation, example: unknown): string {
  const lines = [`curl -s http://127.0.0.1:8181${path}`];
  if (method !== "GET") lines[0] += ` -X ${method}`;
  if (operation.security !== undefined) lines.push(`-H "Authorization: Bearer $VERDICT_API_KEY"`);
  if (example !== undefined) lines.push(`-H "Content-Type: application/json"`, `-d '${JSON.stringify(example)}'`);
  return lines.join(" \\\n  ");
}

function renderObjects(document: Document): string {
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<section><h3 id="${esc(name)}">${esc(name)}</h3><p>${prose(schema.description ?? "")}</p>${renderFields(document, schema)}</section>`,
  );
  return `<h2 id="Objects">Objects</h2>${schemas.join("")}`;
}

function renderFields(document: Document, schema: Schema): string {
  const name = schema.$ref?.split("/").at(-1);
  const target = name === undefined ? schema : document.components?.schemas?.[name];
  const rows = Object.entries(target?.properties ?? {}).map(([field, part]) => {
    const described = part.description ?? resolve(document, part)?.description ?? "";
    const isRequired = target?.required?.includes(field) === true;
    return `<tr><td><code>${esc(field)}</code>${isRequired ? " *" : ""}<td>${typeName(part)}<td>${prose(described)}`;
  });
  return rows.length === 0 ? "" : `<table>${rows.join("")}</table>`;
}

function resolve(document: Document, schema: Schema): Schema | undefined {
  return schema.$ref === undefined ? schema : document.components?.schemas?.[schema.$ref.split("/").at(-1) ?? ""];
}

function renderProblems(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, title, retryable }]) =>
      `<tr id="${code}"><td><code>${code}</code><td>${status}<td>${esc(title)}${retryable ? "; try again" : ""}`,
  );
  return `<h2 id="Problems">Problems</h2><p>Errors are problem details (RFC 9457). On the evaluate routes they also carry
<code>"decision":"deny"</code>.</p><table>${rows.join("")}</table>`;
}

function typeName(schema: Schema): string {
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return `<a href="#${esc(name)}">${esc(name)}</a>`;
  if (schema.enum !== undefined) return schema.enum.map((value) => `<code>${esc(String(value))}</code>`).join(" ");
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  return esc([schema.type ?? ""].flat().join(" or "));
}

const esc = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Descriptions are text with `code` in it. */
const prose = (text: string) => esc(text).replace(/`([^`]+)`/g, "<code>$1</code>");

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font:14px/1.5 ui-monospace,monospace}pre{background:#f3f4f6;padding:.8rem;overflow:auto;border-radius:6px}
table{border-collapse:collapse;width:100%}td{border-top:1px solid #d8dce2;padding:.3rem .8rem .3rem 0;vertical-align:top}
section{margin:0 0 2.5rem}h2{border-bottom:2px solid #1b1f24;margin-top:3rem}h4{margin:.8rem 0 .2rem}nav a{margin-right:1rem}a{color:#0b57a4}
@media(prefers-color-scheme:dark){body{background:#14171b;color:#e4e7eb}pre{background:#1f242a}td{border-color:#343b44}h2{border-color:#e4e7eb}a{color:#7db8f5}}`;
