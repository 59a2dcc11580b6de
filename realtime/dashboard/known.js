// Names, definitions and documents that were met: fetched once when first shown.

const MOST_AT_ONCE = 6;

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
      this.#waiting.push(path);
      this.#fetchSome();
    }
    return this.#found.get(path);
  }

  #fetchSome() {
    while (this.#waiting.length && this.#under_way < MOST_AT_ONCE)
      this.#fetch(this.#waiting.shift());
  }

  async #fetch(path) {
    this.#under_way += 1;
    try {
      this.#found.set(path, await this.api.get(path));
      this.changed();
    } catch {
      // It stays unknown: what it would have been called is shown by its id instead.
    }
    this.#under_way -= 1;
    this.#fetchSome();
  }
}
