// The page that waits until the bot has learned: it looks again every two seconds, and is drawn anew when that is done.
"use strict";

(function () {
  const learning = document.getElementById("learning");
  if (!learning) { return; }

  const LOOK = 2000; // milliseconds between two looks

  async function look() {
    try {
      const answer = await fetch(learning.dataset.address + "?json", { credentials: "same-origin" });
      const progress = await answer.json();
      if (progress.is_over) { location.reload(); return; }
      if (progress.said && learning.textContent !== progress.said) { learning.textContent = progress.said; }
    } catch (error) { /* the next look tells */ }
    setTimeout(look, LOOK);
  }
  setTimeout(look, LOOK);
})();
