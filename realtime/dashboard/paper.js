// The PDF of a document: a background job, asked for here, whose progress comes over the gateway.

import { fill, h } from "./dom.js";
import { followJob } from "./following.js";
import { hasEnded, progressOf } from "./job.js";

export class Paper {
  #document = "";
  #job = null;
  #problem = "";
  #place = h("div", { class: "paper" });

  constructor({ api, live }) {
    Object.assign(this, { api, live });
  }

  /** Return the button, the progress or the link, for this document. */
  element(document) {
    if (document !== this.#document) {
      this.leave();
      this.#document = document;
    }
    this.#render();
    return this.#place;
  }

  leave() {
    if (this.#job) {
      this.#job.left();
      this.live.leave(this.#job);
    }
    this.#job = null;
    this.#problem = "";
  }

  async #ask() {
    this.#problem = "";
    try {
      const body = { kind: "pdf", parameters: { document: this.#document } };
      const outcome = await this.api.command("POST", "/v1/jobs", body);
      await this.#follow(outcome);
    } catch (error) {
      this.#problem = error.message;
    }
    this.#render();
  }

  async #follow({ job, position }) {
    this.#job = followJob(this.api, job, () => this.#render());
    this.#job.position = position;
    if (await this.#job.refresh()) this.live.follow(this.#job);
  }

  #render() {
    const job = this.#job?.data;
    const asked = this.#job !== null && !(job && hasEnded(job));
    fill(
      this.#place,
      job?.state === "succeeded"
        ? h(
            "a",
            { id: "pdf-link", class: "button", href: `/v1/jobs/${job.job}/result`, download: true },
            "Download the PDF",
          )
        : h(
            "button",
            { id: "pdf", type: "button", disabled: asked, click: () => this.#ask() },
            asked ? "The PDF is being made…" : "Make a PDF",
          ),
      job ? progressOf(job, "Progress of the PDF") : null,
      job?.state === "failed"
        ? h("span", { class: "problem", role: "alert" }, `It could not be made: ${job.error}`)
        : null,
      this.#problem ? h("span", { class: "problem", role: "alert" }, this.#problem) : null,
    );
  }
}
