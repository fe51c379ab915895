// Follows files until nothing more comes: [data-follow] names the address that tells how far one is. Asks less and less
// often, not at all while the tab is hidden, and stops at the end, when signed out, and after half an hour.
// [data-page]: the part of the page is fetched anew when something changed; otherwise the element becomes the state.
(function () {
  "use strict";
  const FIRST = 1500, SLOWER = 1.5, LONGEST = 30000, PATIENCE = 30 * 60000;
  document.documentElement.classList.add("js");

  function show(element, told) {
    element.querySelectorAll(".tag").forEach((old) => old.remove());
    const badge = document.createElement("span");
    badge.className = "tag badge-" + told.kind;
    badge.textContent = told.label;
    element.append(badge);
    const said = element.closest("li")?.querySelector("[data-said]");
    if (said) said.textContent = told.said;
  }

  async function renew() {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (fresh) document.querySelector("main").replaceChildren(...fresh.childNodes);
  }

  function follow(element, place = 0) {
    let pause = FIRST, last = element.dataset.digest, timer = 0, over = false;
    const until = Date.now() + PATIENCE;
    const wait = () => { if (Date.now() < until) timer = setTimeout(ask, pause); };
    async function ask() {
      timer = 0;
      if (document.hidden) return;
      pause = Math.min(pause * SLOWER, LONGEST);
      let told;
      try {
        const answer = await fetch(element.dataset.follow, { headers: { Accept: "application/json" } });
        over = answer.status === 401 || answer.status === 404;
        if (over) return;
        if (!answer.ok) return wait();
        told = await answer.json();
      } catch { return wait(); }
      if (told.digest !== last) {
        last = told.digest;
        pause = FIRST;
        if ("page" in element.dataset) {
          over = true;  // what follows now is the new part of the page, if anything does
          await renew();
          const spoken = document.querySelector("[data-spoken]"), next = document.querySelector("[data-page]");
          if (spoken) spoken.textContent = told.label;
          if (next) follow(next);
          return;
        }
      }
      over = told.over;
      if (!("page" in element.dataset)) show(element, told);
      if (!over) wait();
    }
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !timer && element.isConnected && !over) { pause = FIRST; wait(); }
    });
    timer = setTimeout(ask, FIRST + 300 * place);
  }

  document.querySelectorAll("[data-follow]").forEach(follow);
  document.addEventListener("follow", (event) => follow(event.target));
})();
