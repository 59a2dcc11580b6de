// How a document goes round: the steps of its present round with their seats, and what somebody
// may do. Pure.

import { labelled, walk, words } from "./naming.js";

/** Return the steps of the round, in the definition's order: `{name, label, state, reason, seats,
 * times, counting, inOrder, branches}`. What was discarded has none.
 *
 * A step's state is ahead, waiting, blocked, skipped, kept, approved, rejected or left; `times` says
 * how often it was taken in this round; `branches` are sequences of steps that are taken side by
 * side. A seat is a slot with its `state` (waits, later, approved, rejected, abstained, recused or
 * closed) and its `decision`: null, or `{by, forWhom, at, verdict, text}`.
 */
export function stagesOf(document, entries, definition) {
  if (document.status === "discarded") return [];
  const round = new Round(definition?.steps ?? []);
  for (const entry of entries) TELL[entry.type]?.(round, entry.data, entry.effective_at);
  round.settle();
  return round.stages;
}

class Round {
  stages = [];
  #named = new Map();
  #before = new Map();

  constructor(steps) {
    this.steps = steps;
    this.begin();
  }

  begin() {
    this.#before = this.#named;
    this.#named = new Map();
    this.stages = this.steps.map((step) => this.#ahead(step));
  }

  #ahead(step) {
    const stage = {
      name: step.name,
      label: labelled(step),
      state: "ahead",
      reason: "",
      seats: [],
      times: 1,
      counting: step.counting ?? {},
      inOrder: step.in_order ?? false,
      branches: [],
    };
    this.#named.set(step.name, stage);
    stage.branches = (step.branches ?? []).map((branch) => branch.map((each) => this.#ahead(each)));
    return stage;
  }

  /** Return a step; one that the definition does not tell of, or not yet, comes last. */
  stage(name) {
    if (!this.#named.has(name)) this.stages.push(this.#ahead({ name, label: words(name) }));
    return this.#named.get(name);
  }

  seat(step, slot) {
    return this.stage(step).seats.find((each) => each.id === slot);
  }

  /** Return the seats that a step had in the round before. */
  before(name) {
    return this.#before.get(name)?.seats ?? [];
  }

  all() {
    return [...walk(this.stages)];
  }

  /** Give blocks the state that follows from what is in them. */
  settle() {
    for (const block of this.all().filter((each) => each.branches.length)) {
      const inside = [...walk(block.branches.flat())];
      if (block.state === "skipped") {
        for (const each of inside) each.state = "skipped";
      } else if (block.state === "waiting" && inside.every(isOver)) block.state = "approved";
    }
  }
}

const isOver = ({ state, branches }) =>
  ["approved", "skipped", "kept"].includes(state) || (branches.length > 0 && state === "waiting");

const TELL = {
  "document.submitted": (round) => round.begin(),
  "document.step_skipped": (round, { step, reason }) => {
    Object.assign(round.stage(step), { state: "skipped", reason });
  },
  "document.block_started": (round, { step }) => {
    round.stage(step).state = "waiting";
  },
  "document.step_kept": (round, { step, reason }) => {
    Object.assign(round.stage(step), { state: "kept", reason, seats: round.before(step) });
  },
  "document.step_started": (round, { step, slots }) => {
    const seats = slots.map((slot) => ({
      ...slot,
      state: (slot.turn ?? 1) > 1 ? "later" : "waits",
      decision: null,
    }));
    Object.assign(round.stage(step), { state: "waiting", reason: "", seats });
  },
  "document.slots_opened": (round, { step, slots }) => {
    for (const { id } of slots) Object.assign(round.seat(step, id) ?? {}, { state: "waits" });
  },
  "document.step_blocked": (round, { step, reason }) => end(round.stage(step), "blocked", reason),
  "document.slot_approved": (round, data, at) => vote(round, data, at, "approved", data.comment),
  "document.slot_rejected": (round, data, at) => vote(round, data, at, "rejected", data.reason),
  "document.slot_abstained": (round, data, at) => vote(round, data, at, "abstained", data.comment),
  "document.slot_recused": (round, data, at) => vote(round, data, at, "recused", data.reason),
  "document.slot_reopened": (round, { step, slot }) => {
    Object.assign(round.seat(step, slot.id) ?? {}, { state: "waits", decision: null });
  },
  "document.slot_delegated": handOver,
  "document.slot_handed_back": handOver,
  "document.slot_reassigned": handOver,
  "document.slot_claimed": handOver,
  "document.slot_released": handOver,
  "document.step_ended": (round, { step, outcome }) => end(round.stage(step), outcome),
  "document.went_back": (round, { again }) => {
    for (const name of again) {
      const stage = round.stage(name);
      Object.assign(stage, { state: "ahead", reason: "", seats: [], times: stage.times + 1 });
    }
  },
  "document.returned": (round) => leave(round),
  "document.rejected": (round) => leave(round),
  "document.withdrawn": (round) => leave(round),
};

function handOver(round, { step, slot }) {
  Object.assign(round.seat(step, slot.id) ?? {}, slot, { state: "waits", decision: null });
}

function vote(round, { step, slot, by, on_behalf_of: forWhom }, at, verdict, text) {
  const decision = { by, forWhom, at, verdict, text };
  Object.assign(round.seat(step, slot) ?? {}, { state: verdict, decision });
}

/** End a step: what nobody decided in it is not asked any more. */
function end(stage, state, reason = "") {
  for (const seat of stage.seats) if (!seat.decision) seat.state = "closed";
  Object.assign(stage, { state, reason });
}

function leave(round) {
  for (const stage of round.all()) {
    if (["waiting", "blocked"].includes(stage.state)) end(stage, "left");
  }
}

/** Return what the person may do with the document, as far as the page can tell.
 *
 * `decide`: the steps that wait for them, as `{name, label, own, several}`; `own`: a slot is theirs as a
 * person; `several`: not they alone decide. `recall`: the steps in which they may take their vote
 * back, as `{name, label, verdict}`.
 */
export function possible(document, stages, definition, person) {
  const own = document.requester === person.login;
  const { status } = document;
  const resting = ["draft", "returned", "withdrawn"].includes(status);
  const next = definition?.milestones?.[document.milestones.length];
  const all = [...walk(stages)];
  const waiting = status === "pending" ? all.filter((each) => each.state === "waiting") : [];
  return {
    decide: waiting.flatMap((stage) => decidable(stage, person)),
    recall: waiting.flatMap((stage) => recallable(stage, person)),
    revise: own && resting,
    submit: own && resting,
    discard: own && status === "draft",
    withdraw: own && ["pending", "returned"].includes(status),
    comment:
      status !== "discarded" &&
      (own || !person.roles.includes("auditor") || all.some((each) => sits(each, person))),
    milestone: status === "approved" && next && person.roles.includes(next.role) ? next : null,
  };
}

function decidable({ name, label, seats }, person) {
  const mine = seats.filter((seat) => seat.state === "waits" && isFor(seat, person));
  if (!mine.length) return [];
  const own = mine.some((seat) => seat.kind === "person");
  const several = seats.filter((seat) => seat.state !== "recused").length > mine.length;
  return [{ name, label, own, several }];
}

/** A vote can be taken back until somebody is asked because of it. */
function recallable({ name, label, seats }, person) {
  const mine = seats.find(
    (seat) => seat.decision?.by === person.login && seat.state !== "recused" && isLast(seat, seats),
  );
  return mine ? [{ name, label, verdict: mine.state }] : [];
}

const isLast = ({ turn = 1 }, seats) =>
  seats.every((each) => (each.turn ?? 1) <= turn || each.state === "later");

const sits = ({ seats }, person) =>
  seats.some((seat) => isFor(seat, person) || seat.decision?.by === person.login);

function isFor(slot, person) {
  if (slot.excluded?.includes(person.login)) return false;
  return slot.kind === "person"
    ? slot.assignee === person.login
    : person.roles.includes(slot.assignee);
}
