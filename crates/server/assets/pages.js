// What a page gains with scripts: copy and print buttons, and a status that follows the payment without reloading.
// Without scripts the texts can be selected, the browser prints, and the page reloads itself.
(function () {
  "use strict";

  const LONGEST_WAIT_SECONDS = 60;
  // Who waits for a ticket to be paid may leave the page open for days: it looks less often, and at last no more.
  const LOOKS = 400;
  const QUICK_LOOKS = 60;

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  // The clipboard is only there on HTTPS and on loopback; elsewhere a hidden field and the old command do it.
  async function copy(text) {
    if (navigator.clipboard) {
      return navigator.clipboard.writeText(text);
    }
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) {
      throw new Error("the browser did not copy");
    }
  }

  function announce(text) {
    document.getElementById("announcement").textContent = text;
  }

  function enableButtons() {
    for (const button of document.querySelectorAll("button[data-copy]")) {
      const source = document.getElementById(button.dataset.copy);
      const label = button.textContent;
      button.hidden = false;
      button.addEventListener("click", async () => {
        try {
          await copy(source.dataset.raw);
          button.textContent = button.dataset.copied;
          announce(button.dataset.copied);
          setTimeout(() => { button.textContent = label; }, 2500);
        } catch {
          select(source);
        }
      });
    }
    for (const button of document.querySelectorAll("button[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => window.print());
    }
  }

  // Looks at this same page again; only what has changed is replaced, so focus and selection stay.
  async function look() {
    const answer = await fetch(window.location.href, { cache: "no-store" });
    if (!answer.ok) {
      throw new Error("no answer");
    }
    const seen = new DOMParser().parseFromString(await answer.text(), "text/html");
    const before = document.querySelector("main");
    const after = seen.querySelector("main");
    if (after.dataset.progress !== before.dataset.progress) {
      before.replaceWith(document.adoptNode(after));
      enableButtons();
      announce(after.querySelector(".progress").textContent);
      if (seen.querySelector("meta[http-equiv=refresh]:not(noscript *)")) {
        window.location.reload();
      }
    } else {
      for (const part of after.querySelectorAll("[data-live]")) {
        const shown = before.querySelector('[data-live="' + part.dataset.live + '"]');
        if (shown) {
          shown.textContent = part.textContent;
        }
      }
    }
    return seen.body.hasAttribute("data-following");
  }

  // Looks every so many seconds, less often after a while, and at once when the buyer comes back to the page or online.
  function follow(seconds) {
    let looks = 0;
    let wait = seconds;
    let timer;
    let isLooking = false;
    let isOver = false;

    async function step() {
      if (isLooking || isOver || document.hidden) {
        return;
      }
      clearTimeout(timer);
      isLooking = true;
      looks += 1;
      try {
        isOver = !(await look());
        wait = looks < QUICK_LOOKS ? seconds : LONGEST_WAIT_SECONDS;
      } catch {
        wait = Math.min(wait * 2, LONGEST_WAIT_SECONDS);
      }
      isLooking = false;
      if (!isOver && looks < LOOKS) {
        timer = setTimeout(step, wait * 1000);
      }
    }

    timer = setTimeout(step, wait * 1000);
    window.addEventListener("online", step);
    document.addEventListener("visibilitychange", () => {
      looks = 0;
      step();
    });
  }

  // The issuer's page opens by itself in its frame, and says when the buyer has answered.
  function openChallenge() {
    const form = document.querySelector("form[data-challenge]");
    if (!form) {
      return;
    }
    form.hidden = true;
    form.submit();
    window.addEventListener("message", (event) => {
      const frame = document.querySelector('iframe[name="challenge"]');
      if (frame && event.source === frame.contentWindow && event.data && event.data.status === "COMPLETE") {
        look().catch(() => { form.hidden = false; });
      }
    });
  }

  openChallenge();
  enableButtons();
  const seconds = Number(document.body.dataset.following);
  if (seconds > 0) {
    follow(seconds);
  }
})();
