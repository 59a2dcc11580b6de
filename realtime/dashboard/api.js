// Requests to the API: with patience where asking again is safe, with a key where it must be.

/** The API refused: nothing happened. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.type = String(body.type ?? "")
      .split(":")
      .at(-1);
    this.place = body.place ?? "";
    this.body = body;
  }
}

/** There was no answer; a command may have taken effect or not. */
export class NoAnswer extends Error {}

const ANSWER_MS = 15_000;
const LATER = new Set([502, 503, 504]);
/** Answers of a server that is there, and asks to be asked again. */
const BUSY = new Set(["crowded", "not-yet-shown"]);
const ATTEMPTS = 5;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const backOff = (attempt) => Math.min(8000, 400 * 2 ** attempt) * (0.5 + Math.random() / 2);

/** Return a random name for an intent; also where the page is not of a secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Api {
  #keys = new Map();
  #away = false;

  /**
   * Speaks for one person, and for nobody else who signs in meanwhile; "-": for nobody yet.
   * `told.away(boolean)`: whether the server answers; `told.signedOut()`: the session is over;
   * `told.otherPerson()`: it is somebody else's by now.
   */
  constructor(login, told) {
    Object.assign(this, { login, told });
  }

  /** Return what is at the path; asks until there is an answer, or `wanted()` says no more. */
  async get(path, wanted = () => true) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#send("GET", path);
      } catch (error) {
        if (!mayAskAgain(error) || !wanted()) throw error;
      }
      await pause(backOff(attempt));
    }
  }

  /** Let a command take effect once: an intent keeps its key until it is known what became of it. */
  async command(method, path, body, version = null) {
    const intent = JSON.stringify([method, path, body, version]);
    const key = this.#keys.get(intent) ?? newKey();
    this.#keys.set(intent, key);
    const headers = { "Idempotency-Key": key };
    if (version !== null) headers["If-Match"] = `"${version}"`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const outcome = await this.#send(method, path, body, headers);
        this.#keys.delete(intent);
        return outcome;
      } catch (error) {
        if (!mayAskAgain(error)) this.#keys.delete(intent);
        if (!mayAskAgain(error) || attempt === ATTEMPTS) throw error;
      }
      await pause(backOff(attempt - 1));
    }
  }

  /** Send a request once. */
  once(method, path, body) {
    return this.#send(method, path, body);
  }

  async #send(method, path, body, headers = {}) {
    const response = await this.#answer(method, path, body, headers);
    const text = await response.text().catch(() => {
      throw new NoAnswer("The answer was cut off.");
    });
    const read = parsed(text);
    const problem = response.ok ? null : new Problem(response.status, read ?? {});
    this.#seen(!LATER.has(response.status) || BUSY.has(problem.type));
    if (!problem) return read;
    if (response.status === 401 && path !== "/v1/session") this.told.signedOut();
    if (problem.type === "other-person") this.told.otherPerson();
    throw problem;
  }

  async #answer(method, path, body, headers) {
    try {
      return await fetch(path, {
        method,
        headers: {
          Accept: "application/json",
          "X-Ringi-Page": this.login,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
        redirect: "error",
      });
    } catch {
      this.#seen(false);
      throw new NoAnswer("The server does not answer.");
    }
  }

  #seen(answers) {
    if (this.#away === !answers) return;
    this.#away = !answers;
    this.told.away(this.#away);
  }
}

function mayAskAgain(error) {
  return error instanceof NoAnswer || (error instanceof Problem && LATER.has(error.status));
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
