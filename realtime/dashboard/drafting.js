// A new document, or other values for one that rests.

import { busy } from "./decide.js";
import { h } from "./dom.js";
import { explanation } from "./case.js";
import { fieldsForm } from "./form.js";
import { flowText, words } from "./naming.js";

/** Return the choice of what to ask for. */
export function chooseDefinition(definitions, back) {
  return h(
    "article",
    { class: "case" },
    h("a", { class: "back", href: back }, "Back to the list"),
    h("h1", { id: "title", tabindex: "-1" }, "A new document"),
    definitions.length ? null : h("p", {}, "No kind of document was published yet."),
    h(
      "ul",
      { class: "rows boxed" },
      definitions.map((each) =>
        h(
          "li",
          {},
          h(
            "a",
            { id: `kind-${each.definition}`, href: `#/new/${each.definition}` },
            h("span", { class: "row-title" }, each.label || words(each.definition)),
            h(
              "span",
              { class: "row-facts" },
              flowText(each.steps),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Return the form; `save(values, submits)` may throw a problem, which is shown where it belongs. */
export function draftForm({ title, definition, document, save }) {
  const fields = fieldsForm(definition, document?.values);
  const outcome = h("p", {
    id: "outcome",
    class: "outcome bad",
    role: "alert",
    tabindex: "-1",
    hidden: true,
  });
  const buttons = h("div", { class: "buttons" });
  const give = async (submits) => {
    outcome.hidden = true;
    fields.show(null);
    if (submits && !fields.isComplete()) return;
    try {
      await save(fields.values(), submits);
    } catch (error) {
      if (error.place !== undefined && fields.show(error)) return;
      outcome.textContent = explanation(error);
      outcome.hidden = false;
      outcome.focus();
    }
  };
  buttons.append(
    h("button", { id: "submit", type: "submit", class: "primary" }, "Submit"),
    h(
      "button",
      { id: "save", type: "button", click: () => busy(buttons, () => give(false)) },
      "Save the draft",
    ),
  );
  const submit = (event) => {
    event.preventDefault();
    busy(buttons, () => give(true));
  };
  return h(
    "article",
    { class: "case" },
    h(
      "a",
      { class: "back", href: document ? `#/documents/${document.document}` : "#/new" },
      "Back",
    ),
    h("p", { class: "kicker" }, definition.label || words(definition.definition)),
    h("h1", { id: "title", tabindex: "-1" }, title),
    h("form", { class: "draft", submit, novalidate: true }, fields.element, outcome, buttons),
  );
}
