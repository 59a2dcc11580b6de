// The lines of a field in a form: a row each, which can be changed, added and removed.

import { words } from "./naming.js";
import { h } from "./dom.js";

/** Return `{inputs, read}` as every control; `cell(field, value, id)` makes the one of a cell. */
export function linesControl(field, value, described, cell) {
  const rows = [];
  const body = h("div", { class: "lines" });
  const label = field.label || words(field.name);
  let made = 0;

  const add = (line = {}) => {
    made += 1;
    const prefix = `${described.id}-${made}`;
    const cells = field.fields.map((column) => ({
      column,
      ...cell(column, line[column.name], `${prefix}-${column.name}`),
    }));
    const row = { line: line.line, cells };
    const remove = () => {
      rows.splice(rows.indexOf(row), 1);
      row.element.remove();
      more.focus();
    };
    row.element = h(
      "div",
      { class: "line", role: "group", "aria-label": `${label}: line` },
      cells.map(({ column, inputs }) =>
        h(
          "div",
          { class: `cell ${column.kind}` },
          h("label", { for: inputs[0].id }, column.label || words(column.name)),
          h("div", { class: "inputs" }, inputs),
        ),
      ),
      h("button", { type: "button", "aria-label": `${label}: remove this line`, click: remove }, "×"),
    );
    rows.push(row);
    body.append(row.element);
    return cells[0];
  };

  const more = h(
    "button",
    { type: "button", id: `${described.id}-add`, click: () => add().inputs[0].focus() },
    "Add a line",
  );
  for (const line of value ?? []) add(line);
  const element = h(
    "div",
    { ...described, role: "group", tabindex: "-1", "aria-label": label, class: "of-lines" },
    body,
    more,
  );
  return { inputs: [element], read: () => readRows(rows) };
}

/** Return the lines in which there is something; null if there are none. */
function readRows(rows) {
  const lines = rows
    .map(({ line, cells }) => ({
      line,
      cells: cells
        .map(({ column, read }) => [column.name, read()])
        .filter(([, found]) => found !== null),
    }))
    .filter(({ cells }) => cells.length > 0)
    .map(({ line, cells }) => ({
      ...(line === undefined ? {} : { line }),
      ...Object.fromEntries(cells),
    }));
  return lines.length ? lines : null;
}
