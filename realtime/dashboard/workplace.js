// What somebody who is signed in sees: a list on one side, a document on the other.

import { CaseScreen, explanation } from "./case.js";
import { words } from "./naming.js";
import { fill, h } from "./dom.js";
import { chooseDefinition, draftForm } from "./drafting.js";
import { followCase, followDocuments, followInbox, followJob } from "./following.js";
import { Frame } from "./frame.js";
import { JobScreen } from "./job.js";
import { Known } from "./known.js";
import { documentsList, inboxList } from "./lists.js";
import { Live } from "./live.js";
import { Paper } from "./paper.js";
import { mark } from "./seals.js";

const PATHS = [
  [/^\/$/, "inbox"],
  [/^\/documents$/, "documents"],
  [/^\/new$/, "choose"],
  [/^\/new\/([a-z][a-z0-9_]*)$/, "draft"],
  [/^\/documents\/([0-9a-f-]{36})$/, "case"],
  [/^\/documents\/([0-9a-f-]{36})\/edit$/, "revise"],
  [/^\/jobs\/([0-9a-f-]{36})$/, "job"],
];

export class Workplace {
  #route = ["inbox"];
  #list = "inbox";
  #cursors = [];
  #after = "";
  #shown = null;
  #screen = null;
  #documents = null;
  #turn = 0;
  #tell = null;

  constructor({ api, person, gateway, links, signOut }) {
    Object.assign(this, { api, person });
    this.known = new Known(api, () => this.#soon());
    this.live = new Live({
      url: gateway,
      login: person.login,
      ticket: () => api.once("POST", "/v1/tickets"),
      told: (state) =>
        state === "stranger" ? api.told.otherPerson() : this.frame.connection(state),
    });
    this.paper = links.jobs ? new Paper({ api, live: this.live }) : null;
    this.inbox = followInbox(api, person, (message) => this.#inboxChanged(message));
    this.frame = new Frame({ person, signOut });
    this.content = this.frame.content;
  }

  async open() {
    addEventListener("hashchange", this.#routed);
    this.live.start();
    this.#routed();
    const isThere = await this.inbox.refresh();
    this.live.follow(this.inbox);
    if (!isThere) this.live.mend(this.inbox);
  }

  close() {
    removeEventListener("hashchange", this.#routed);
    this.live.stop();
    this.#leave();
    this.frame.close();
  }

  // Where one is

  #routed = () => {
    const path = location.hash.slice(1) || "/";
    this.#turn += 1;
    const [pattern, name] = PATHS.find(([each]) => each.test(path)) ?? PATHS[0];
    this.#route = [name, ...(pattern.exec(path) ?? []).slice(1)];
    if (name === "inbox" || name === "documents") this.#list = name;
    this.#leave();
    document.body.dataset.screen = name === this.#list ? "list" : "content";
    if (name === "documents" && !this.#documents) this.#openDocuments();
    const screens = {
      case: this.#openCase,
      job: this.#openJob,
      choose: this.#openChoice,
      draft: this.#openDraft,
      revise: this.#openRevision,
    };
    if (screens[name]) screens[name].call(this, this.#turn, this.#route[1]);
    else fill(this.content, nothingChosen());
    this.#render();
  };

  async #openCase(turn, id) {
    const screen = new CaseScreen({
      person: this.person,
      known: this.known,
      paper: this.paper,
      back: this.#back,
      act: (...given) => this.#act(id, ...given),
    });
    const shown = followCase(this.api, id, (message) => this.#caseChanged(message));
    shown.position = this.#after;
    this.#after = "";
    shown.lost = () => this.#unreadable("You may no longer read this document.");
    await this.#follow(turn, shown, screen);
  }

  async #openJob(turn, id) {
    const shown = followJob(this.api, id, () => this.#soon());
    const retry = async ({ version }) => {
      const path = `/v1/jobs/${id}/retry`;
      ({ position: shown.position } = await this.api.command("POST", path, {}, version));
      if (this.frame.state !== "live") this.live.renew(shown);
    };
    const screen = new JobScreen({
      person: this.person,
      known: this.known,
      back: this.#back,
      retry,
    });
    shown.lost = () => this.#unreadable("You may no longer read this job.");
    await this.#follow(turn, shown, screen);
  }

  /** Show something that is kept current, in place of what was shown. */
  async #follow(turn, shown, screen) {
    this.#shown = shown;
    this.#screen = screen;
    fill(this.content, h("p", { class: "loading" }, "Loading…"));
    const isThere = await shown.refresh();
    if (turn !== this.#turn) return;
    if (!isThere) {
      this.#unreadable(shown.problem.message);
      return;
    }
    fill(this.content, screen.element);
    this.#render();
    this.#toTop();
    this.live.follow(shown);
  }

  async #openChoice(turn) {
    const found = await this.#found(turn, "/v1/definitions?limit=200");
    if (found) this.#put(chooseDefinition(found.items, this.#back));
  }

  async #openDraft(turn, name) {
    const definition = await this.#found(turn, `/v1/definitions/${name}`);
    if (!definition) return;
    const save = async (values, submits) => {
      const given = Object.fromEntries(
        Object.entries(values).filter(([, value]) => value !== null),
      );
      const made = await this.api.command("POST", "/v1/documents", {
        definition: name,
        values: given,
      });
      await this.#saved(made, submits);
    };
    this.#put(draftForm({ title: "A new document", definition, save }));
  }

  async #openRevision(turn, id) {
    const document = await this.#found(turn, `/v1/documents/${id}`);
    const definition =
      document && (await this.#found(turn, `/v1/definitions/${document.definition}`));
    if (!definition) return;
    const save = async (values, submits) => {
      const changes = changed(document.values, values);
      let made = document;
      if (Object.keys(changes).length) {
        made = await this.api.command(
          "PATCH",
          `/v1/documents/${id}`,
          { values: changes },
          document.version,
        );
      }
      await this.#saved(made, submits);
    };
    this.#put(draftForm({ title: "Change it", definition, document, save }));
  }

  /** Go to the document that was saved; what refuses its submission is told there. */
  async #saved({ document, version, position }, submits) {
    let problem = null;
    try {
      if (submits) {
        const path = `/v1/documents/${document}/submit`;
        ({ position } = await this.api.command("POST", path, {}, version));
      }
    } catch (error) {
      problem = error;
    }
    this.#after = position;
    this.#tell = told(submits, problem);
    this.#list = "documents";
    this.#cursors = [];
    this.#openDocuments(position);
    location.hash = `#/documents/${document}`;
  }

  async #found(turn, path) {
    try {
      const found = await this.api.get(path, () => turn === this.#turn);
      return turn === this.#turn ? found : null;
    } catch (error) {
      if (turn === this.#turn) this.#unreadable(error.message);
      return null;
    }
  }

  #unreadable(text) {
    this.#leave();
    this.#put(
      h(
        "article",
        { class: "case" },
        h("a", { class: "back", href: this.#back }, "Back to the list"),
        h("h1", { id: "title", tabindex: "-1" }, "Not to be shown"),
        h("p", {}, text),
      ),
    );
  }

  #put(element) {
    fill(this.content, element);
    this.#toTop();
  }

  #toTop() {
    document.getElementById("title")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  #leave() {
    this.paper?.leave();
    if (this.#shown) {
      this.#shown.left();
      this.live.leave(this.#shown);
    }
    this.#shown = null;
    this.#screen = null;
  }

  get #back() {
    return this.#list === "inbox" ? "#/" : "#/documents";
  }

  // What is done

  async #act(id, name, body, said, { tone = "good", version = null } = {}) {
    const [shown, screen] = [this.#shown, this.#screen];
    try {
      ({ position: shown.position } = await this.api.command(
        "POST",
        `/v1/documents/${id}/${name}`,
        body,
        version,
      ));
    } catch (error) {
      if (screen === this.#screen) await this.#refused(shown, screen, error);
      return false;
    }
    if (screen !== this.#screen) return true;
    screen.say(said, tone);
    if (this.frame.state !== "live") this.live.renew(shown);
    return true;
  }

  async #refused(shown, screen, error) {
    if ([409, 412].includes(error.status)) await this.live.renew(shown);
    if (screen === this.#screen) screen.say(explanation(error), "bad");
  }

  // The lists

  async #openDocuments(position = "") {
    if (this.#documents) {
      this.#documents.left();
      this.live.leave(this.#documents);
    }
    const page = followDocuments(this.api, this.#cursors, position, () => this.#soon());
    this.#documents = page;
    if ((await page.refresh()) && page === this.#documents) this.live.follow(page);
  }

  #turnPage(by) {
    const page = this.#documents.data;
    this.#cursors = by > 0 ? [...this.#cursors, page.next] : this.#cursors.slice(0, -1);
    this.#openDocuments();
  }

  #refreshDocuments() {
    if (this.#documents) this.live.renew(this.#documents);
  }

  #inboxChanged(message) {
    const { tasks } = this.inbox.data ?? { tasks: [] };
    if (message) {
      const news = (message.data.opened ?? []).filter((each) =>
        tasks.some((task) => task.slot === each.slot && task.document === each.document),
      );
      if (news.length) {
        this.frame.announce("Something new waits for your decision.");
        this.#refreshDocuments();
      }
    } else this.#refreshPerson();
    this.#soon();
  }

  /** The inbox was fetched anew, perhaps because one's roles have changed. */
  async #refreshPerson() {
    try {
      Object.assign(this.person, await this.api.get("/v1/me"));
    } catch {
      return; // signed out; else the roles are asked for with the next inbox
    }
    this.#soon();
  }

  #caseChanged(message) {
    const { data } = this.#shown ?? {};
    if (data) this.known.met(data.document);
    if (message?.data.entry && message.data.entry.actor !== this.person.login) {
      this.frame.announce(
        `${this.known.name(message.data.entry.actor)}: ${words(message.type.split(".").at(-1))}.`,
      );
    }
    this.#soon();
  }

  // What is shown

  #soon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.#render(), 0);
  }

  #render() {
    if (!this.frame.element.isConnected) return;
    const here = ["choose", "draft"].includes(this.#route[0]) ? "choose" : this.#list;
    this.frame.show(this.inbox.data?.tasks.length ?? 0, this.inbox.data?.more, here);
    this.#renderList();
    if (this.#shown?.data && this.#screen) {
      this.#screen.show(this.#shown.data);
      if (this.#tell && this.#screen.element.isConnected) {
        this.#screen.say(...this.#tell);
        this.#tell = null;
      }
    }
  }

  #renderList() {
    const isInbox = this.#list === "inbox";
    this.frame.title.textContent = isInbox ? "Inbox" : "Documents";
    fill(this.frame.list, isInbox ? this.#listed(this.inbox) : this.#listed(this.#documents));
  }

  #listed(view) {
    if (view?.problem) return h("p", { class: "problem" }, view.problem.message);
    if (!view?.data) return h("p", { class: "loading" }, "Loading…");
    const current = this.#route[0] === "case" ? this.#route[1] : "";
    if (view === this.inbox) return inboxList(view.data, this.known, current);
    const page = { ...view.data, cursors: this.#cursors };
    return documentsList(page, this.known, current, (by) => this.#turnPage(by));
  }
}

function nothingChosen() {
  return h("div", { class: "nothing" }, mark(), h("p", {}, "Choose a document to read it."));
}

/** Return what to say of a document that was saved, and its tone. */
function told(submits, problem) {
  if (problem) {
    return [`It is saved, and was not submitted. ${explanation(problem)}`, "bad"];
  }
  return submits
    ? ["It is in circulation.", "good"]
    : ["It is saved: nobody is asked to decide before you submit it.", "quiet"];
}

/** Return which values are others now; null empties a field. */
function changed(before, after) {
  return Object.fromEntries(
    Object.entries(after).filter(
      ([name, value]) => JSON.stringify(before[name] ?? null) !== JSON.stringify(value),
    ),
  );
}
