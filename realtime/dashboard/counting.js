// How the votes of a step are counted, in words. Pure.

const RULES = {
  all: () => "everybody must approve",
  any: () => "one approval is enough",
  at_least: ({ number = 1 }, voters) => `${number}${voters ? ` of ${voters}` : ""} must approve`,
  percent: ({ percent = "100" }) => `${percent}\u00a0% must approve`,
  weight: ({ number = 1 }) => `approvals must weigh ${number} together`,
  each_group: ({ number = 1 }) => `${number} of each group must approve`,
  any_group: () => "everybody of one group must approve",
};

/** Return what it takes to approve the step, empty where one vote is all there is. */
export function countingText({ counting, inOrder, seats }) {
  const voters = seats.filter((seat) => seat.state !== "recused").length;
  const rule = counting.rule ?? "all";
  const isPlain = rule === "all" && seats.length < 2;
  return [
    isPlain ? "" : (RULES[rule]?.(counting, voters) ?? rule),
    counting.persons > 1 ? `by ${counting.persons} different people` : "",
    counting.rejecting === "first" && seats.length !== 1 ? "one rejection is enough" : "",
    vetoText(seats),
    counting.every_vote ? "all votes are awaited" : "",
    counting.abstentions_count === false ? "abstentions do not count" : "",
    inOrder && seats.length > 1 ? "one after the other" : "",
  ]
    .filter(Boolean)
    .join(", ");
}

function vetoText(seats) {
  if (seats.length < 2 || !seats.some((seat) => seat.veto)) return "";
  return seats.every((seat) => seat.veto) ? "one veto rejects it" : "a veto rejects it";
}

/** Return what is special about one seat among others, in words. */
export function seatTexts(seat, { counting, seats }) {
  if (seats.length < 2) return [];
  return [
    seat.veto && !seats.every((each) => each.veto) ? "veto" : "",
    seat.mandatory ? "must approve" : "",
    counting.rule === "weight" ? `weight ${seat.weight}` : "",
    counting.rule?.endsWith("_group") && seat.group ? `group ${seat.group}` : "",
  ].filter(Boolean);
}
