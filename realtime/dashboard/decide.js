// What somebody may do with the document before them: decide, submit, withdraw, comment.

import { confirmed } from "./confirm.js";
import { h } from "./dom.js";

/**
 * Return the panel for this document; `act(name, body, said, {tone, version})` resolves to whether
 * it took effect: `said` is then shown, `tone` is good, unless it is given as quiet.
 */
export function actionsPanel(may, document, act) {
  return [
    may.decide ? decision(document, act) : null,
    may.submit || may.withdraw || may.milestone ? requesters(may, document, act) : null,
  ];
}

function decision(document, act) {
  const text = h("textarea", {
    id: "decision-text",
    rows: 2,
    maxlength: 10000,
    "aria-describedby": "decision-hint decision-problem",
  });
  const problem = h("p", { id: "decision-problem", class: "problem", role: "alert" });
  const buttons = h("div", { class: "buttons" });
  const give = async (name, member, said, tone) => {
    const words = text.value.trim();
    problem.textContent =
      name === "reject" && !words ? "Say why: the requester needs to know." : "";
    text.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
    if (problem.textContent) {
      text.focus();
      return;
    }
    const body = {
      revision: document.revision,
      step: document.step,
      ...(words ? { [member]: words } : {}),
    };
    await busy(buttons, () => act(name, body, said, { tone }));
  };
  buttons.append(
    h(
      "button",
      {
        id: "approve",
        type: "button",
        class: "primary seal-button",
        click: () => give("approve", "comment", "You approved it.", "good"),
      },
      "Approve",
    ),
    h(
      "button",
      {
        id: "reject",
        type: "button",
        class: "danger",
        click: () => give("reject", "reason", "You rejected it: it has returned.", "quiet"),
      },
      "Reject",
    ),
  );
  return h(
    "section",
    { class: "panel decision", "aria-labelledby": "decision-title" },
    h("h2", { id: "decision-title" }, "It waits for your decision"),
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
