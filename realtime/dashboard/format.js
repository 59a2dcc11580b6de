// How values and instants read.

import { words } from "./naming.js";
import { h } from "./dom.js";

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const ABSOLUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const UNITS = [
  ["year", 31536000],
  ["month", 2592000],
  ["week", 604800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** Return how long ago an instant was. */
export function ago(instant, now = Date.now()) {
  const seconds = (new Date(instant) - now) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

/** Return an element that says when something was, in short; its title says it wholly. */
export function when(instant) {
  return h("time", { datetime: instant, title: ABSOLUTE.format(new Date(instant)) }, ago(instant));
}

/** Let every element made by `when` speak of now. */
export function refreshTimes(now = Date.now()) {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = ago(time.dateTime, now);
    if (time.textContent !== text) time.textContent = text;
  }
}

/** Return a day, as a seal shows it. */
export const day = (instant) => DAY.format(new Date(instant));

/** Return an instant in full. */
export const instant = (text) => ABSOLUTE.format(new Date(text));

/** Return a decimal's text with its digits in groups; no digit is lost. */
export function grouped(decimal) {
  const [, sign, whole, rest] = /^(-?)(\d+)(\.\d+)?$/.exec(decimal) ?? [
    null,
    "",
    String(decimal),
    "",
  ];
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, "\u202f")}${rest ?? ""}`;
}

/** Return an amount with its currency. */
export const money = ({ amount, currency }) => `${grouped(amount)}\u00a0${currency}`;

/** Return a choice as it reads: one that is a name, such as `mobile_phone`, in words. */
export const choiceText = (choice) => (/^[a-z][a-z0-9_]*$/.test(choice) ? words(choice) : choice);

/** Return a number of bytes as people say it. */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000
    ? `${Math.round(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Return what the server says of a value as a sentence; it shows values as JSON has them. */
export function sentence(message) {
  const text = message.replace(/"([^"]*)"/g, "$1");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;
}

/** Return a field's value as text; of lines, whose fields are `columns`, a line of text each. */
export function valueText(value, kind, columns = []) {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((line) => lineText(line, columns)).join("\n");
  if (kind === "money" || (typeof value === "object" && "currency" in value)) return money(value);
  if (kind === "integer" || kind === "decimal") return grouped(String(value));
  if (kind === "choice") return choiceText(value);
  return String(value);
}

function lineText({ line, ...cells }, columns) {
  const known = new Map(columns.map((column) => [column.name, column]));
  const names = [...known.keys(), ...Object.keys(cells).filter((name) => !known.has(name))];
  const texts = names
    .filter((name) => cells[name] !== undefined)
    .map((name) => {
      const column = known.get(name);
      const label = column?.label || words(name);
      return `${label}: ${valueText(cells[name], column?.kind)}`;
    });
  return `${line}. ${texts.join(", ")}`;
}
