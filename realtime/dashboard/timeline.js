// What happened to a document, in sentences.

import { h } from "./dom.js";
import { valueText, when } from "./format.js";
import { assigneeOf, stepLabel, words } from "./naming.js";

/** Return the timeline; entries after version `seen` are marked as new. */
export function timeline(entries, definition, name, seen) {
  const told = entries.filter(
    (entry, at) => entry.type !== "document.step_ended" || hadSeveral(entry.data.step, entries, at),
  );
  return h(
    "ol",
    { class: "timeline" },
    told.map((entry) => item(entry, definition, name, entry.version > seen)),
  );
}

/** The only vote of a step says how the step ended; where there were several, somebody must. */
function hadSeveral(step, entries, before) {
  const started = entries.findLast(
    ({ type, data }, at) =>
      at < before && type === "document.step_started" && data.step === step,
  );
  return started?.data.slots.length > 1;
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
  const step = (each) => stepLabel(each, definition);
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
  "document.block_started": (data, _who, step) => ({
    text: `${step(data.step)}: what is in it is decided side by side.`,
    kind: "quiet",
  }),
  "document.step_kept": (data, _who, step) => ({
    text: `${step(data.step)} counts as it was decided before.`,
    quote: data.reason,
    kind: "quiet",
  }),
  "document.step_started": ({ step: begun, slots }, _who, step, name) => {
    const first = slots.filter((slot) => (slot.turn ?? 1) === 1);
    const more = slots.length > first.length ? ", then for others" : "";
    return { text: `${step(begun)}: it waits for ${all(first, name)}${more}.`, kind: "quiet" };
  },
  "document.slots_opened": (data, _who, step, name) => ({
    text: `${step(data.step)}: it waits for ${all(data.slots, name)} now.`,
    kind: "quiet",
  }),
  "document.step_blocked": (data, _who, step) => ({
    text: `${step(data.step)} is blocked.`,
    quote: data.reason,
    kind: "bad",
  }),
  "document.slot_approved": (data, _who, step, name) => ({
    text: `${voter(data, name)} approved: ${step(data.step)}.`,
    quote: data.comment,
    kind: "good",
  }),
  "document.slot_rejected": (data, _who, step, name) => ({
    text: `${voter(data, name)} rejected it: ${step(data.step)}.`,
    quote: data.reason,
    kind: "bad",
  }),
  "document.slot_abstained": (data, _who, step, name) => ({
    text: `${voter(data, name)} abstained: ${step(data.step)}.`,
    quote: data.comment,
  }),
  "document.slot_recused": (data, _who, step, name) => ({
    text: `${voter(data, name)} will not judge here: ${step(data.step)}.`,
    quote: data.reason,
  }),
  "document.slot_reopened": (data, _who, step, name) => ({
    text: `${voter(data, name)} took the vote back: ${step(data.step)}.`,
    quote: data.reason,
  }),
  "document.slot_delegated": (data, _who, step, name) => ({
    text: `${name(data.by)} lets ${name(data.slot.assignee)} decide in their name: ${step(data.step)}.`,
    quote: data.reason,
  }),
  "document.slot_handed_back": (data, _who, step, name) => ({
    text: `${name(data.by)} gave it back to ${name(data.slot.assignee)}: ${step(data.step)}.`,
    quote: data.reason,
  }),
  "document.slot_reassigned": (data, _who, step, name) => ({
    text: `${name(data.by)} let ${name(data.slot.assignee)} decide instead: ${step(data.step)}.`,
    quote: data.reason,
  }),
  "document.slot_claimed": (data, _who, step, name) => ({
    text: `${name(data.by)} took it on: ${step(data.step)}.`,
  }),
  "document.slot_released": (data, _who, step, name) => ({
    text: `${name(data.by)} left it to all who hold the role: ${step(data.step)}.`,
    quote: data.reason,
  }),
  "document.step_ended": (data, _who, step) => ({
    text: `${step(data.step)} is ${data.outcome}: that is certain now.`,
    kind: "quiet",
  }),
  "document.approved": () => ({
    text: "Everybody needed has agreed: it is approved.",
    kind: "good",
  }),
  "document.returned": () => ({ text: "It returned to its requester.", kind: "quiet" }),
  "document.rejected": () => ({ text: "It is rejected for good.", kind: "bad" }),
  "document.went_back": (data, _who, step) => ({
    text: `It went back from ${step(data.step)} to ${step(data.to)}.`,
    quote: `Taken again: ${data.again.map(step).join(", ")}`,
    kind: "quiet",
  }),
  "document.withdrawn": (data, who) => ({ text: `${who} withdrew it.`, quote: data.reason }),
  "document.discarded": (_, who) => ({ text: `${who} discarded the draft.` }),
  "document.comment_added": (data, who) => ({ text: `${who} said:`, quote: data.text }),
  "document.milestone_reached": (data, who, _step, _name, definition) => ({
    text: `${who} reported: ${labelOf(data.milestone, definition)}.`,
  }),
};

const all = (slots, name) => slots.map((slot) => assigneeOf(slot, name)).join(", ");

const voter = ({ by, on_behalf_of: forWhom }, name) =>
  forWhom ? `${name(by)}, for ${name(forWhom)},` : name(by);

function kindOf(name, definition) {
  return definition?.fields.find((each) => each.name === name)?.kind;
}

function labelOf(part, definition) {
  const parts = [...(definition?.fields ?? []), ...(definition?.milestones ?? [])];
  return parts.find((each) => each.name === part)?.label || words(part).toLowerCase();
}
