// Discord's operations and their schemas: what each route accepts and answers.
//
// `discord-api-spec` has a schema for each named type, but the routes only as types. So the types are parsed, and each
// one becomes a schema composed of the named ones.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import * as spec from "discord-api-spec/zod";
import ts from "typescript";
import * as z from "zod/mini";

/** The names of Discord's schemas: `MessageResponse` for the schema of that type. */
export const names = new Map(
  Object.entries(spec)
    .filter(([name]) => name.endsWith("Schema"))
    .map(([name, schema]) => [schema, name.slice(0, -"Schema".length)]),
);

/** Finds the template that a path matches; of several, the one with the most literal segments (`@me` before an id). */
export class Routes {
  #byMethod = new Map();

  add(method, template, value) {
    const routes = this.#byMethod.get(method) ?? [];
    this.#byMethod.set(method, routes);
    routes.push({ method, template, segments: template.split("/"), value });
  }

  all() {
    return [...this.#byMethod.values()].flat();
  }

  find(method, path) {
    const segments = path.split("/").map(decoded);
    const literals = (route) => route.segments.filter((segment) => !segment.startsWith("{")).length;
    const fits = (route) =>
      route.segments.length === segments.length &&
      route.segments.every((segment, at) => segment.startsWith("{") || segment === segments[at]);
    return (this.#byMethod.get(method) ?? [])
      .filter(fits)
      .sort((one, other) => literals(other) - literals(one))[0];
  }
}

/** Discord's routes: `{ request, answers }`, answers by status (`200`, `4XX`); no schema where there is no body. */
export function operations() {
  const file = fileURLToPath(import.meta.resolve("discord-api-spec")).replace(/\.js$/, ".ts");
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  const paths = source.statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === "Paths");
  const routes = new Routes();
  for (const path of paths.members) {
    for (const method of path.type.members) {
      const parts = new Map(method.type.members.map((part) => [part.name.text, part.type]));
      const answers = parts.get("responses").members.map((answer) => [answer.name.text, schemaOf(answer.type)]);
      const operation = { request: schemaOf(parts.get("requestBody")), answers: new Map(answers) };
      routes.add(method.name.text.toUpperCase(), path.name.text, operation);
    }
  }
  return routes;
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function literal(node) {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  return ts.isNumericLiteral(node) ? Number(node.text) : node.text;
}

const KEYWORDS = new Map([
  [ts.SyntaxKind.StringKeyword, () => z.string()],
  [ts.SyntaxKind.NumberKeyword, () => z.number()],
  [ts.SyntaxKind.BooleanKeyword, () => z.boolean()],
  [ts.SyntaxKind.UndefinedKeyword, () => undefined],
  [ts.SyntaxKind.UnknownKeyword, () => undefined],
]);

/** The schema of a type; none if there is no body. */
function schemaOf(type) {
  if (KEYWORDS.has(type.kind)) return KEYWORDS.get(type.kind)();
  if (ts.isParenthesizedTypeNode(type)) return schemaOf(type.type);
  if (ts.isArrayTypeNode(type)) return z.array(schemaOf(type.elementType));
  if (ts.isUnionTypeNode(type)) return z.union(type.types.map(schemaOf));
  if (ts.isLiteralTypeNode(type)) {
    return type.literal.kind === ts.SyntaxKind.NullKeyword ? z.null() : z.literal(literal(type.literal));
  }
  if (ts.isTypeLiteralNode(type)) {
    const [first] = type.members;
    if (first && ts.isIndexSignatureDeclaration(first)) return z.record(z.string(), schemaOf(first.type) ?? z.unknown());
    const fields = type.members.map((field) => {
      const schema = schemaOf(field.type) ?? z.unknown();
      return [field.name.text, field.questionToken ? z.optional(schema) : schema];
    });
    return z.object(Object.fromEntries(fields));
  }
  if (ts.isTypeReferenceNode(type)) {
    const [name, parameters] = [type.typeName.text, type.typeArguments ?? []];
    if (name === "Record") return z.record(z.string(), schemaOf(parameters[1]) ?? z.unknown());
    const schema = spec[`${name}Schema`];
    if (schema) return schema;
    throw new Error(`Discord's specification has no schema for its type ${name}`);
  }
  throw new Error(`a type of Discord's specification is not understood: ${ts.SyntaxKind[type.kind]}`);
}
