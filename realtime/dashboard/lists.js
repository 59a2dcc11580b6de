// The two lists: what waits for a decision, and the documents one has to do with.

import { h } from "./dom.js";
import { money, when } from "./format.js";
import { amountOf, stepLabel, titleOf, words } from "./naming.js";

export const STATUS = {
  draft: "Draft",
  pending: "In circulation",
  returned: "Returned",
  withdrawn: "Withdrawn",
  discarded: "Discarded",
  approved: "Approved",
  rejected: "Rejected",
};

/** Return what a status is shown as. */
export function statusBadge(status) {
  return h("span", { class: `status ${status}` }, STATUS[status] ?? words(status));
}

function blockedBadge({ blocked = {} }) {
  const names = Object.keys(blocked);
  return names.length ? [h("span", { class: "status blocked" }, "Blocked"), " "] : null;
}

/** Return the inbox; `known` gives names, definitions and documents as far as they are there. */
export function inboxList(inbox, known, current) {
  if (!inbox.tasks.length)
    return empty("Nothing waits for you.", "New requests appear here by themselves.");
  const count = inbox.more
    ? h("p", { class: "hint" }, `The oldest ${inbox.tasks.length}; there are more.`)
    : null;
  return [
    h(
      "ul",
      { class: "rows" },
      inbox.tasks.map((task) => taskRow(task, known, current)),
    ),
    count,
  ];
}

function taskRow(task, known, current) {
  const document = known.document(task.document);
  const definition = known.definition(task.definition, document?.definition_version);
  const title = document
    ? titleOf(document, definition)
    : definition?.label || words(task.definition);
  return row(`task-${task.document}-${task.slot}`, task.document, current, [
    line(title, document && amountOf(document, definition)),
    h(
      "span",
      { class: "row-facts" },
      `${known.name(task.requester)} asks · ${stepLabel(task.step, definition)}`,
    ),
    h("span", { class: "row-when" }, "came ", when(task.opened_at)),
  ]);
}

/** Return the documents of a page, with the way to older and newer ones. */
export function documentsList(page, known, current, turn) {
  if (!page.items.length)
    return empty("No documents yet.", "What you request or decide is listed here.");
  const rows = page.items.map((document) => documentRow(document, known, current));
  return [
    h("ul", { class: "rows" }, rows),
    h(
      "p",
      { class: "pages" },
      page.cursors.length
        ? h("button", { id: "newer", type: "button", click: () => turn(-1) }, "Newer")
        : null,
      page.next
        ? h("button", { id: "older", type: "button", click: () => turn(1) }, "Older")
        : null,
    ),
  ];
}

function documentRow(document, known, current) {
  const definition = known.definition(document.definition, document.definition_version);
  return row(`document-${document.document}`, document.document, current, [
    line(titleOf(document, definition), amountOf(document, definition)),
    h(
      "span",
      { class: "row-facts" },
      `${definition?.label || words(document.definition)} · ${known.name(document.requester)}`,
    ),
    h(
      "span",
      { class: "row-when" },
      statusBadge(document.status),
      " ",
      blockedBadge(document),
      when(document.changed_at),
    ),
  ]);
}

function line(title, amount) {
  return h(
    "span",
    { class: "row-line" },
    h("span", { class: "row-title" }, title),
    amount ? h("span", { class: "amount" }, money(amount)) : null,
  );
}

function row(id, document, current, children) {
  const here = document === current ? "true" : null;
  return h(
    "li",
    {},
    h("a", { id, href: `#/documents/${document}`, "aria-current": here }, children),
  );
}

function empty(title, text) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), h("p", {}, text));
}
