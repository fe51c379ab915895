// Runs before the page is drawn, so that a remembered choice does not flash. Nothing remembered: the system decides.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.bsTheme = chosen;
  } catch { /* storage is off: the system decides */ }
})();
