// What somebody may do with the document before them: decide, submit, withdraw, comment.

import { confirmed } from "./confirm.js";
import { h } from "./dom.js";

/** Return the box for what one says with a decision: it outlives the panels that it stands in. */
export const decisionText = () =>
  h("textarea", {
    id: "decision-text",
    rows: 2,
    maxlength: 10000,
    "aria-describedby": "decision-hint decision-problem",
  });

/**
 * Return the panel for this document; `act(name, body, said, {tone, version})` resolves to whether
 * it took effect: `said` is then shown, `tone` is good, unless it is given as quiet.
 */
export function actionsPanel(may, document, text, act) {
  return [
    may.decide.length ? decision(may.decide, document, text, act) : null,
    may.recall.length ? recalling(may.recall, act) : null,
    may.submit || may.withdraw || may.milestone ? requesters(may, document, act) : null,
  ];
}

/** What needs words, and why. */
const REASONS = {
  reject: "Say why: the requester needs to know.",
  recuse: "Say why you will not judge here.",
};

function decision(steps, document, text, act) {
  const problem = h("p", { id: "decision-problem", class: "problem", role: "alert" });
  const choice = steps.length > 1 ? stepChoice(steps) : null;
  const buttons = h("div", { class: "decision-buttons" });
  const refuse = (message, where) => {
    problem.textContent = message;
    where.focus();
  };
  const give = async (name, said, tone) => {
    const words = text.value.trim();
    const step = choice ? choice.chosen() : steps[0];
    const needed = words ? "" : (REASONS[name] ?? "");
    problem.textContent = "";
    text.setAttribute("aria-invalid", String(Boolean(step && needed)));
    if (!step) return refuse("Say which step you decide.", choice.first);
    if (needed) return refuse(needed, text);
    const member = name in REASONS ? "reason" : "comment";
    const body = {
      ...(name === "recuse" ? {} : { revision: document.revision }),
      step: step.name,
      ...(words ? { [member]: words } : {}),
    };
    if (await busy(buttons, () => act(name, body, said, { tone }))) text.value = "";
  };
  const button = (name, label, kind, said, tone) =>
    h("button", { id: name, type: "button", class: kind, click: () => give(name, said, tone) }, label);
  buttons.append(
    h(
      "div",
      { class: "buttons" },
      button("approve", "Approve", "primary seal-button", "You approved it.", "good"),
      button("reject", "Reject", "danger", "You rejected it.", "quiet"),
    ),
    otherVotes(steps, button),
  );
  return h(
    "section",
    { class: "panel decision", "aria-labelledby": "decision-title" },
    h("h2", { id: "decision-title" }, title(steps)),
    choice?.element,
    h("label", { for: "decision-text" }, "Comment, or reason"),
    text,
    h(
      "p",
      { id: "decision-hint", class: "hint" },
      "A rejection needs its reason. You decide on the content shown here, and on no other.",
    ),
    problem,
    buttons,
  );
}

const title = (steps) =>
  steps.length > 1
    ? `It waits for you in ${steps.length} steps`
    : `It waits for your decision: ${steps[0].label}`;

/** Who decides alone cannot leave it to others, and a role's slot is nobody's to give up. */
function otherVotes(steps, button) {
  return h(
    "div",
    { class: "buttons others" },
    steps.some((step) => step.several)
      ? button("abstain", "Abstain", "plain", "You abstained.", "quiet")
      : null,
    steps.some((step) => step.own)
      ? button("recuse", "I will not judge here", "plain", "You leave it to others.", "quiet")
      : null,
  );
}

function stepChoice(steps) {
  const radios = steps.map((step) =>
    h("input", { type: "radio", name: "step", value: step.name, id: `step-${step.name}` }),
  );
  const choices = steps.map((step, at) =>
    h("label", { class: "choice", for: `step-${step.name}` }, radios[at], step.label),
  );
  return {
    element: h("fieldset", {}, h("legend", {}, "Which step do you decide?"), choices),
    first: radios[0],
    chosen: () => steps[radios.findIndex((radio) => radio.checked)],
  };
}

function recalling(steps, act) {
  return h(
    "section",
    { class: "panel recall", "aria-label": "Your vote" },
    steps.map(({ name, label, verdict }) => {
      const buttons = h("div", { class: "buttons" });
      const recall = () =>
        busy(buttons, () =>
          act("recall", { step: name }, "You took your vote back.", { tone: "quiet" }),
        );
      buttons.append(
        h("button", { id: `recall-${name}`, type: "button", click: recall }, "Take my vote back"),
      );
      return [
        h("p", {}, `Your vote in ${label}: ${verdict}. Others have yet to decide.`),
        buttons,
      ];
    }),
  );
}

function requesters(may, document, act) {
  const buttons = h("div", { class: "buttons" });
  const button = (id, label, kind, doing) =>
    h("button", { id, type: "button", class: kind, click: () => busy(buttons, doing) }, label);
  const discard = async () => {
    const question = "Discard this draft for good? Nothing more can be done with it then.";
    if (!(await confirmed(question, "Discard it", "Keep it"))) return;
    await busy(buttons, () => act("discard", {}, "You discarded it.", { tone: "quiet" }));
  };
  const again = document.status === "draft" ? "Submit" : "Submit again";
  buttons.append(
    ...[
      may.submit &&
        button("submit", again, "primary", () =>
          act("submit", {}, "It is in circulation.", { version: document.version }),
        ),
      may.revise &&
        h(
          "a",
          { id: "revise", class: "button", href: `#/documents/${document.document}/edit` },
          "Change",
        ),
      may.withdraw &&
        button("withdraw", "Withdraw", "", () =>
          act("withdraw", {}, "You withdrew it.", { tone: "quiet" }),
        ),
      may.discard &&
        h("button", { id: "discard", type: "button", class: "danger", click: discard }, "Discard"),
      may.milestone &&
        button("milestone", `Report: ${may.milestone.label || may.milestone.name}`, "primary", () =>
          act(`milestones/${may.milestone.name}`, {}, "Reported."),
        ),
    ].filter(Boolean),
  );
  return h("section", { class: "panel", "aria-label": "What you may do" }, buttons);
}

/** Return the form for a comment. */
export function commentForm(act) {
  const text = h("textarea", { id: "comment", rows: 2, maxlength: 10000, required: true });
  const buttons = h("div", { class: "buttons" }, h("button", { type: "submit" }, "Comment"));
  const submit = async (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (
      said &&
      (await busy(buttons, () => act("comments", { text: said }, "Your comment is there.")))
    ) {
      text.value = "";
    }
  };
  return h(
    "form",
    { class: "comment", submit },
    h("label", { for: "comment" }, "Comment"),
    text,
    buttons,
  );
}

/** Let nothing be pressed twice while something is under way. */
export async function busy(buttons, doing) {
  const all = [...buttons.querySelectorAll("button")];
  for (const button of all) button.disabled = true;
  try {
    return await doing();
  } finally {
    for (const button of all) button.disabled = false;
  }
}
