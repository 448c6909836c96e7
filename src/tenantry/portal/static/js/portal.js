/* What a page can do better with a script; without it, everything works by plain requests. */
"use strict";

(() => {
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

  /* Exact times in the reader's own time zone. */
  const showLocalTimes = (root) => {
    for (const element of root.querySelectorAll("time[data-moment]")) {
      element.title = local.format(new Date(element.dateTime));
    }
  };

  /* How long a step has been going on, counted on. */
  const countOn = () => {
    for (const element of document.querySelectorAll("[data-since]")) {
      element.dataset.note ??= element.textContent.split(/,? ?(?:since|just begun)/)[0];
      const seconds = Math.max(0, Math.round((Date.now() - new Date(element.dataset.since)) / 1000));
      if (seconds < 1) continue;
      const length = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
      element.textContent = element.dataset.note ? `${element.dataset.note}, for ${length} now` : `for ${length} now`;
    }
  };

  /* A change of state is announced once, and politely. */
  let announced = document.querySelector("[data-announce]")?.dataset.announce;
  const announce = () => {
    const words = document.querySelector("[data-announce]")?.dataset.announce;
    const place = document.getElementById("announcement");
    if (words && place && words !== announced) {
      announced = words;
      place.textContent = words;
    }
  };

  const offerCopying = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });

  /* What is being corrected is no longer called wrong. */
  document.addEventListener("input", (event) => {
    const field = event.target.closest(".has-error");
    if (!field) return;
    field.classList.remove("has-error");
    event.target.removeAttribute("aria-invalid");
    for (const error of field.querySelectorAll(".error")) error.hidden = true;
  });

  /* The switcher closes when one looks elsewhere, and by Escape, which gives the focus back. */
  const closeSwitcher = (keep) => {
    for (const open of document.querySelectorAll(".switcher[open]")) if (open !== keep) open.open = false;
  };
  document.addEventListener("click", (event) => closeSwitcher(event.target.closest(".switcher")));
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector(".switcher[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  const freshen = (root) => {
    showLocalTimes(root);
    offerCopying(root);
    announce();
    countOn();
  };

  document.addEventListener("htmx:afterSettle", (event) => freshen(event.target));
  freshen(document);
  setInterval(countOn, 1000);
})();
