// Names, definitions and documents that were met: fetched once when first shown.

const MOST_AT_ONCE = 6;

/** What a push tells of, the server that is asked next may not have yet. */
const ATTEMPTS = 5;
const PAUSE_MS = 300;

export class Known {
  #found = new Map();
  #waiting = [];
  #under_way = 0;

  constructor(api, changed) {
    Object.assign(this, { api, changed });
  }

  /** Return a person's name; the login until it is known. */
  name(login) {
    return this.#look(`/v1/people/${encodeURIComponent(login)}`)?.name || login;
  }

  /** Return a version of a definition, as far as it is known. */
  definition(name, version) {
    if (!version) return undefined;
    return this.#look(`/v1/definitions/${name}?version=${version}`);
  }

  /** Return a document as it was when it was met: good for its title. */
  document(id) {
    return this.#look(`/v1/documents/${id}`);
  }

  /** Note a document that was fetched for another reason. */
  met(document) {
    this.#found.set(`/v1/documents/${document.document}`, document);
  }

  #look(path) {
    if (!this.#found.has(path)) {
      this.#found.set(path, undefined);
      this.#fetchSoon(path, 1);
    }
    return this.#found.get(path);
  }

  #fetchSoon(path, attempt) {
    this.#waiting.push([path, attempt]);
    this.#fetchSome();
  }

  #fetchSome() {
    while (this.#waiting.length && this.#under_way < MOST_AT_ONCE)
      this.#fetch(...this.#waiting.shift());
  }

  async #fetch(path, attempt) {
    this.#under_way += 1;
    try {
      this.#found.set(path, await this.api.get(path));
      this.changed();
    } catch {
      // At last it stays unknown: what it would have been called is shown by its id instead.
      if (attempt < ATTEMPTS)
        setTimeout(() => this.#fetchSoon(path, attempt + 1), PAUSE_MS * 2 ** attempt);
    }
    this.#under_way -= 1;
    this.#fetchSome();
  }
}
