// One document: its content, its way, what happened, what may be done.

import { Problem } from "./api.js";
import { possible, stagesOf } from "./circulation.js";
import { actionsPanel, commentForm, decisionText } from "./decide.js";
import { fill, fillOnce, h } from "./dom.js";
import { instant, money, sentence, valueText, when } from "./format.js";
import { statusBadge } from "./lists.js";
import { amountOf, titleOf, words } from "./naming.js";
import { circulationPicture } from "./seats.js";
import { timeline } from "./timeline.js";

/** The places of one document's screen; what is typed in one of them outlives changes elsewhere. */
export class CaseScreen {
  #seen = null;
  #places;
  #text = decisionText();

  /** `act(name, body, said, {tone, version})`; `paper` offers the PDF, or is null. */
  constructor({ person, known, act, paper, back }) {
    Object.assign(this, { person, known, act, paper, back });
    const place = (name) => h("div", { class: `place-${name}` });
    this.#places = {
      head: place("head"),
      seats: place("seats"),
      outcome: h("p", {
        id: "outcome",
        class: "outcome",
        tabindex: "-1",
        role: "alert",
        hidden: true,
      }),
      actions: place("actions"),
      fields: place("fields"),
      paper: place("paper"),
      timeline: place("timeline"),
      comment: place("comment"),
    };
    this.element = h("article", { class: "case" }, Object.values(this.#places));
  }

  show({ document, entries }) {
    const { known, person } = this;
    const definition = known.definition(document.definition, document.definition_version);
    const name = (login) => known.name(login);
    const stages = stagesOf(document, entries, definition);
    const may = possible(document, stages, definition, person);
    const last = entries.at(-1)?.version ?? 0;
    const seen = this.#seen ?? last;
    const places = this.#places;
    fill(
      places.head,
      h("a", { id: "back", class: "back", href: this.back }, "Back to the list"),
      head(document, definition, name),
    );
    const isNew = (decision) =>
      entries.some((each) => each.version > seen && each.effective_at === decision.at);
    fill(places.seats, circulationPicture(stages, name, isNew));
    const key = JSON.stringify([document.revision, document.status, document.round, may]);
    fillOnce(places.actions, key, () =>
      h("div", {}, actionsPanel(may, document, this.#text, this.act)),
    );
    fill(places.fields, content(document, definition, name));
    fill(places.paper, this.paper?.element(document.document));
    fill(places.timeline, h("h2", {}, "What happened"), timeline(entries, definition, name, seen));
    fillOnce(places.comment, String(may.comment), () => (may.comment ? commentForm(this.act) : []));
    this.#seen = last;
  }

  /** Say what became of something that was tried, and bring the reader there.
   *
   * `tone`: good, quiet or bad.
   */
  say(text, tone) {
    const { outcome } = this.#places;
    outcome.hidden = !text;
    outcome.textContent = text;
    outcome.className = `outcome ${tone}`;
    if (text) outcome.focus({ preventScroll: false });
  }
}

function head(document, definition, name) {
  const amount = amountOf(document, definition);
  return [
    h(
      "p",
      { class: "kicker" },
      definition?.label || words(document.definition),
      " ",
      statusBadge(document.status),
    ),
    h("h1", { id: "title", tabindex: "-1" }, titleOf(document, definition)),
    h(
      "p",
      { class: "facts" },
      h("span", {}, `${name(document.requester)} asks`),
      amount ? h("strong", { class: "amount" }, money(amount)) : null,
      document.round > 1 ? h("span", {}, `round ${document.round}`) : null,
      h("span", {}, "last change ", when(document.changed_at)),
    ),
  ];
}

function content(document, definition, name) {
  const fields =
    definition?.fields ??
    Object.keys(document.values).map((each) => ({ name: each, kind: "text" }));
  const known = new Set(fields.map((field) => field.name));
  const rest = Object.keys(document.values).filter((each) => !known.has(each));
  const rows = [...fields, ...rest.map((each) => ({ name: each, kind: "text" }))];
  return [
    h("h2", { class: "unseen" }, "Content"),
    h(
      "dl",
      { class: "values" },
      rows.map((field) => value(field, document.values[field.name], name)),
    ),
    h(
      "p",
      { class: "fine" },
      "Revision ",
      h("code", { title: document.revision }, document.revision.slice(0, 12)),
      ` · version ${document.version} · ${words(document.definition)} ${document.definition_version} · created ${instant(document.created_at)}`,
    ),
  ];
}

function value(field, found, name) {
  const text =
    field.kind === "person" && found ? name(found) : valueText(found, field.kind, field.fields);
  return h(
    "div",
    { class: `value ${field.kind}` },
    h("dt", {}, field.label || words(field.name)),
    h("dd", {}, text || h("span", { class: "hint" }, "empty")),
  );
}

/** Return what to tell somebody whose command was not taken; `changed`: the screen shows it now. */
export function explanation(error) {
  if (!(error instanceof Problem)) {
    return "There was no answer, so it is not known whether this took effect. Pressing it again is safe: it is done once.";
  }
  const title = error.body.title ?? "It was refused";
  return EXPLANATIONS[error.type] ?? `${title}. ${sentence(error.message)}`;
}

const EXPLANATIONS = {
  "stale-revision":
    "The content has changed since you read it. Below is what it is now; nothing was decided.",
  "stale-version":
    "Something happened to it since you read it. Below is how it stands now; nothing was done.",
  "step-not-open": "Somebody was faster: this step no longer waits. Below is how it stands now.",
  "wrong-status": "It is no longer in a state for this. Below is how it stands now.",
  "self-approval": "Nobody decides on their own document.",
};
