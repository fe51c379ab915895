// Sends the files of a form one after the other, each with its progress, and has each followed. Without this script the
// form sends them all at once. The form's key and a file's place let every file through once, however often it is tried.
(function () {
  "use strict";
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const list = document.querySelector("[data-uploads]");
  const words = document.querySelector("[data-words]").dataset;
  const spoken = document.querySelector("[data-spoken]");
  const input = form.querySelector("input[type=file]");
  const most = Number(form.dataset.mostBytes);

  const production = form.querySelector("[name=production]");
  const choose = () => {
    production.required = form.querySelector("[value=Production]").checked;
    if (!production.required) production.checked = false;
  };
  form.addEventListener("change", choose);
  choose();

  function row(file) {
    const made = document.querySelector("template[data-row]").content.firstElementChild.cloneNode(true);
    made.querySelector("[data-name]").textContent = file.name;
    const [unit, per] = file.size < 1e3 ? ["byte", 1] : file.size < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
    made.querySelector("[data-size]").textContent = new Intl.NumberFormat(document.documentElement.lang,
      { style: "unit", unit, unitDisplay: per === 1 ? "long" : "short", maximumFractionDigits: 1 }).format(file.size / per);
    list.append(made);
    return made;
  }

  function state(made, label, kind, said) {
    const badge = document.createElement("span");
    badge.className = "tag badge-" + kind;
    badge.textContent = label;
    made.querySelector("[data-state]").replaceChildren(badge);
    made.querySelector("[data-said]").textContent = said || "";
    spoken.textContent = made.querySelector("[data-name]").textContent + ": " + label;
  }

  function offer(made, name, act) {
    made.querySelector("[data-ways]").hidden = false;
    const way = made.querySelector("[data-" + name + "]");
    way.hidden = false;
    if (typeof act === "string") way.href = act;
    else way.onclick = () => { made.querySelector("[data-ways]").hidden = true; way.hidden = true; act(); };
  }

  function send(made, file, place, again) {
    return new Promise((done) => {
      const data = new FormData(form), request = new XMLHttpRequest(), bar = made.querySelector("progress");
      data.delete("payload");
      data.append("payload", file, file.name);
      data.append("place", String(place));
      if (again) data.append("again", "yes");
      bar.hidden = false;
      bar.value = 0;
      state(made, words.sending, "neutral");
      request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = 100 * event.loaded / event.total; };
      request.onloadend = () => {
        bar.hidden = true;
        let told = {};
        try { told = JSON.parse(request.responseText); } catch { /* no answer of ours */ }
        const retry = () => offer(made, "retry", () => send(made, file, place, again));
        if (request.status === 201) {
          const where = made.querySelector("[data-state]"), link = document.createElement("a");
          link.href = told.url;
          link.textContent = file.name;
          made.querySelector("[data-name]").replaceChildren(link);
          state(made, words.arrived, "neutral");
          where.dataset.follow = told.follow;
          where.dispatchEvent(new CustomEvent("follow", { bubbles: true }));
        } else if (request.status === 409 && told.error === "sent_before") {
          state(made, words.refused, "warn", told.message);
          offer(made, "again", () => send(made, file, place, true));
          offer(made, "earlier", told.earlier);
        } else if (told.message) {
          state(made, words.refused, "danger", told.message);
        } else if (request.status === 413) {
          state(made, words.refused, "danger", words.large);
        } else if (request.status === 401) {
          state(made, words.refused, "danger", words.ended);
        } else {
          state(made, words.unknown, "warn", request.status ? words.fault : words.lost);
          retry();
        }
        done();
      };
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.send(data);
    });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = [...input.files];
    input.setCustomValidity("");
    if (files.length > Number(form.dataset.mostFiles)) {
      input.setCustomValidity(words.many);
      input.reportValidity();
      return;
    }
    form.hidden = true;
    document.querySelector("[data-sent]").hidden = false;
    const rows = files.map(row);
    rows.forEach((made) => state(made, words.waiting, "neutral"));
    for (const [place, file] of files.entries()) {
      if (file.size > most) {
        rows[place].querySelector("progress").hidden = true;
        state(rows[place], words.refused, "danger", words.large);
      } else {
        await send(rows[place], file, place, false);
      }
    }
    document.querySelector("[data-finished]").hidden = false;
  });
  input.addEventListener("change", () => input.setCustomValidity(""));

  // Back from the page cache the form's key is spent: a fresh page has a fresh one.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
