// The first screen: a token, once.

import { h } from "./dom.js";
import { Problem } from "./api.js";
import { mark } from "./seals.js";

/** Return the form; `signIn(token)` throws what goes wrong, `reason` says why one is here. */
export function signInForm(signIn, reason) {
  const token = h("input", {
    id: "token",
    type: "password",
    name: "token",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
    "aria-describedby": "token-help token-problem",
  });
  const problem = h("p", { id: "token-problem", class: "problem", role: "alert" }, reason);
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await signIn(token.value.trim());
    } catch (error) {
      problem.textContent =
        error instanceof Problem && error.status === 401
          ? "This token opens nothing: it is unknown, has expired or was revoked."
          : error.message;
      button.disabled = false;
      token.focus();
    }
  };
  return h(
    "main",
    { class: "sign-in" },
    mark(),
    h("h1", {}, "Ringi"),
    h(
      "p",
      { class: "lead" },
      "Documents go round, and everybody who must agree puts a seal on them.",
    ),
    h(
      "form",
      { submit },
      h("label", { for: "token" }, "Your token"),
      token,
      h("p", { id: "token-help", class: "hint" }, "It begins with rt_. The page does not keep it."),
      problem,
      button,
    ),
  );
}

/** Return what is shown when somebody else, `login`, has signed in in another tab. */
export function handedOver(name, login, goOn) {
  const button = { id: "go-on", type: "button", class: "primary", click: goOn };
  return h(
    "main",
    { class: "sign-in" },
    mark(),
    h("h1", {}, "Ringi"),
    h(
      "p",
      { class: "problem", role: "alert" },
      `In another tab, ${login} has signed in. This browser no longer acts for ${name}.`,
    ),
    h("button", button, `Go on as ${login}`),
  );
}
