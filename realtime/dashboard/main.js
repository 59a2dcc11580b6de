// The page: who is signed in decides which of its two faces is shown.

import { Api } from "./api.js";
import { h } from "./dom.js";
import { refreshTimes } from "./format.js";
import { handedOver, signInForm } from "./signin.js";
import { Workplace } from "./workplace.js";

const main = document.getElementById("main");
const LOADING = "Ringi is loading…";
const nobody = new Api("-", { away, signedOut() {}, otherPerson() {} });
/** Asks for whom the page shows. */
let speaking = nobody;
let workplace = null;

/** Tabs share one cookie, so each tells the others when it stands for somebody else. */
const tabs = new BroadcastChannel("ringi-session");
tabs.onmessage = () => {
  if (speaking !== nobody) lookAgain();
};

/** Return what asks for one person; what it is told counts while the page shows that person. */
function apiOf(login) {
  const ifShown = (then) => () => {
    if (speaking === api) then();
  };
  const api = new Api(login, {
    away,
    signedOut: ifShown(() => showSignIn("Your session has ended. Sign in to go on.")),
    otherPerson: ifShown(lookAgain),
  });
  return api;
}

function away(isAway) {
  if (workplace) workplace.frame.serverAway(isAway);
  else tellLoading(isAway);
}

function tellLoading(isAway) {
  const place = main.querySelector(".loading");
  if (place) place.textContent = isAway ? "The server does not answer. Trying again…" : LOADING;
}

function leave() {
  workplace?.close();
  workplace = null;
  speaking = nobody;
}

function showSignIn(reason = "") {
  leave();
  main.replaceChildren(signInForm(signIn, reason));
  document.getElementById("token").focus();
}

async function signIn(token) {
  const session = await nobody.once("POST", "/v1/session", { token });
  tabs.postMessage(session.login);
  await showWorkplace(session);
}

async function signOut() {
  try {
    await speaking.once("DELETE", "/v1/session");
  } catch {
    return; // it is shown that the server does not answer: still signed in; or who else is
  }
  tabs.postMessage(null);
  showSignIn();
}

/** See whether this browser still stands for whom the page shows; say so if it does not. */
async function lookAgain() {
  const api = speaking;
  const { login } = await nobody.get("/v1/session");
  if (speaking !== api || login === api.login) return;
  if (!login) {
    showSignIn("You have signed out in another tab.");
    return;
  }
  const name = workplace?.person.name ?? api.login;
  leave();
  main.replaceChildren(handedOver(name, login, begin));
  document.getElementById("go-on").focus();
}

async function showWorkplace({ login, gateway }) {
  const api = apiOf(login);
  speaking = api;
  const [person, { links }] = await Promise.all([api.get("/v1/me"), api.get("/v1")]);
  if (speaking !== api) return;
  workplace = new Workplace({ api, person, gateway, links, signOut });
  main.replaceChildren(workplace.frame.element);
  workplace.open();
}

async function begin() {
  main.replaceChildren(h("p", { class: "loading" }, LOADING));
  const session = await nobody.get("/v1/session");
  if (session.login) await showWorkplace(session);
  else showSignIn();
}

setInterval(refreshTimes, 20_000);
begin();
