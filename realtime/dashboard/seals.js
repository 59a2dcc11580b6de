// The seals (印): a round one for who approved, a square one for who rejected.

import { h, svg } from "./dom.js";
import { day, instant } from "./format.js";

/** Return the seal of a decision: who, and on which day, as on a dated stamp. */
export function seal(decision, name, isNew = false) {
  const approved = decision.verdict === "approved";
  const word = approved ? "Approved" : "Rejected";
  return svg(
    "svg",
    {
      class: `seal ${decision.verdict}${isNew ? " stamped" : ""}`,
      viewBox: "0 0 88 88",
      role: "img",
      "aria-label": `${word} by ${name}, ${instant(decision.at)}`,
    },
    svg(
      "g",
      { transform: `rotate(${tilt(decision)} 44 44)` },
      outline(approved),
      words(decision, word),
    ),
  );
}

function outline(approved) {
  return approved
    ? svg("circle", { cx: 44, cy: 44, r: 39 })
    : svg("rect", { x: 7, y: 7, width: 74, height: 74, rx: 6 });
}

function words(decision, word) {
  return [
    svg("path", { d: lines(decision.verdict === "approved") }),
    svg("text", { x: 44, y: 28, class: "small" }, word.toUpperCase()),
    svg("text", { x: 44, y: 48.5 }, day(decision.at)),
    svg("text", { x: 44, y: 69, class: "who" }, short(decision.by)),
  ];
}

function lines(round) {
  const [left, right] = round ? [6.5, 81.5] : [7, 81];
  return `M${left} 34H${right}M${left} 54H${right}`;
}

const short = (login) => (login.length > 8 ? `${login.slice(0, 7)}…` : login);

/** No hand stamps straight: a few degrees, always the same for the same seal. */
function tilt({ by, at }) {
  let sum = 0;
  for (const letter of `${by}${at}`) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
  return (sum % 15) - 7;
}

/** Return the project's mark. */
export function mark() {
  return h("img", { src: "/static/seal.svg", alt: "", width: 28, height: 28, class: "mark" });
}
