// The boxes for seals, as on the paper form: a box for each step, a place in it for each vote.

import { countingText, seatTexts } from "./counting.js";
import { h } from "./dom.js";
import { assigneeOf } from "./naming.js";
import { seal } from "./seals.js";

const STEP_STATES = {
  ahead: "comes later",
  waiting: "waits",
  blocked: "blocked",
  skipped: "not needed",
  kept: "kept",
  approved: "approved",
  rejected: "rejected",
  left: "not decided",
};

const SEAT_STATES = {
  waits: "waits",
  later: "not yet its turn",
  approved: "approved",
  rejected: "rejected",
  abstained: "abstained",
  recused: "recused",
  closed: "not asked any more",
};

const BLOCK_STATES = { ...STEP_STATES, waiting: "under way", approved: "over" };

/** Return the picture of the round; `isNew(decision)` tells which seals are just being stamped. */
export function circulationPicture(stages, name, isNew) {
  if (!stages.length) return null;
  return [h("h2", { class: "unseen" }, "Who decides"), sequence(stages, { name, isNew })];
}

function sequence(stages, given) {
  return h(
    "ol",
    { class: "seats" },
    stages.map((stage) => (stage.branches.length ? block(stage, given) : box(stage, given))),
  );
}

/** Sequences that are taken side by side stand side by side, as far as there is room. */
function block(stage, given) {
  const { branches, label, state } = stage;
  return h(
    "li",
    { class: `block ${state}`, "aria-label": `${label}: ${BLOCK_STATES[state]}` },
    h(
      "p",
      { class: "block-label" },
      h("span", { class: "seat-label" }, label),
      h("span", { class: "seat-rule" }, ` ${branches.length} branches, side by side`),
      state === "waiting" ? null : h("span", { class: "seat-state" }, ` · ${BLOCK_STATES[state]}`),
    ),
    reason(stage),
    h(
      "ul",
      { class: "branches" },
      branches.map((branch, at) =>
        h(
          "li",
          { class: "branch", "aria-label": `${label}, branch ${at + 1}` },
          sequence(branch, given),
        ),
      ),
    ),
  );
}

function box(stage, given) {
  const { seats, label, state, times } = stage;
  const rule = countingText(stage);
  const many = seats.length > 1;
  return h(
    "li",
    {
      class: `seat ${state}${many ? " many" : ""}`,
      "aria-label": `${label}: ${STEP_STATES[state] ?? state}`,
    },
    h(
      "span",
      { class: "seat-head" },
      h("span", { class: "seat-label" }, label),
      rule ? h("span", { class: "seat-rule" }, rule) : null,
      times > 1 ? h("span", { class: "seat-rule again" }, `taken again, ${times}×`) : null,
    ),
    seats.length ? votes(stage, given) : empty(state),
    many && state !== "waiting"
      ? h("span", { class: "seat-state" }, STEP_STATES[state] ?? state)
      : null,
    reason(stage),
  );
}

const empty = (state) =>
  h("span", { class: "seat-inside" }, h("span", { class: "seat-who" }, STEP_STATES[state]));

function reason({ state, reason: text }) {
  if (!text) return null;
  return h("span", { class: state === "blocked" ? "seat-reason problem" : "seat-reason" }, text);
}

function votes(stage, given) {
  return h(
    "ul",
    { class: "votes" },
    stage.seats.map((seat) => vote(seat, stage, given)),
  );
}

function vote(seat, stage, { name, isNew }) {
  const { decision, state } = seat;
  const who = decision ? decider(decision, name) : assigneeOf(seat, name);
  const stamped = ["approved", "rejected"].includes(state);
  const alone = stage.seats.length < 2;
  return h(
    "li",
    { class: `vote ${state}`, title: seat.why, "aria-label": `${who}: ${SEAT_STATES[state]}` },
    stamped ? seal(decision, name(decision.by), isNew(decision)) : null,
    h("span", { class: "seat-who" }, who),
    stamped || (alone && state === "waits")
      ? null
      : h("span", { class: "vote-state" }, SEAT_STATES[state]),
    seatTexts(seat, stage).map((text) => h("span", { class: "tag" }, text)),
  );
}

const decider = ({ by, forWhom }, name) =>
  forWhom ? `${name(by)} for ${name(forWhom)}` : name(by);
