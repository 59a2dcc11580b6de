// A place: the feed's epoch, and a seq for each lane. Up to there something is known. Pure.

/** Tell whether a row is one that the place does not know yet. */
export function isNews(place, [lane, seq]) {
  return seq > (place.lanes[lane] ?? 0);
}

/** Return the place with these lanes moved on; none ever moves back. */
export function further(place, lanes) {
  const moved = { ...place.lanes };
  for (const [lane, seq] of Object.entries(lanes)) moved[lane] = Math.max(seq, moved[lane] ?? 0);
  return { epoch: place.epoch, lanes: moved };
}

/** Return the place from which both go on; null if they are of different feeds. */
export function earlier(one, other) {
  if (one.epoch !== other.epoch) return null;
  const lanes = {};
  for (const lane of new Set([...Object.keys(one.lanes), ...Object.keys(other.lanes)])) {
    lanes[lane] = Math.min(one.lanes[lane] ?? 0, other.lanes[lane] ?? 0);
  }
  return { epoch: one.epoch, lanes };
}
