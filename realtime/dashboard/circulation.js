// How a document goes round: the seats of its present round, and what somebody may do. Pure.

const LONGEST_TITLE = 160;

/** Return the seats of the round: `{name, label, state, reason, slots}`, in the definition's order.
 *
 * What was discarded has none.
 * A seat's state is ahead, waiting, blocked, skipped, approved, rejected or left; a slot has
 * `decision`: null, or `{by, at, verdict, text}`.
 */
export function seatsOf(document, entries, definition) {
  if (document.status === "discarded") return [];
  const seats = (definition?.steps ?? []).map((step) => ({
    name: step.name,
    label: step.label || words(step.name),
    state: "ahead",
    reason: "",
    slots: [],
  }));
  const seat = (name) => {
    const found = seats.find((each) => each.name === name);
    if (found) return found;
    seats.push({ name, label: words(name), state: "ahead", reason: "", slots: [] });
    return seats.at(-1);
  };
  for (const entry of entries) {
    if (entry.data.round === document.round) TELL[entry.type]?.(seat, entry, seats);
  }
  return seats;
}

const TELL = {
  "document.step_skipped": (seat, { data }) => {
    Object.assign(seat(data.step), { state: "skipped", reason: data.reason });
  },
  "document.step_started": (seat, { data }) => {
    const slots = data.slots.map((slot) => ({ ...slot, decision: null }));
    Object.assign(seat(data.step), { state: "waiting", slots });
  },
  "document.step_blocked": (seat, { data }) => {
    Object.assign(seat(data.step), { state: "blocked", reason: data.reason });
  },
  "document.slot_approved": (seat, entry) => decide(seat, entry, "approved", entry.data.comment),
  "document.slot_rejected": (seat, entry) => decide(seat, entry, "rejected", entry.data.reason),
  "document.step_ended": (seat, { data }) => {
    seat(data.step).state = data.outcome;
  },
  "document.withdrawn": (_seat, _entry, seats) => {
    for (const each of seats) if (["waiting", "blocked"].includes(each.state)) each.state = "left";
  },
};

function decide(seat, { data, effective_at: at }, verdict, text) {
  const slot = seat(data.step).slots.find((each) => each.id === data.slot);
  if (slot) slot.decision = { by: data.by, at, verdict, text };
}

/** Return what the person may do with the document, as far as the page can tell. */
export function possible(document, seats, definition, person) {
  const own = document.requester === person.login;
  const { status } = document;
  const resting = ["draft", "returned", "withdrawn"].includes(status);
  const next = definition?.milestones?.[document.milestones.length];
  return {
    decide: status === "pending" && seats.some((each) => waitsFor(each, person)),
    revise: own && resting,
    submit: own && resting,
    discard: own && status === "draft",
    withdraw: own && ["pending", "returned"].includes(status),
    comment:
      status !== "discarded" &&
      (own || !person.roles.includes("auditor") || seats.some((each) => sits(each, person))),
    milestone: status === "approved" && next && person.roles.includes(next.role) ? next : null,
  };
}

function waitsFor(seat, person) {
  return (
    seat.state === "waiting" && seat.slots.some((slot) => !slot.decision && isFor(slot, person))
  );
}

function sits(seat, person) {
  return seat.slots.some((slot) => isFor(slot, person) || slot.decision?.by === person.login);
}

function isFor(slot, person) {
  if (slot.excluded?.includes(person.login)) return false;
  return slot.kind === "person"
    ? slot.assignee === person.login
    : person.roles.includes(slot.assignee);
}

/** Return a name of a definition's part in words: `line_manager` is "Line manager". */
export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Return what a document is called: its first text, and else what kind it is. */
export function titleOf(document, definition) {
  const field = definition?.fields.find(
    (each) => each.kind === "text" && document.values[each.name],
  );
  const kind = definition?.label || words(document.definition);
  return field
    ? firstLine(document.values[field.name])
    : `${kind} ${document.document.slice(0, 8)}`;
}

function firstLine(text) {
  const [line] = text.split("\n");
  return line.length > LONGEST_TITLE ? `${line.slice(0, LONGEST_TITLE)}…` : line;
}

/** Return the document's first amount, null if it has none. */
export function amountOf(document, definition) {
  const field = definition?.fields.find(
    (each) => each.kind === "money" && document.values[each.name],
  );
  return field ? document.values[field.name] : null;
}
