// What stands around the content: the header with its tabs, the list's place, the notice.

import { fill, h } from "./dom.js";
import { mark } from "./seals.js";

/** A first connection is not told before so long: most are there sooner. */
const FIRST_NOTICE_MS = 1500;

const NOTICES = {
  live: "",
  connecting: "Connecting…",
  reconnecting: "Reconnecting: what is shown may be a little old.",
  broken: "This page is too old for the server: reload it.",
};

export class Frame {
  #away = false;
  #slow = 0;
  state = "";

  constructor({ person, signOut }) {
    this.notice = document.getElementById("connection");
    this.count = h("span", { class: "count" });
    this.tabs = {
      inbox: h("a", { id: "tab-inbox", href: "#/" }, "Inbox", " ", this.count),
      documents: h("a", { id: "tab-documents", href: "#/documents" }, "Documents"),
      choose: h("a", { id: "tab-new", href: "#/new" }, "New"),
    };
    this.list = h("div", { id: "list" });
    this.title = h("h2", { id: "list-title" });
    this.content = h("main", { id: "content" });
    const side = { class: "side", "aria-labelledby": "list-title" };
    this.element = h(
      "div",
      { class: "shell" },
      h("section", side, this.title, this.list),
      this.content,
    );
    this.#head(person, signOut);
  }

  close() {
    clearTimeout(this.#slow);
    this.notice.hidden = true;
    document.getElementById("header").replaceChildren();
    document.title = "Ringi";
  }

  #head(person, signOut) {
    const out = { id: "sign-out", type: "button", class: "plain", click: signOut };
    fill(
      document.getElementById("header"),
      h("a", { class: "brand", href: "#/", "aria-label": "Ringi" }, mark(), h("span", {}, "Ringi")),
      h("nav", { "aria-label": "Main" }, Object.values(this.tabs)),
      h("div", { class: "me" }, h("span", { id: "me" }, person.name), h("button", out, "Sign out")),
    );
  }

  /** Show how many tasks wait, and which tab one is in. */
  show(waiting, more, here) {
    this.count.textContent = waiting ? `${waiting}${more ? "+" : ""}` : "";
    document.title = waiting ? `(${waiting}) Ringi` : "Ringi";
    for (const [name, tab] of Object.entries(this.tabs)) {
      if (name === here) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
  }

  /** Tell those who do not see the screen what has changed on it. */
  announce(text) {
    document.getElementById("announcement").textContent = text;
  }

  serverAway(isAway) {
    this.#away = isAway;
    this.#tell();
  }

  /** Note the state of the connection to the gateway. */
  connection(state) {
    this.state = state;
    clearTimeout(this.#slow);
    if (state === "connecting") this.#slow = setTimeout(() => this.#tell(), FIRST_NOTICE_MS);
    else this.#tell();
  }

  #tell() {
    const text = this.#away ? "The server does not answer. Trying again…" : NOTICES[this.state];
    this.notice.textContent = text;
    this.notice.hidden = !text;
  }
}
