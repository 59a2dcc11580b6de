// What a push of the gateway changes of what is shown. Pure: a snapshot and its pushes come to the
// same as a newer snapshot. Null means: fetch the snapshot again.

const taskKey = (task) => `${task.document} ${task.slot}`;
const inOrder = (one, other) => one.number - other.number || (one.slot < other.slot ? -1 : 1);

/** Tell whether a task waits for this person. */
export function concerns(task, person) {
  if (task.excluded.includes(person.login)) return false;
  return task.kind === "person"
    ? task.assignee === person.login
    : person.roles.includes(task.assignee);
}

/** Return the inbox `{tasks, more, person}` after a push; `more`: there are later tasks, not held. */
export function inboxAfter(inbox, message) {
  const { opened = [], closed = [] } = message.data;
  if (!opened.length && !closed.length) return inbox;
  const gone = new Set(closed.map((slot) => `${message.document} ${slot}`));
  const tasks = inbox.tasks.filter((task) => !gone.has(taskKey(task)));
  if (inbox.more) return tasks.length < inbox.tasks.length / 2 ? null : { ...inbox, tasks };
  const held = new Set(tasks.map(taskKey));
  const added = opened.filter((task) => concerns(task, inbox.person) && !held.has(taskKey(task)));
  return { ...inbox, tasks: [...tasks, ...added].sort(inOrder) };
}

/** Return a page of documents `{items, …}` after a push. */
export function documentsAfter(page, message) {
  const changes = message.data.document;
  if (!changes) return page;
  const isNewer = (each) => each.document === message.document && message.version > each.version;
  if (!page.items.some(isNewer)) return page;
  return {
    ...page,
    items: page.items.map((each) => (isNewer(each) ? { ...each, ...changes } : each)),
  };
}

/** Return a case `{document, entries}` after a push; every event of it is one push. */
export function caseAfter(shown, message) {
  const { document: changes, entry } = message.data;
  if (!changes || message.document !== shown.document.document) return shown;
  const last = shown.entries.at(-1)?.version ?? 0;
  const { version } = shown.document;
  if (message.version > version + 1 || message.version > last + 1) return null;
  return {
    ...shown,
    document: message.version > version ? { ...shown.document, ...changes } : shown.document,
    entries: message.version > last ? [...shown.entries, entry] : shown.entries,
  };
}

/** Return a job after a push. */
export function jobAfter(job, message) {
  const changes = message.data.job;
  return changes && message.version > job.version ? { ...job, ...changes } : job;
}
