// The connection to the gateway. What is followed goes on from its place after every break.

import { further, isNews } from "./place.js";

const TERMINAL = 4500;
const VOID = 4501;
const CONNECT_MS = 15_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Live {
  #views = new Map();
  #asked = new Map();
  #subscribed = new Set();
  #socket = null;
  #welcomed = false;
  #ended = false;
  #number = 0;
  #failures = 0;
  #wait = null;
  #patience = 0;
  #retry = 0;
  #heartbeat = 25;
  #state = "";

  /**
   * `ticket()` fetches a one-use ticket for `login`; `told(state)`: connecting, live, reconnecting,
   * broken or, for good, stranger: the gateway takes us for somebody else.
   */
  constructor({ url, login, ticket, told }) {
    Object.assign(this, { url, login, ticket, told });
  }

  start() {
    addEventListener("online", this.#hurry);
    this.#become("connecting");
    this.#open();
  }

  stop() {
    this.#ended = true;
    removeEventListener("online", this.#hurry);
    clearTimeout(this.#retry);
    this.#views.clear();
    this.#cut();
  }

  /** Keep a view current: `{topics, place, take(message), refresh(), lost(topics)}`, loaded before. */
  follow(view) {
    this.#views.set(view, { live: false, asked: 0, again: 0 });
    this.#ask(view);
  }

  /** Let a view be; topics that no other view has are heard no more. */
  leave(view) {
    if (this.#views.delete(view)) this.#unsubscribe();
    this.#settle();
  }

  /** Fetch a view's snapshot anew, and go on from there; later again where the server failed. */
  async renew(view) {
    const held = this.#views.get(view);
    if (!held) return;
    Object.assign(held, { live: false, asked: 0 });
    if (held.again > 0) await pause(Math.min(8000, 500 * 2 ** held.again));
    held.again += 1;
    if (!this.#views.has(view)) return;
    const isThere = await view.refresh();
    if (!this.#views.has(view)) return;
    if (isThere) this.#ask(view);
    else this.mend(view);
  }

  /** Fetch the snapshot again if the server failed; what it refused is for good. */
  mend(view) {
    if (view.problem?.status >= 500) this.renew(view);
  }

  // The connection

  #hurry = () => {
    if (this.#socket || this.#ended) return;
    clearTimeout(this.#retry);
    this.#open();
  };

  async #open() {
    let ticket;
    try {
      ({ ticket } = await this.ticket());
    } catch {
      this.#later();
      return;
    }
    if (this.#ended || this.#socket) return;
    let socket;
    try {
      socket = new WebSocket(this.url);
    } catch {
      this.#later(); // the address is none, or the page's policy is against it
      return;
    }
    this.#socket = socket;
    this.#listen(CONNECT_MS);
    socket.onopen = () => this.#send({ connect: { ticket, client: "ringi-page" } });
    socket.onmessage = ({ data }) => this.#heard(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #closed(code) {
    this.#cut();
    if (this.#ended) return;
    if (code >= TERMINAL && code < VOID) {
      this.#become("broken");
      return;
    }
    this.#later();
  }

  #cut() {
    clearTimeout(this.#patience);
    const socket = this.#socket;
    this.#socket = null;
    this.#welcomed = false;
    this.#asked.clear();
    this.#subscribed.clear();
    for (const held of this.#views.values()) Object.assign(held, { live: false, asked: 0 });
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** Connect again after a random wait: as the gateway said, or longer at each failure. */
  #later() {
    if (this.#ended) return;
    if (this.#state === "live") this.#become("reconnecting");
    const [low, high] = this.#wait ?? [
      0,
      Math.min(20_000, 500 * 2 ** Math.min(this.#failures, 10)),
    ];
    this.#wait = null;
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#open(), low + Math.random() * (high - low));
  }

  /** A browser does not say when the other side fell silent; the heartbeat's absence does. */
  #listen(ms) {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#closed(1006), ms);
  }

  #send(request) {
    this.#number += 1;
    this.#socket.send(JSON.stringify({ id: this.#number, ...request }));
    return this.#number;
  }

  // Messages

  #heard(message) {
    this.#listen(3000 * this.#heartbeat);
    if (message.at) this.#pushed(message);
    else if (message.place) this.#reached(message.place);
    else if (message.id) this.#answered(message);
    else if (message.bye) this.#wait = message.bye.reconnect_after_ms;
    else if (message.resync) this.#renewAll([message.topic]);
    else if (message.ended) this.#lost([message.topic]);
  }

  #answered(message) {
    if (!this.#welcomed) {
      if (message.ok.login !== this.login) {
        this.stop();
        this.#become("stranger");
        return;
      }
      this.#welcomed = true;
      this.#failures = 0;
      this.#heartbeat = message.ok.heartbeat_s;
      for (const view of this.#views.keys()) this.#ask(view);
      this.#settle();
      return;
    }
    const view = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    const held = this.#views.get(view);
    if (!held || held.asked !== message.id) return;
    if (message.error) this.#refused(view, message.error);
    else if (message.ok.recovered) this.#recovered(held);
    else this.renew(view);
  }

  #recovered(held) {
    held.live = true;
    held.again = 0;
    this.#settle();
  }

  async #refused(view, error) {
    if (error.code === "forbidden") view.lost(error.topics);
    await pause(2000);
    if (this.#views.has(view)) this.#ask(view);
  }

  #pushed(message) {
    for (const [view, held] of this.#views) {
      if (!held.live || !view.topics.some((topic) => message.topics.includes(topic))) continue;
      if (!isNews(view.place, message.at)) continue;
      view.place = further(view.place, { [message.at[0]]: message.at[1] });
      if (!view.take(message)) this.renew(view);
    }
  }

  #reached(lanes) {
    for (const [view, held] of this.#views) {
      if (held.live) view.place = further(view.place, lanes);
    }
  }

  #renewAll(topics) {
    for (const [view, held] of this.#views) {
      if (held.live && view.topics.some((topic) => topics.includes(topic))) this.renew(view);
    }
  }

  #lost(topics) {
    for (const topic of topics) this.#subscribed.delete(topic);
    for (const view of [...this.#views.keys()]) {
      if (view.topics.some((topic) => topics.includes(topic))) view.lost(topics);
    }
  }

  // Subscriptions

  #ask(view) {
    const held = this.#views.get(view);
    if (!this.#welcomed || !held || !view.place) return;
    this.#unsubscribe();
    held.live = false;
    if (!view.topics.length) {
      this.#recovered(held);
      return;
    }
    held.asked = this.#send({ subscribe: { topics: view.topics, since: view.place } });
    this.#asked.set(held.asked, view);
    for (const topic of view.topics) this.#subscribed.add(topic);
  }

  #unsubscribe() {
    const wanted = new Set([...this.#views.keys()].flatMap((view) => view.topics));
    const topics = [...this.#subscribed].filter((topic) => !wanted.has(topic));
    if (!topics.length || !this.#welcomed) return;
    for (const topic of topics) this.#subscribed.delete(topic);
    this.#send({ unsubscribe: { topics } });
  }

  #settle() {
    if (!this.#welcomed) return;
    if ([...this.#views.values()].every((held) => held.live)) this.#become("live");
  }

  #become(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.told(state);
  }
}
