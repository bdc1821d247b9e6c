// Where a value differs from a schema: fields that are missing, unknown, or of another type, by their place in
// Discord's named object types (`UserResponse.flags`), so that an error in a user is one difference wherever users
// appear.

import * as z from "zod/mini";

import { names } from "./operations.mjs";

/**
 * The differences; empty if the value matches the schema. Each is `{ difference, path, what }`: the text, and where in the
 * value it was found (`embeds.0.title`). `at` names the place of an unnamed type.
 */
export function differences(schema, value, at) {
  return compare(schema, value, at, []).map(({ place, path, what }) => ({ difference: `${place} ${what}`, path: path.join("."), what }));
}

function compare(schema, value, at, path) {
  const { def } = schema;
  const place = isLeaf(def) ? at : (names.get(schema) ?? at);
  switch (def.type) {
    case "lazy":
      return compare(def.getter(), value, at, path);
    case "optional":
      return value === undefined ? [] : compare(def.innerType, value, place, path);
    case "nullable":
      return value === null ? [] : compare(def.innerType, value, place, path);
    case "object":
      return isObject(value) ? compareFields(def.shape, value, place, path) : [wrongType("object", place, path)];
    case "record":
      return isObject(value)
        ? inside(Object.entries(value).flatMap(([key, item]) => compare(def.valueType, item, `${place}{}`, [...path, key])))
        : [wrongType("object", place, path)];
    case "array":
      return Array.isArray(value)
        ? inside([
            ...limits(def, value, place, path),
            ...value.flatMap((item, number) => compare(def.element, item, `${place}[]`, [...path, number])),
          ])
        : [wrongType("list", place, path)];
    case "intersection":
      return compareBoth(def, value, place, path);
    case "union":
      return nearest(def.options.map((option) => compare(option, value, place, path)));
    default:
      return compareLeaf(schema, value, place, path);
  }
}

/** Ids and numbers have named types, too: if one of them differs, that is not an error of all. */
const isLeaf = ({ type }) => !["lazy", "object", "record", "array", "intersection", "union"].includes(type);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const wrongType = (kind, place, path) => ({ place, path, what: `is not of type ${kind}`, mismatch: true });

function compareFields(shape, value, place, path) {
  const unknown = Object.keys(value)
    .filter((key) => !(key in shape))
    .map((key) => ({ place: `${place}.${key}`, path: [...path, key], what: "is unknown" }));
  const known = Object.entries(shape).flatMap(([key, schema]) => {
    const missing = value[key] === undefined && !isOptional(schema);
    if (missing) return [{ place: `${place}.${key}`, path: [...path, key], what: "is missing" }];
    const found = compare(schema, value[key], `${place}.${key}`, [...path, key]);
    // A field with an object's type, such as `type: 3`, decides between the members of a union.
    return schema.def.type === "literal" ? found : inside(found);
  });
  return [...unknown, ...known];
}

/** An error inside a value does not change the kind of the value. */
const inside = (found) => found.map((one) => ({ ...one, mismatch: false }));

const isOptional = ({ def }) => def.type === "optional" || def.type === "unknown";

/** A field is unknown if both sides do not know it; all other differences count on either side. */
function compareBoth({ left, right }, value, place, path) {
  const sides = [left, right].map((side) => compare(side, value, place, path).map((found) => ({ ...found, place: renamed(found, side, place) })));
  const isUnknown = (found) => found.what === "is unknown";
  const both = sides[0].filter((one) => isUnknown(one) && sides[1].some((other) => isUnknown(other) && other.place === one.place));
  return [...both, ...sides.flat().filter((found) => !isUnknown(found))];
}

function renamed({ place }, side, intersection) {
  const resolved = side.def.type === "lazy" ? side.def.getter() : side;
  const name = names.get(resolved);
  return name && place.startsWith(`${name}.`) ? `${intersection}${place.slice(name.length)}` : place;
}

/** The member of a union that the value is closest to: of the same kind, then with the fewest differences. */
function nearest(all) {
  const distance = (found) => found.length + (found.some((one) => one.mismatch) ? 1000 : 0);
  return all.reduce((best, next) => (distance(next) < distance(best) ? next : best));
}

/** Lengths of lists. */
function limits(def, value, place, path) {
  const checked = z.array(z.unknown()).check(...(def.checks ?? []));
  return compareLeaf(checked, value, place, path);
}

// Discord writes `+00:00`, <https://discord.com/developers/docs/reference#iso8601-datetime>; zod's default wants `Z`.
const DATETIME = z.iso.datetime({ offset: true });

function compareLeaf(schema, value, place, path) {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return [];
  return parsed.error.issues
    .filter((issue) => issue.format !== "datetime" || !z.safeParse(DATETIME, value).success)
    .map((issue) => ({ place, path, what: describe(issue), mismatch: ["invalid_type", "invalid_value"].includes(issue.code) }));
}

function describe(issue) {
  switch (issue.code) {
    case "invalid_type":
      return `is not of type ${issue.expected}`;
    case "too_big":
      return `is over ${issue.maximum}`;
    case "too_small":
      return `is below ${issue.minimum}`;
    case "invalid_value":
      return "is not one of its values";
    default:
      return `is not a valid ${issue.format ?? issue.code}`;
  }
}
