// One background job: what it makes, how far it is, and the file when it is there.

import { titleOf, words } from "./naming.js";
import { fill, fillOnce, h } from "./dom.js";
import { fileSize, when } from "./format.js";
import { explanation } from "./case.js";
import { busy } from "./decide.js";

const STATES = {
  requested: "Queued",
  running: "In progress",
  waiting: "Tried again soon",
  succeeded: "Ready",
  failed: "Failed",
};
const ENDED = new Set(["succeeded", "failed"]);

/** Tell whether nothing more happens by itself. */
export const hasEnded = (job) => ENDED.has(job.state);

/** Return how far a running job is, null if it has not told. */
export function progressOf(job, label) {
  if (hasEnded(job) || !job.total) return null;
  return h("progress", { max: job.total, value: job.done, "aria-label": label });
}

/** The places of one job's screen. */
export class JobScreen {
  #places;

  /** `retry(job)` lets it be tried again; throws what goes wrong. */
  constructor({ person, known, retry, back }) {
    Object.assign(this, { person, known, retry, back });
    const place = (name, further = {}) => h("div", { class: `place-${name}`, ...further });
    this.#places = {
      head: place("head"),
      state: place("state", { role: "status" }),
      progress: place("progress"),
      actions: place("actions"),
    };
    this.element = h("article", { class: "case job" }, Object.values(this.#places));
  }

  show(job) {
    const places = this.#places;
    fill(
      places.head,
      h("a", { id: "back", class: "back", href: this.back }, "Back to the list"),
      this.#head(job),
    );
    fillOnce(places.state, `${job.state} ${job.error}`, () => h("div", {}, this.#told(job)));
    fill(places.progress, progressOf(job, "Progress"));
    fillOnce(places.actions, `${job.state} ${job.version}`, () => this.#actions(job));
  }

  #head(job) {
    const { document: id, format } = job.parameters;
    const document = id && this.known.document(id);
    const definition =
      document && this.known.definition(document.definition, document.definition_version);
    const about = document ? titleOf(document, definition) : `document ${String(id).slice(0, 8)}`;
    const title = id ? `PDF: ${about}` : `${(format ?? "").toUpperCase()} ${job.kind}`.trim();
    return [
      h(
        "p",
        { class: "kicker" },
        "Background job ",
        h("span", { class: `status ${job.state}` }, STATES[job.state] ?? words(job.state)),
      ),
      h("h1", { id: "title", tabindex: "-1" }, title),
      h(
        "p",
        { class: "facts" },
        h("span", {}, `${this.known.name(job.requester)} asked for it `, when(job.requested_at)),
        id ? h("a", { href: `#/documents/${id}` }, "To the document") : null,
      ),
    ];
  }

  #told(job) {
    const tell = {
      requested: () => h("p", {}, "It begins as soon as it is its turn."),
      running: () => h("p", {}, "It is being made. This page shows when it is ready."),
      waiting: () => [
        h("p", { class: "problem" }, `It did not work out yet: ${job.error}`),
        h("p", {}, "It is tried again by itself."),
      ],
      succeeded: () => h("p", {}, job.result ? "It is ready." : "It is done; it makes no file."),
      failed: () => h("p", { class: "problem" }, `It could not be made: ${job.error}`),
    };
    return tell[job.state]?.() ?? h("p", {}, words(job.state));
  }

  #actions(job) {
    if (job.state === "succeeded" && job.result) return download(job, job.result);
    const mayRetry = job.requester === this.person.login || this.person.roles.includes("admin");
    if (job.state !== "failed" || !mayRetry) return [];
    const problem = h("p", { class: "problem", role: "alert" });
    const buttons = h("div", { class: "buttons" });
    const again = async () => {
      problem.textContent = "";
      try {
        await busy(buttons, () => this.retry(job));
      } catch (error) {
        problem.textContent = explanation(error);
      }
    };
    buttons.append(h("button", { id: "retry", type: "button", click: again }, "Try it again"));
    return h("div", {}, buttons, problem);
  }
}

function download({ job }, { name, size }) {
  const link = { id: "result", href: `/v1/jobs/${job}/result`, download: true };
  return h(
    "div",
    { class: "paper" },
    h("a", { ...link, class: "button primary" }, "Download the file"),
    h("span", { class: "hint" }, `${name}, ${fileSize(size)}`),
  );
}
