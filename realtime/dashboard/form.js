// A form made of a definition's fields: a draft, or other values for one.

import { words } from "./naming.js";
import { h } from "./dom.js";
import { choiceText, sentence } from "./format.js";
import { linesControl } from "./rows.js";

/**
 * Return the form's parts: `{element, values(), show(problem), isComplete()}`; `values` are those of
 * a document.
 */
export function fieldsForm(definition, values = {}) {
  const subject = definition.fields.find((field) => field.kind === "text");
  const controls = definition.fields.map((field) => ({
    field,
    ...control(field, values[field.name], field === subject),
  }));
  return {
    element: h("div", { class: "fields" }, controls.map(labelled)),
    values: () => Object.fromEntries(controls.map(({ field, read }) => [field.name, read()])),
    show: (problem) => showProblem(controls, problem),
    isComplete: () => showMissing(controls),
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

function control(field, value, isSubject, id = `field-${field.name}`) {
  const described = {
    id,
    name: field.name,
    "aria-describedby": `field-${field.name}-problem`,
    autocomplete: "off",
  };
  const isLine = isSubject && !value?.includes("\n");
  return (CONTROLS[isLine ? "line" : field.kind] ?? CONTROLS.text)(field, value, described);
}

const one = (input, read = () => input.value.trim() || null) => ({ inputs: [input], read });

const CONTROLS = {
  // The text that lists show: an input holds one line, and would drop the others.
  line: (field, value, described) => one(h("input", { ...described, maxlength: 10000, value })),
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
      h("option", { value: each, selected: each === value }, choiceText(each)),
    );
    return one(h("select", described, h("option", { value: "" }, "—"), options));
  },
  person: (field, value, described) =>
    one(h("input", { ...described, value, autocapitalize: "none", placeholder: "login" })),
  role: (field, value, described) =>
    one(h("input", { ...described, value, autocapitalize: "none", placeholder: "role" })),
  date: (field, value, described) =>
    one(
      h("input", {
        ...described,
        type: "date",
        min: field.least || null,
        max: field.most || null,
        value,
      }),
    ),
  truth: (field, value, described) => {
    const options = [
      ["", "—"],
      ["true", "yes"],
      ["false", "no"],
    ].map(([key, shown]) =>
      h("option", { value: key, selected: key !== "" && key === String(value) }, shown),
    );
    const select = h("select", described, options);
    return one(select, () => (select.value === "" ? null : select.value === "true"));
  },
  lines: (field, value, described) =>
    linesControl(field, value, described, (column, cell, id) =>
      control(column, cell, column.kind === "text", id),
    ),
};

/** What is no whole number goes as it is: the server says what is wrong with it. */
function whole(text) {
  if (!text) return null;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
}

/** Show what is wrong beside the field at fault; false if it is of none of them. */
function showProblem(controls, problem) {
  const isAtFault = ({ field }) => problem !== null && fieldAtFault(problem) === field.name;
  return mark(controls, isAtFault, problem && messageOf(problem));
}

/** Return what a problem says; of lines, also in which one: people count from 1. */
function messageOf({ place, message }) {
  const [first, , index, column] = place.split(".");
  if (first !== "values" || !/^\d+$/.test(index ?? "")) return sentence(message);
  const where = column ? `, ${words(column)}` : "";
  return `Line ${Number(index) + 1}${where}: ${sentence(message)}`;
}

/** Show beside each required field that is empty that it must not be; false if one is. */
function showMissing(controls) {
  const isMissing = ({ field, read }) => field.required && read() === null;
  return !mark(controls, isMissing, "This must be filled in before it is submitted.");
}

/** Show the message beside those that are at fault, beside no others; false if none is. */
function mark(controls, isAtFault, message) {
  const atFault = controls.filter(isAtFault);
  for (const control of controls) {
    const [first] = control.inputs;
    first.setAttribute("aria-invalid", String(atFault.includes(control)));
    document.getElementById(`${first.id}-problem`).textContent = atFault.includes(control)
      ? message
      : "";
  }
  atFault[0]?.inputs[0].focus();
  return atFault.length > 0;
}

function fieldAtFault({ place }) {
  const [first, second] = place.split(".");
  return first === "values" ? second : first;
}
