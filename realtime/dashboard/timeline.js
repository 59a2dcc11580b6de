// What happened to a document, in sentences.

import { words } from "./circulation.js";
import { h } from "./dom.js";
import { valueText, when } from "./format.js";

/** Return the timeline; entries after version `seen` are marked as new. */
export function timeline(entries, definition, name, seen) {
  const told = entries.filter((entry) => entry.type !== "document.step_ended");
  return h(
    "ol",
    { class: "timeline" },
    told.map((entry) => item(entry, definition, name, entry.version > seen)),
  );
}

function item(entry, definition, name, isNew) {
  const { text, quote, kind = "" } = sentence(entry, definition, name);
  const channel = entry.channel === "api" ? null : ` · by ${words(entry.channel).toLowerCase()}`;
  return h(
    "li",
    { class: `entry ${kind}${isNew ? " new" : ""}` },
    h("p", { class: "entry-text" }, text),
    quote ? h("blockquote", {}, quote) : null,
    h("p", { class: "entry-when" }, when(entry.effective_at), channel),
  );
}

function sentence(entry, definition, name) {
  const step = (each) => definition?.steps.find((one) => one.name === each)?.label || words(each);
  const tell = SENTENCES[entry.type];
  return tell
    ? tell(entry.data, name(entry.actor), step, name, definition)
    : { text: words(entry.type) };
}

const SENTENCES = {
  "document.created": (_, who) => ({ text: `${who} drafted it.` }),
  "document.revised": (data, who, _step, _name, definition) => ({
    text: `${who} changed ${Object.keys(data.changes)
      .map((each) => labelOf(each, definition))
      .join(", ")}.`,
    quote: Object.entries(data.changes)
      .map(([each, value]) => valueText(value, kindOf(each, definition)) || "nothing")
      .join("; "),
  }),
  "document.submitted": (data, who) => ({
    text:
      data.round > 1 ? `${who} submitted it again, round ${data.round}.` : `${who} submitted it.`,
  }),
  "document.step_skipped": (data, _who, step) => ({
    text: `${step(data.step)} is not needed.`,
    quote: data.reason,
    kind: "quiet",
  }),
  "document.step_started": (data, _who, step, name) => ({
    text: `${step(data.step)}: it waits for ${data.slots.map((slot) => seatOf(slot, name)).join(", ")}.`,
    kind: "quiet",
  }),
  "document.step_blocked": (data, _who, step) => ({
    text: `${step(data.step)} is blocked.`,
    quote: data.reason,
    kind: "bad",
  }),
  "document.slot_approved": (data, _who, step, name) => ({
    text: `${name(data.by)} approved: ${step(data.step)}.`,
    quote: data.comment,
    kind: "good",
  }),
  "document.slot_rejected": (data, _who, step, name) => ({
    text: `${name(data.by)} rejected it: ${step(data.step)}.`,
    quote: data.reason,
    kind: "bad",
  }),
  "document.approved": () => ({
    text: "Everybody needed has agreed: it is approved.",
    kind: "good",
  }),
  "document.returned": () => ({ text: "It returned to its requester.", kind: "quiet" }),
  "document.withdrawn": (data, who) => ({ text: `${who} withdrew it.`, quote: data.reason }),
  "document.discarded": (_, who) => ({ text: `${who} discarded the draft.` }),
  "document.comment_added": (data, who) => ({ text: `${who} said:`, quote: data.text }),
  "document.milestone_reached": (data, who, _step, _name, definition) => ({
    text: `${who} reported: ${labelOf(data.milestone, definition)}.`,
  }),
};

function kindOf(name, definition) {
  return definition?.fields.find((each) => each.name === name)?.kind;
}

function labelOf(part, definition) {
  const parts = [...(definition?.fields ?? []), ...(definition?.milestones ?? [])];
  return parts.find((each) => each.name === part)?.label || words(part).toLowerCase();
}

/** Return who a slot is for. */
export function seatOf(slot, name) {
  return slot.kind === "person"
    ? name(slot.assignee)
    : `the role ${words(slot.assignee).toLowerCase()}`;
}
