// A question before what cannot be undone.

import { h } from "./dom.js";

/** Ask; resolve to whether it is wanted. Escape, or going elsewhere, is a no. */
export function confirmed(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { id: "question", "aria-labelledby": "question-text" },
      h("p", { id: "question-text" }, question),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "danger", click: () => dialog.close("yes") }, yes),
        h("button", { type: "button", autofocus: true, click: () => dialog.close() }, no),
      ),
    );
    const elsewhere = () => dialog.close();
    addEventListener("hashchange", elsewhere, { once: true });
    dialog.addEventListener("close", () => {
      removeEventListener("hashchange", elsewhere);
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
