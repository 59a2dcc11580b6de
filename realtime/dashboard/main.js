// The page: who is signed in decides which of its two faces is shown.

import { Api } from "./api.js";
import { h } from "./dom.js";
import { refreshTimes } from "./format.js";
import { signInForm } from "./signin.js";
import { Workplace } from "./workplace.js";

const main = document.getElementById("main");
const LOADING = "Ringi is loading…";
let workplace = null;

const api = new Api({
  away: (isAway) => (workplace ? workplace.frame.serverAway(isAway) : tellLoading(isAway)),
  signedOut: () => {
    if (!document.getElementById("token")) showSignIn("Your session has ended. Sign in to go on.");
  },
});

function tellLoading(isAway) {
  const place = main.querySelector(".loading");
  if (place) place.textContent = isAway ? "The server does not answer. Trying again…" : LOADING;
}

function showSignIn(reason = "") {
  workplace?.close();
  workplace = null;
  main.replaceChildren(signInForm(signIn, reason));
  document.getElementById("token").focus();
}

async function signIn(token) {
  const session = await api.once("POST", "/v1/session", { token });
  await showWorkplace(session);
}

async function signOut() {
  try {
    await api.once("DELETE", "/v1/session");
  } catch {
    return; // it is shown that the server does not answer: still signed in
  }
  showSignIn();
}

async function showWorkplace({ gateway }) {
  const [person, { links }] = await Promise.all([api.get("/v1/me"), api.get("/v1")]);
  workplace = new Workplace({ api, person, gateway, links, signOut });
  main.replaceChildren(workplace.frame.element);
  workplace.open();
}

async function begin() {
  main.replaceChildren(h("p", { class: "loading" }, LOADING));
  const session = await api.get("/v1/session");
  if (session.login) await showWorkplace(session);
  else showSignIn();
}

setInterval(refreshTimes, 20_000);
begin();
