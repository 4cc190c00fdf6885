"use strict";
// The page as the server sends it, kept current by server-sent events. What comes is HTML of the server, in which texts are escaped; the
// policy of the page lets it run nothing.
(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const said = document.getElementById("said");
  const path = document.body.dataset.events;

  const state = (text, kind) => {
    live.textContent = text;
    live.className = "live " + kind;
  };

  // morph makes an element like another one and keeps what is equal, so that the focus, a selection and what was opened stay.
  const morph = (from, to) => {
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
    }
    for (const { name, value } of [...to.attributes]) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    let next = from.firstChild;
    for (const child of [...to.childNodes]) {
      let there = next;
      while (there && !(alike(there, child) && there.className === child.className)) there = there.nextSibling;
      if (!there && next && alike(next, child)) there = next;
      if (!there) {
        from.insertBefore(child, next);
        continue;
      }
      while (next !== there) next = drop(next);
      next = there.nextSibling;
      if (child.nodeType === Node.ELEMENT_NODE) morph(there, child);
      else if (there.nodeValue !== child.nodeValue) there.nodeValue = child.nodeValue;
    }
    while (next) next = drop(next);
  };
  const alike = (a, b) => a.nodeName === b.nodeName && a.id === b.id;
  const drop = (node) => {
    const after = node.nextSibling;
    node.remove();
    return after;
  };

  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html").querySelector(".page");
    const there = main.querySelector(".page");
    if (!page || !there) return;
    morph(there, page);
    document.title = page.dataset.title;
  };

  let source = null;
  const follow = () => {
    if (!path || source) return;
    source = new EventSource(path);
    source.addEventListener("open", () => state("live", "on"));
    source.addEventListener("page", (event) => show(event.data));
    source.addEventListener("end", () => {
      leave();
      state("the dashboard has ended", "off");
    });
    source.addEventListener("error", () => {
      const closed = source && source.readyState === EventSource.CLOSED;
      state(closed ? "not live: load the page again" : "the dashboard does not answer; it is tried again", "off");
    });
  };
  const leave = () => {
    if (source) source.close();
    source = null;
  };
  // A page that is not looked at holds no connection.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return follow();
    leave();
    state(path ? "paused" : "", "");
  });
  follow();

  const say = (text, failed) => {
    said.textContent = text;
    said.classList.toggle("failed", failed);
    said.hidden = false;
  };

  const send = async (button) => {
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Kubemove-Dashboard": "1" },
        body: JSON.stringify({ target: button.dataset.target, plan: button.dataset.plan, uid: button.dataset.uid }),
      });
      say((await answer.text()).trim(), !answer.ok);
    } catch {
      say("The dashboard does not answer, so it is not known whether this was done. Look at the state of the move.", true);
    } finally {
      button.disabled = false;
    }
  };

  const ask = document.getElementById("ask");
  let asked = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-path]");
    if (!button) return;
    // What is asked and what is sent stay the same, whatever the page shows meanwhile.
    asked = button.cloneNode(true);
    document.getElementById("ask-question").textContent = button.dataset.question;
    document.getElementById("ask-yes").textContent = button.textContent;
    document.getElementById("ask-details").replaceChildren(...button.dataset.details.split("\n").filter(Boolean).map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
    ask.returnValue = "";
    ask.showModal();
  });
  ask.addEventListener("close", () => {
    if (ask.returnValue === "yes" && asked) send(asked);
    asked = null;
  });
})();
