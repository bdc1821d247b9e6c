// REST as one person: calls, responses, and error messages. It stores nothing.

const API = "/api/v10";
const TRIES = 4;

/** An error from Discord: status, code, message, and which fields are wrong. */
export class ApiError extends Error {
  constructor(status, body) {
    const details = fieldsOf(body?.errors).join(" ");
    super(details || body?.message || `The server answered ${status}.`);
    this.status = status;
    this.code = body?.code ?? 0;
  }
}

/** All `_errors` in the tree, each with its field. */
function fieldsOf(tree, path = []) {
  if (!tree || typeof tree !== "object") return [];
  return Object.entries(tree).flatMap(([key, value]) =>
    key === "_errors"
      ? value.map((one) => (path.length ? `${path.join(".")}: ${one.message}` : one.message))
      : fieldsOf(value, [...path, key]));
}

export class Rest {
  constructor(token) {
    this.token = token;
  }

  get(path) { return this.call("GET", path); }
  post(path, body, files) { return this.call("POST", path, body, files); }
  patch(path, body, files) { return this.call("PATCH", path, body, files); }
  put(path, body) { return this.call("PUT", path, body); }
  delete(path) { return this.call("DELETE", path); }

  /** The JSON of the response, or nothing for 204. Waits for as long as a 429 demands. */
  async call(method, path, body, files = []) {
    const headers = { Authorization: this.token };
    let content;
    if (files.length) {
      content = new FormData();
      content.append("payload_json", JSON.stringify(body ?? {}));
      files.forEach((file, at) => content.append(`files[${at}]`, file, file.name));
    } else if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      content = JSON.stringify(body);
    }
    for (let left = TRIES; ; left -= 1) {
      const answer = await fetch(API + path, { method, headers, body: content, cache: "no-store" });
      const json = answer.status === 204 ? null : await answer.json().catch(() => null);
      if (answer.ok) return json;
      if (answer.status !== 429 || left <= 1) throw new ApiError(answer.status, json);
      await new Promise((done) => setTimeout(done, 1000 * (json?.retry_after ?? 1)));
    }
  }
}

/** For what only the holder of the page's link may call: `/control/…` and `/panel/…`. */
export async function control(token, path, options = {}) {
  const headers = { Authorization: `Bearer ${token}`, ...options.headers };
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  return answer.status === 204 ? null : answer.json();
}
