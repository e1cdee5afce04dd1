// ---------------------------------------------------------------- schemas

const DEEPEST = 4;

function resolve(schema) {
  const to = schema && schema.$ref;
  return to ? to.slice(2).split("/").reduce((at, key) => (at || {})[key], api) || {} : schema || {};
}

// The schema without "or null".
function solid(schema) {
  const several = schema.oneOf || schema.anyOf;
  if (!several) return schema;
  const real = several.filter((one) => one.type !== "null");
  return real.length === 1 ? real[0] : schema;
}

function typeOf(schema) {
  const one = resolve(solid(schema || {}));
  if (one.enum) return one.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (one.oneOf || one.anyOf) return (one.oneOf || one.anyOf).map(typeOf).join(" | ");
  const types = [].concat(one.type || "any").filter((type) => type !== "null").join(" | ");
  const items = one.items ? " of " + typeOf(one.items) : "";
  const bounds = [];
  for (const [key, sign] of [["minimum", "≥"], ["maximum", "≤"], ["minLength", "length ≥"], ["maxLength", "length ≤"]]) {
    if (one[key] !== undefined) bounds.push(`${sign} ${one[key]}`);
  }
  const format = one.format && !/^int|^float|^double/.test(one.format) ? ` (${one.format})` : "";
  return types + items + format + (bounds.length ? ", " + bounds.join(", ") : "");
}

// The words that a value is one of; nothing where it is free.
function choices(schema) {
  const one = resolve(solid(schema || {}));
  return one.enum || (one.type === "boolean" ? [true, false] : []);
}

// An array stands for its items, what is one of several for the first, and what is put together of parts has the fields of
// all.
function fields(schema) {
  let one = resolve(solid(schema || {}));
  if (one.oneOf) one = resolve(one.oneOf[0]);
  if (one.items) one = resolve(solid(one.items));
  const parts = (one.allOf || []).map(fields);
  return {
    properties: [...parts.flatMap((part) => part.properties), ...Object.entries(one.properties || {})],
    required: [...parts.flatMap((part) => part.required), ...(one.required || [])],
  };
}

function shape(schema, depth) {
  const { properties, required } = fields(schema);
  if (!properties.length || depth > DEEPEST) return null;
  return el("ul", { className: "shape" }, properties.map(([name, field]) => el("li", null,
    el("span", { className: "name" }, name), required.includes(name) ? "" : el("small", null, " optional"),
    el("small", null, " ", typeOf(field), " "), inline(field.description || resolve(solid(field)).description),
    shape(field, depth + 1))));
}

// Everything in a schema that somebody may search for: names, words, descriptions.
function words(schema, depth) {
  const { properties } = fields(schema);
  const own = [(schema || {}).description, ...choices(schema)];
  if (depth > DEEPEST) return own;
  return own.concat(properties.flatMap(([name, field]) => [name, ...words(field, depth + 1)]));
}

// The names of the security schemes that an operation asks for.
function needs(operation) {
  return (operation.security || []).flatMap(Object.keys);
}
