// The snapshots of the page: what each fetches, hears of, and makes of a push.

import { Followed } from "./followed.js";
import { earlier } from "./place.js";
import { caseAfter, documentsAfter, inboxAfter, jobAfter } from "./store.js";

const INBOX = 200;
const PAGE = 30;

/** Return the person's inbox. */
export function followInbox(api, person, changed) {
  const load = async (wanted) => {
    const { items, next, place } = await api.get(`/v1/inbox?limit=${INBOX}`, wanted);
    return { data: { tasks: items, more: next !== null, person }, place };
  };
  const topics = () => [`inbox:${person.login}`];
  return new Followed({ load, topics, after: inboxAfter, changed });
}

/** Return a page of documents: the one after the last of `cursors`, which shows `position`. */
export function followDocuments(api, cursors, position, changed) {
  const cursor = cursors.length ? `&cursor=${encodeURIComponent(cursors.at(-1))}` : "";
  const load = async (wanted, query) => {
    const path = `/v1/documents?limit=${PAGE}${cursor}&${query}`;
    const { items, next, place } = await api.get(path, wanted);
    return { data: { items, next, refused: [] }, place };
  };
  const topics = ({ items }) => items.map((each) => `document:${each.document}`);
  const page = new Followed({ load, topics, after: documentsAfter, changed });
  page.position = position;
  page.lost = (lost) => {
    page.data = {
      ...page.data,
      items: page.data.items.filter((each) => !lost.includes(`document:${each.document}`)),
    };
    changed(null);
  };
  return page;
}

/** Return a document with its timeline. */
export function followCase(api, id, changed) {
  const load = async (wanted, query) => {
    const { place, position, ...document } = await api.get(`/v1/documents/${id}?${query}`, wanted);
    const timeline = await wholeTimeline(api, id, query, wanted);
    return {
      data: { document, entries: timeline.entries },
      place: earlier(place, timeline.place) ?? place,
    };
  };
  return new Followed({ load, topics: () => [`document:${id}`], after: caseAfter, changed });
}

/** Return a background job. */
export function followJob(api, id, changed) {
  const load = async (wanted, query) => {
    const { place, position, ...job } = await api.get(`/v1/jobs/${id}?${query}`, wanted);
    return { data: job, place };
  };
  return new Followed({ load, topics: () => [`job:${id}`], after: jobAfter, changed });
}

async function wholeTimeline(api, id, query, wanted) {
  const entries = [];
  let [cursor, place] = ["", null];
  do {
    const page = await api.get(`/v1/documents/${id}/timeline?limit=200&${cursor}${query}`, wanted);
    entries.push(...page.items);
    place ??= page.place;
    cursor = page.next && `cursor=${encodeURIComponent(page.next)}&`;
  } while (cursor);
  return { entries, place };
}
