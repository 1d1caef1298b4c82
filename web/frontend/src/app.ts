/** Starts the living page. */

const root = document.documentElement;
addEventListener("scroll", () => root.classList.toggle("scrolled", scrollY > 4), { passive: true });
