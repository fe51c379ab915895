// Small comforts. Every page works without them.
(function () {
  "use strict";
  const root = document.documentElement;

  // The theme switch: names what it will do, remembers what was chosen.
  const button = document.getElementById("theme");
  const dark = () => root.dataset.bsTheme
    ? root.dataset.bsTheme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const say = () => {
    const label = dark() ? button.dataset.toLight : button.dataset.toDark;
    button.setAttribute("aria-label", label);
    button.title = label;
  };
  if (button) {
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      root.dataset.bsTheme = dark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.bsTheme); } catch { /* not remembered then */ }
      say();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  }

  // The browser's time zone, so that the next page shows its times. The server checks the name.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && /^[A-Za-z0-9_+\/-]{1,64}$/.test(zone)) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = "zone=" + zone + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
  }

  // A form that was sent is not sent twice by a second click.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post" || event.defaultPrevented || "stays" in event.target.dataset) return;
    setTimeout(() => event.target.querySelectorAll("button").forEach((sent) => { sent.disabled = true; }), 0);
  });
  // Back from the page cache the buttons must work again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form button").forEach((each) => { each.disabled = false; });
  });
})();
