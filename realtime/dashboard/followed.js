// Something that is shown and kept current: a snapshot, and how a push changes it.

import { further } from "./place.js";

export class Followed {
  data = null;
  place = null;
  problem = null;
  position = "";
  #left = false;

  /** `load(wanted, query)` answers `{data, place}`; `after(data, message)` is pure, null: load again.
   *
   * `query` asks for what is at least as new as `position`, that of something one did, if any.
   */
  constructor({ load, topics, after, changed, lost = () => {} }) {
    Object.assign(this, { load, after, changed, lost });
    this.topicsOf = topics;
  }

  get topics() {
    return this.data === null ? [] : this.topicsOf(this.data);
  }

  /** Fetch the snapshot; true if it is there. What goes wrong for good is in `problem`. */
  async refresh() {
    try {
      const query = this.position ? `after_position=${this.position}` : "";
      const { data, place } = await this.load(() => !this.#left, query);
      if (this.#left) return false;
      Object.assign(this, { data, place: further(place, {}), problem: null });
    } catch (error) {
      if (!this.#left) this.problem = error;
    }
    if (!this.#left) this.changed(null);
    return !this.#left && this.problem === null;
  }

  /** Take in a push; false if the snapshot must be fetched again. */
  take(message) {
    const next = this.after(this.data, message);
    if (next === null) return false;
    if (next !== this.data) {
      this.data = next;
      this.changed(message);
    }
    return true;
  }

  /** Nobody looks any more: what is under way is dropped. */
  left() {
    this.#left = true;
  }
}
