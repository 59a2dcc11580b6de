// A form made of a definition's fields: a draft, or other values for one.

import { words } from "./circulation.js";
import { h } from "./dom.js";

/** Return the form's parts: `{element, values(), show(problem)}`; `values` are those of a document. */
export function fieldsForm(definition, values = {}) {
  const controls = definition.fields.map((field) => ({
    field,
    ...control(field, values[field.name]),
  }));
  return {
    element: h("div", { class: "fields" }, controls.map(labelled)),
    values: () => Object.fromEntries(controls.map(({ field, read }) => [field.name, read()])),
    show: (problem) => showProblem(controls, problem),
  };
}

function labelled({ field, inputs }) {
  const [first] = inputs;
  const label = field.label || words(field.name);
  return h(
    "div",
    { class: `field ${field.kind}` },
    h(
      "label",
      { for: first.id },
      label,
      field.required ? null : h("span", { class: "hint" }, " optional"),
    ),
    h("div", { class: "inputs" }, inputs),
    h("p", { id: `${first.id}-problem`, class: "problem", role: "alert" }),
  );
}

function control(field, value) {
  const id = `field-${field.name}`;
  const described = {
    id,
    name: field.name,
    "aria-describedby": `${id}-problem`,
    autocomplete: "off",
  };
  return (CONTROLS[field.kind] ?? CONTROLS.text)(field, value, described);
}

const one = (input, read = () => input.value.trim() || null) => ({ inputs: [input], read });

const CONTROLS = {
  text: (field, value, described) => {
    const area = h("textarea", { ...described, rows: 2, maxlength: 10000 });
    area.value = value ?? "";
    return one(area);
  },
  integer: (field, value, described) => {
    const input = h("input", { ...described, inputmode: "numeric", value });
    return one(input, () => whole(input.value.trim()));
  },
  decimal: (field, value, described) =>
    one(h("input", { ...described, inputmode: "decimal", value })),
  money: (field, value, described) => {
    const amount = h("input", { ...described, inputmode: "decimal", value: value?.amount });
    const currency = h("input", {
      id: `${described.id}-currency`,
      "aria-label": `${field.label || words(field.name)}: currency`,
      class: "currency",
      maxlength: 3,
      autocapitalize: "characters",
      value: value?.currency ?? "EUR",
    });
    const read = () =>
      amount.value.trim()
        ? { amount: amount.value.trim(), currency: currency.value.trim().toUpperCase() }
        : null;
    return { inputs: [amount, currency], read };
  },
  choice: (field, value, described) => {
    const options = field.choices.map((each) =>
      h("option", { value: each, selected: each === value }, each),
    );
    return one(h("select", described, h("option", { value: "" }, "—"), options));
  },
  person: (field, value, described) =>
    one(h("input", { ...described, value, autocapitalize: "none", placeholder: "login" })),
  role: (field, value, described) =>
    one(h("input", { ...described, value, autocapitalize: "none", placeholder: "role" })),
};

/** What is no whole number goes as it is: the server says what is wrong with it. */
function whole(text) {
  if (!text) return null;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
}

/** Show what is wrong beside the field at fault; false if it is of none of them. */
function showProblem(controls, problem) {
  let found = false;
  for (const { field, inputs } of controls) {
    const isAtFault = problem !== null && fieldAtFault(problem) === field.name;
    inputs[0].setAttribute("aria-invalid", String(isAtFault));
    document.getElementById(`${inputs[0].id}-problem`).textContent = isAtFault
      ? problem.message
      : "";
    if (isAtFault) inputs[0].focus();
    found ||= isAtFault;
  }
  return found;
}

function fieldAtFault({ place }) {
  const [first, second] = place.split(".");
  return first === "values" ? second : first;
}
