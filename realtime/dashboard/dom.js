// Building elements. Values only ever become text: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; attributes that are false, null or undefined are left out, functions listen. */
export function h(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

/** The same for a part of a drawing. */
export function svg(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...present(children));
  return element;
}

function present(children) {
  return children
    .flat(Infinity)
    .filter((each) => each !== null && each !== undefined && each !== false);
}

/** Replace what is in a place, and leave the focus on the element of the same id. */
export function fill(place, ...children) {
  keepingFocus(place, () => place.replaceChildren(...present(children)));
}

/** The same, only if the place's key is another one; `build` may move what is there. */
export function fillOnce(place, key, build) {
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  keepingFocus(place, () => place.replaceChildren(...present([build()])));
}

function keepingFocus(place, change) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  change();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
