"use strict";
(() => {
  const words = document.body.dataset;
  const seconds = text => Date.parse(text) / 1000;
  let skew = 0;
  const age = passed => {
    const units = [[86400, words.days], [3600, words.hours], [60, words.minutes], [1, words.seconds]];
    const [size, unit] = units.find(([size]) => passed >= size) || units[3];
    return unit.replace("#", String(Math.max(0, Math.floor(passed / size))));
  };
  const tick = () => {
    const now = Date.now() / 1000 + skew;
    for (const time of document.querySelectorAll("time[data-age]")) {
      const shown = time.parentElement.querySelector(".age");
      if (shown) shown.textContent = age(now - seconds(time.dateTime));
    }
  };
  const adopt = () => {
    const taken = document.querySelector("time.taken");
    if (taken) skew = seconds(taken.dateTime) - Date.now() / 1000;
    for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
    tick();
  };
  const select = element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  document.addEventListener("click", event => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const code = button.previousElementSibling;
    const done = () => {
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 1500);
    };
    const byHand = () => { select(code); if (document.execCommand("copy")) done(); };
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, byHand);
    else byHand();
  });
  const state = name => {
    const live = document.querySelector(".live");
    if (live) { live.dataset.state = name; live.textContent = words[name]; }
  };
  let shown = "live", loading = false, again = false;
  const load = async () => {
    if (loading) { again = true; return; }
    loading = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = new Set([...document.querySelectorAll("details[open]")].map(each => each.dataset.key));
      const closed = new Set([...document.querySelectorAll("details:not([open])")].map(each => each.dataset.key));
      const focused = document.activeElement?.dataset?.focus;
      for (const each of page.querySelectorAll("details")) {
        if (open.has(each.dataset.key)) each.open = true;
        else if (closed.has(each.dataset.key)) each.open = false;
      }
      for (const name of ["header", "main"]) {
        const [old, fresh] = [document.querySelector(name), page.querySelector(name)];
        if (old && fresh) old.replaceWith(fresh);
      }
      document.title = page.title;
      const icon = page.querySelector("link[rel=icon]");
      if (icon) document.querySelector("link[rel=icon]").href = icon.href;
      if (focused) document.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
      adopt();
      state(shown);
    } catch {
      state("lost");
    } finally {
      loading = false;
      if (again) { again = false; load(); }
    }
  };
  let polling = 0;
  const poll = () => { shown = "polled"; state(shown); polling ||= setInterval(load, 15000); };
  const listen = () => {
    if (!window.EventSource) return poll();
    const events = new EventSource("api/v1/events");
    events.addEventListener("report", event => {
      shown = "live";
      clearInterval(polling);
      polling = 0;
      const taken = document.querySelector("time.taken");
      if (taken && taken.dateTime === event.data) state(shown); else load();
    });
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) { poll(); setTimeout(listen, 60000); } else state("lost");
    });
    addEventListener("pagehide", () => events.close());
  };
  adopt();
  setInterval(tick, 10000);
  listen();
})();
