// What things are called on the screen: definitions' parts, documents, who is asked. Pure.

const LONGEST_TITLE = 160;

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

/** Yield every step of a flow in the definition's order, a block before what is in it. */
export function* walk(steps = []) {
  for (const step of steps) {
    yield step;
    for (const branch of step.branches ?? []) yield* walk(branch);
  }
}

/** Return what a step is called, wherever in the flow it is. */
export function stepLabel(name, definition) {
  for (const step of walk(definition?.steps)) if (step.name === name) return labelled(step);
  return words(name);
}

/** Return what a step of a definition is called. */
export const labelled = (step) => step.label || words(step.name);

/** Return a flow in one line: "Lead → (Legal | Treasury → Board) → Chief". */
export function flowText(steps) {
  const texts = steps.map((step) =>
    step.branches?.length ? `(${step.branches.map(flowText).join(" | ")})` : labelled(step),
  );
  return texts.join(" → ");
}

/** Return who a slot is for. */
export function assigneeOf(slot, name) {
  return slot.kind === "person"
    ? name(slot.assignee)
    : `the role ${words(slot.assignee).toLowerCase()}`;
}
